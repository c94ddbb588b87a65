"""Every page of the admin says that no worker and no controller has been seen: those that the URLs know are opened.

Decides: that no kind of page is left out. Not: when a process counts as missing (tests/operations/test_heartbeats.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from core.clock import control_now
from operations.heartbeats import Kind
from operations.models import Heartbeat
from pods.models import CloudPod
from tests.desk import a_row, desk, make_observations, make_people, make_pods, make_troubles

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# They answer with no page of the admin's frame.
NO_PAGE = {"logout", "login", "autocomplete", "jsi18n", "search", "view_on_site"}
# Django's own pages of each model, the same for all: of one model they are opened. Lists and pages are each its own.
ALIKE = ("add", "history", "delete")
ALIKE_OF = ("auth_group", "tenants_membership")


@pytest.fixture
def full(world, alice):
    """A row of every model and pods that run; a site was seen, and nobody else."""
    make_people(alice)
    make_observations(world.cluster)
    Heartbeat.objects.create(kind=Kind.SITE, process="s", started_at=control_now(), seen_at=control_now())
    make_pods(alice, 2)
    make_troubles(alice, world.cluster)
    CloudPod.objects.update(phase="active", observed_state="running", observed_at=control_now())


def addresses() -> Iterator[str]:
    """Of every named route of the admin, with a row of the model that it is about."""
    [resolver] = [e for e in get_resolver().url_patterns if isinstance(e, URLResolver) and e.namespace == "admin"]
    for pattern in _patterns(resolver):
        if pattern.name is None or pattern.name in NO_PAGE:
            continue
        model, _, page = pattern.name.rpartition("_")
        if page in ALIKE and model not in ALIKE_OF:
            continue
        groups = list(pattern.pattern.regex.groupindex)
        if pattern.name == "app_list":
            yield from (reverse("admin:app_list", args=[label]) for label in _labels())
        else:
            yield reverse(f"admin:{pattern.name}", args=[_key(pattern.name)] if groups else [])


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry)
        else:
            yield entry


def _labels() -> list[str]:
    return sorted({model._meta.app_label for model in admin.site._registry})


def _key(name: str) -> object:
    if name == "auth_user_password_change":  # Django's own name for it, whatever the user's model is
        return a_row(apps.get_model("tenants", "user")).pk
    label, model, _ = name.split("_", 2)
    return a_row(apps.get_model(label, model)).pk


def test_every_page_says_that_no_worker_and_no_controller_has_been_seen(full):
    client, opened, silent = desk(), [], []
    for url in addresses():
        answer = client.get(url, follow=True)
        assert answer.status_code in (200, 405), url
        opened.append(url)
        if (
            answer.streaming or "<html" not in answer.text
        ):  # a list as CSV, a part of a page, and what is only posted to
            continue
        if not all(f"No {kind} has been seen" in answer.text for kind in (Kind.WORKER, Kind.CONTROLLER)):
            silent.append(url)
    assert silent == []
    assert len(opened) > 2 * len(admin.site._registry)
