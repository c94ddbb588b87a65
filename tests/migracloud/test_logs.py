"""Log lines: all of a create are found by its request's id, none holds a secret, and foreign text forges none."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import sys
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import RequestFactory

from audit.trace import tracing
from clusters.models import MarkKey
from clusters.secrets import unseal
from migracloud.logs import JsonLine, Line
from operations.models import Heartbeat, Operation
from operations.workers import pid_of
from pods.models import CloudPod
from tenants.models import User
from tests.fleet import METRICS_TOKEN, Fleet, fleet, until

PASSWORD = "a-long-test-password"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"


def record(message, *args, level=logging.INFO, exc_info=None, **extra):
    made = logging.getLogger("room").makeRecord("room", level, __file__, 1, message, args, exc_info, extra=extra)
    return made


def broken(words):
    try:
        raise ValueError(words)
    except ValueError:
        return sys.exc_info()


def test_a_json_line_holds_message_time_level_ids_process_and_what_stands_beside_the_message():
    with tracing(request="r-1", operation="o-1"):
        line = json.loads(JsonLine().format(record("step %s done", "clone", seconds=1.5, thing=object())))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line.pop("process").split(":")[-3] == str(os.getpid())
    assert line.pop("role")
    assert line == {
        "level": "INFO",
        "logger": "room",
        "message": "step clone done",
        "request_id": "r-1",
        "operation_id": "o-1",
        "seconds": 1.5,
    }


def test_nothing_beside_the_message_replaces_what_every_line_has():
    line = json.loads(JsonLine().format(record("true", level=logging.INFO, time="never", request_id="forged")))
    assert (line["request_id"], line["time"][:2]) == ("", "20")


def test_an_exception_is_one_field_of_a_json_line():
    text = JsonLine().format(record("it broke", exc_info=broken("first\nsecond")))
    assert "\n" not in text
    assert json.loads(text)["exception"].endswith("ValueError: first\nsecond")


def test_a_line_for_people_has_the_ids_and_only_those_there_are():
    assert " INFO room all is well" in Line().format(record("all is well"))
    with tracing(request="r-1"):
        assert " INFO room [request=r-1] all is well" in Line().format(record("all is well"))
    with tracing(request="r-1", operation="o-1"):
        assert " INFO room [request=r-1 op=o-1] all is well" in Line().format(record("all is well"))


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u00ad", "\ufeff", "\ud800"])
def test_nothing_in_a_line_turns_it_round_hides_in_it_or_cannot_be_written(sign):
    text = Line().format(record("%s: 404", f"GET /a{sign}b"))
    assert sign not in text
    assert text.endswith(f"GET /a{repr(sign)[1:-1]}b: 404")
    assert text.isascii()


@pytest.mark.parametrize("sign", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x1b[2K", "\x0b"])
def test_foreign_text_cannot_forge_a_line(sign):
    forged = f"x{sign}2026-01-01T00:00:00.000Z INFO migracloud.request all is well"
    text = Line().format(record("Proxmox said: %s", forged))
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text
    first, *others = Line().format(record("it broke", exc_info=broken(forged))).splitlines()
    assert first.endswith("it broke")
    assert others
    assert all(line.startswith("    ") for line in others)


def test_a_line_about_a_request_that_is_over_has_its_id():
    request = RequestFactory().get("/")
    request.request_id = "r-9"  # type: ignore[attr-defined]
    assert json.loads(JsonLine().format(record("Not Found: /", request=request)))["request_id"] == "r-9"


# The whole way, by real processes


@pytest.fixture
def running(transactional_db, world, alice, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_clock SET shift = '0'")
    User.objects.create_superuser("ada", "ada@example.net", PASSWORD)
    with fleet(tmp_path, LOG_FORMAT="json", LOG_LEVEL="DEBUG") as started:
        yield started


def log_in(site: Fleet) -> list[str]:
    """Returns what only this person's browser knows."""
    page = site.ask("GET", "/admin/login/")
    csrf = page.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    form = urlencode({"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": csrf})
    answer = site.ask("POST", "/admin/login/", body=form, Cookie=f"csrftoken={csrf}")
    assert answer.status == 302, answer.text
    (session,) = re.findall(r"sessionid=([^;]+)", str(answer.headers))
    assert site.ask("GET", "/admin/", Cookie=f"sessionid={session}").status == 200
    return [csrf, session, PASSWORD]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_line_of_a_create_is_found_by_its_request_id_and_no_secret_is_in_any(running, alice, plane):
    private = log_in(running)
    wish = {"hostname": "found-by-its-id", "disk_gib": 9}
    refused = running.ask("POST", "/api/v1/pods", token=alice.token, body={**wish, "ssh_keys": [PRIVATE]})
    assert refused.status == 400
    running.ask("GET", f"/api/v1/pods?key={alice.token}&secret={METRICS_TOKEN}", token="mc_wrong_and_secret")
    asked = running.ask("POST", "/api/v1/pods", token=alice.token, body=wish, **{"X-Request-ID": "chosen-by-a-client"})
    assert asked.status == 202, asked.text
    request_id, operation_id = asked.headers["X-Request-ID"], asked.json["id"]
    until(lambda: not Operation.objects.get(pk=operation_id).is_live)
    running.metrics()
    victim = pid_of(Heartbeat.objects.filter(kind="site")[0].process)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)  # gunicorn's own lines are like all others
    until(lambda: any(str(victim) in line and "gunicorn.error" in line for line in running.lines()))
    running.end()
    pod = CloudPod.objects.get(hostname="found-by-its-id")
    assert Operation.objects.get(pk=operation_id).state == Operation.State.SUCCEEDED

    text = running.lines()
    lines = [json.loads(line) for line in text]
    ours = [line for line in lines if line["request_id"] == request_id]

    names = (operation_id, str(pod.pk), pod.hostname, f"/lxc/{pod.vmid}")
    astray = [line for line in lines if line not in ours and any(name in json.dumps(line) for name in names)]
    assert astray == []

    told = [(line["role"], line["message"]) for line in ours]
    assert any(role == "site" and "POST /api/v1/pods: 202" in words for role, words in told)
    assert ("site", "create found-by-its-id: begun, asked for by token alice") in told
    for step in ("clone", "configure", "start", "settle"):
        assert any(role == "worker" and f"step {step} begun" in words for role, words in told), step
        assert ("worker", f"create found-by-its-id: step {step} done (do, attempt 1)") in told
    assert ("controller", "create found-by-its-id: woken: what it waited for has ended well") in told
    assert any(f"POST nodes/{pod.node.name}/lxc/9000/clone: ok" in words for _, words in told)
    *_, last = (words for role, words in told if role == "worker")
    assert re.fullmatch(r"create found-by-its-id: ended: succeeded in [\d.]+ s", last)
    assert {line["operation_id"] for line in ours if line["role"] != "site"} == {operation_id}

    secrets = [
        *private,
        alice.token,
        alice.token.split("_", 2)[2],
        plane.ready.token_secret,
        METRICS_TOKEN,
        settings.SECRET_KEY,
        *settings.SECRETS_KEYS,
        *(unseal(key.sealed).decode() for key in MarkKey.objects.all()),
        "mc_wrong_and_secret",
        "PVEAPIToken",
        "PRIVATE KEY",
        "b3BlbnNzaC1rZXktdjE",
        "chosen-by-a-client",
    ]
    assert [line for line in text if any(secret in line for secret in secrets)] == []
