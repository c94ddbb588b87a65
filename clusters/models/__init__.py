"""The data plane as rows: clusters and their machines (cluster.py), golden templates and their copies (template.py),
what was last seen of them (observation.py), and
what of it needs a person (finding.py)."""

from clusters.models.cluster import Attachment, Cluster, MarkKey, Node, StorageTier
from clusters.models.finding import Finding
from clusters.models.observation import ClusterObservation, NodeObservation, TierObservation
from clusters.models.template import GoldenTemplate, TemplateCopy

__all__ = [
    "Attachment",
    "Cluster",
    "ClusterObservation",
    "Finding",
    "GoldenTemplate",
    "MarkKey",
    "Node",
    "NodeObservation",
    "StorageTier",
    "TemplateCopy",
    "TierObservation",
]
