"""check(): asks a cluster everything that pods depend on, and says of each thing whether it is as declared.

Decides: nothing by itself: what is asked is in asking.py, what is judged in the rules. Not: how it is shown.
"""

from __future__ import annotations

from django.utils import timezone

from clusters.check.access_rules import access_findings
from clusters.check.asking import ask_all
from clusters.check.finding import Finding, Report, State
from clusters.check.parts_rules import parts_findings
from clusters.check.target import Target, target_of
from clusters.dataplane.errors import NotConfigured
from clusters.models import Cluster

__all__ = ["Finding", "Report", "State", "Target", "check", "check_cluster"]


def check(target: Target) -> Report:
    """Ask and judge. Nothing is raised: what goes wrong is a finding."""
    seen = ask_all(target)
    now = timezone.now()
    findings = (*access_findings(target, seen, now), *parts_findings(target, seen))
    return Report(target.declared.name, now, findings)


def check_cluster(cluster: Cluster) -> Report:
    """As its rows have it."""
    try:
        return check(target_of(cluster))
    except NotConfigured as error:
        remedy = "Set what is missing for this process, or correct the declaration and run bootstrap."
        finding = Finding("token", cluster.token_id, State.FAILED, error.message, remedy)
        return Report(cluster.name, timezone.now(), (finding,))
