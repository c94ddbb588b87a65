"""What a terminal obeys, a page cannot hold or a file cannot keep is shown when a cluster says it, and does nothing."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from clusters.dataplane.transport import Transport
from tests.desk import desk

# Escape sequences, a bell, a line turned round, NUL, DEL, half of a surrogate pair, and a text without end.
ODD = ["\x1b[2J", "\x07", "\u202e", "\0", "\x7f", "\x9b31m", "\ud800", "x" * 100_000]
NAMES = [*map(ascii, ODD[:-1]), "a text without end"]


def said_everywhere(answer: Any, odd: str) -> Any:
    """The answer with these words in place of its version, names and properties."""
    if isinstance(answer, dict):
        own = {"version", "name", "content", "rootfs"}
        return {key: odd if key in own else said_everywhere(value, odd) for key, value in answer.items()}
    return [said_everywhere(value, odd) for value in answer] if isinstance(answer, list) else answer


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    real = Transport.call

    def call(self: Transport, *args: Any, **named: Any) -> Any:
        return said_everywhere(real(self, *args, **named), request.param)

    monkeypatch.setattr(Transport, "call", call)
    return str(request.param)


@pytest.mark.parametrize("hostile", ODD, indirect=True, ids=NAMES)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_check_shows_what_a_hostile_cluster_says_and_obeys_none_of_it(cluster, hostile, as_json):
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("cluster", "check", json=as_json, stdout=out)
    assert hostile not in out.getvalue()
    assert len(out.getvalue()) < 300_000


@pytest.mark.parametrize("hostile", ODD, indirect=True, ids=NAMES)
def test_the_page_of_a_check_holds_it_too(cluster, hostile):
    answer = desk().post(reverse("admin:clusters_cluster_check", args=[cluster.pk]))
    assert answer.status_code == 200
    assert hostile not in answer.text
