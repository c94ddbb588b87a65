"""The check of a cluster on its admin page: a page that asks nothing, and a button that asks the cluster.

Decides: who may ask, and that only a POST does. Not: what is asked or judged (clusters/check/). Nothing is kept.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from audit.places import page_url
from clusters.check import Report, State, check_cluster
from clusters.models import Cluster
from tenants.admin_base import SwitchAdmin

TONES = {State.OK: "good", State.WARNING: "warn", State.FAILED: "bad", State.UNKNOWN: "quiet"}


class CheckedAdmin(SwitchAdmin):
    """The part of ClusterAdmin that checks. Whoever may change a cluster may ask it: that costs it some dozen calls."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_view)
        return [path("<uuid:pk>/check/", view, name="clusters_cluster_check"), *super().get_urls()]

    def check_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """GET asks nothing; POST asks the cluster, within half a minute, and shows what it came to."""
        cluster = get_object_or_404(Cluster, pk=pk)
        if not self.has_change_permission(request, cluster):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        report = check_cluster(cluster) if request.method == "POST" else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": cluster,
            "title": f"Check of {cluster}",
            "report": report,
            "rows": _rows(report),
            "back": page_url(cluster),
        }
        return TemplateResponse(request, "admin/clusters/cluster/check.html", context)


def _rows(report: Report | None) -> list[dict[str, Any]]:
    findings = report.findings if report else ()
    return [{"finding": finding, "word": finding.state.value, "tone": TONES[finding.state]} for finding in findings]
