"""Every page of the admin, as the URLs know them, is opened: what holds for all of them.

Decides: that no kind of page is left out. Not: what a page says beyond that; when a process counts as missing
(tests/operations/test_heartbeats.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
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


def stored() -> dict[str, str]:
    """What every table holds, in a word each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        words = "SELECT '{0}', md5(coalesce(string_agg(t::text, '/' ORDER BY t::text), '')) FROM \"{0}\" t"
        cursor.execute(" UNION ALL ".join(words.format(name) for (name,) in cursor.fetchall()))
        return dict(cursor.fetchall())


def wrong_with(html: str) -> list[str]:
    """The policy forbids inline styles and scripts; the browser tests see the rest, this one says where."""
    wrong = [words for words in ("<style", ' style="', "<script>") if words in html]
    unsaid = [kind for kind in (Kind.WORKER, Kind.CONTROLLER) if f"No {kind} has been seen" not in html]
    return wrong + [f"does not say that no {kind} has been seen" for kind in unsaid]


def test_every_page_opens_changes_nothing_holds_nothing_inline_and_says_which_processes_are_missing(full):
    client, opened, wrong, only_posted_to = desk(), [], {}, []
    before = stored()
    for url in addresses():
        answer = client.get(url, follow=True)
        assert answer.status_code in (200, 405), url
        assert stored() == before, f"GET {url} changes something"
        opened.append(url)
        if answer.status_code == 405:
            only_posted_to.append(url)
        if answer.streaming or "<html" not in answer.text:  # a list as CSV, a part of a page
            continue
        if found := wrong_with(answer.text):
            wrong[url] = found
    assert wrong == {}
    assert [url for url in only_posted_to if not url.endswith("/preview/")] == []
    assert len(opened) > 2 * len(admin.site._registry)
