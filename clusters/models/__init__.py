"""The data plane as rows: clusters and their machines (cluster.py), golden templates and their copies (template.py)."""

from clusters.models.cluster import Attachment, Cluster, MarkKey, Node, StorageTier
from clusters.models.template import GoldenTemplate, TemplateCopy

__all__ = ["Attachment", "Cluster", "GoldenTemplate", "MarkKey", "Node", "StorageTier", "TemplateCopy"]
