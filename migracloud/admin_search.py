"""Ctrl+K: finds rows by what their lists would find.

Decides: which models, and how many rows. Not: who may see them (each admin).
"""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from audit.places import page_url

SEARCHED = ("pods.CloudPod", "tenants.Tenant", "operations.Operation", "ipam.IPLease", "clusters.Node")
FOUND_A_MODEL = 6


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Ctrl+K: the newest few of each model that the person may see and whose list would find the term."""
    results = []
    for label in SEARCHED:
        model_admin = admin.site.get_model_admin(apps.get_model(label))
        if not model_admin.has_view_permission(request):
            continue
        found, _ = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
        results += [
            SearchResult(
                title=str(row),
                description=str(model_admin.opts.verbose_name),
                link=page_url(row),
                icon="arrow_forward",
            )
            for row in found[:FOUND_A_MODEL]
        ]
    return results
