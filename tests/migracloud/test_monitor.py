"""The heartbeat monitor, a real HTTP server: it hears from a healthy fleet only, and the log hears no secret of it.

Decides: when it hears, and what it never makes anybody wait for. Not: who leads (test_two_controllers.py).
"""

from __future__ import annotations

import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from demo.handle import FakeHandle
from migracloud import fleet_health, monitor
from migracloud.fleet_health import LEFT_LYING
from migracloud.monitor import Monitor, get
from operations import claims
from operations.heartbeats import LATE, Kind, beat
from operations.models import Operation
from pods.services import create_pod
from tests.cast import Person
from tests.fleet import fleet, until
from tests.work import Work

SECRET = "/ping/0f7c-hush?key=hush-hush"


class Listener(ThreadingHTTPServer):
    """What a monitor's server is: it remembers what it was asked for, and answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.heard: list[str] = []
        self.status, self.location = 200, ""
        self.answers = threading.Event()
        self.answers.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{SECRET}"


class Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.heard.append(self.path)
        self.server.answers.wait(timeout=60)
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.answers.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def told(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A leader's tick has gone well, and what came of that has ended. Returns how often the monitor has heard."""
    monkeypatch.setattr(monitor, "AGAIN", 0.0)
    ours = Monitor(listener.url, period=0.0)

    def tick() -> int:
        ours.tell_if_due()
        if ours.teller is not None:
            ours.teller.join()
        return len(listener.heard)

    return tick


def has_ended(ours: Monitor) -> None:
    assert ours.teller is not None
    ours.teller.join()


# What it hears


@pytest.mark.django_db
def test_it_hears_of_a_healthy_fleet_by_the_url_as_it_was_set(listener, told):
    beat(Kind.WORKER)
    assert (told(), told()) == (1, 2)
    assert set(listener.heard) == {SECRET}


@pytest.mark.django_db
def test_it_hears_once_a_period(listener):
    beat(Kind.WORKER)
    ours = Monitor(listener.url, period=3600)
    for _ in range(3):
        ours.tell_if_due()
        has_ended(ours)
    assert len(listener.heard) == 1


@pytest.mark.django_db
def test_without_a_worker_it_hears_nothing_and_the_log_says_why_once(world, told, work, caplog):
    assert (told(), told()) == (0, 0)
    beat(Kind.WORKER)
    assert told() == 1
    work.pass_time(seconds=LATE.total_seconds() + 1)
    assert told() == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the heartbeat monitor is told nothing: no worker has been seen for 30 seconds",
        "the heartbeat monitor is told again",
        "the heartbeat monitor is told nothing: no worker has been seen for 30 seconds",
    ]


@pytest.mark.django_db
def test_it_hears_nothing_while_an_operation_is_left_lying(told, work: Work, alice: Person, caplog):
    operation = create_pod(by=alice.actor, tenant=alice.tenant, hostname="web")
    work.pass_time(seconds=LEFT_LYING.total_seconds() - 1)
    beat(Kind.WORKER)
    assert told() == 1
    work.pass_time(seconds=2)
    assert told() == 1
    assert "operations due for 5 minutes that nobody drives: 1" in caplog.text
    assert claims.claim(operation.pk, worker="somebody")
    assert told() == 2
    assert Operation.objects.get().state == Operation.State.RUNNING


@pytest.mark.django_db
def test_what_is_healthy_costs_two_queries(django_assert_num_queries):
    beat(Kind.WORKER)
    with django_assert_num_queries(2):
        assert fleet_health.what_is_wrong() == []


# What it cannot do to us


@pytest.mark.django_db
def test_nobody_waits_for_it_and_it_is_told_by_one_at_a_time(listener):
    beat(Kind.WORKER)
    listener.answers.clear()
    ours = Monitor(listener.url, period=0.0)
    ours.tell_if_due()
    until(lambda: listener.heard)
    first = ours.teller
    assert first is not None
    ours.tell_if_due()
    assert ours.teller is first
    assert first.is_alive()
    assert len(listener.heard) == 1
    listener.answers.set()
    first.join()
    ours.tell_if_due()
    has_ended(ours)
    assert len(listener.heard) == 2


def test_one_that_never_comes_to_an_end_is_cut_off(listener, monkeypatch):
    monkeypatch.setattr(monitor, "LONGEST", 0.2)
    listener.answers.clear()
    with pytest.raises(HTTPException):
        get(listener.url)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_what_it_answers_is_told_without_its_secret_and_no_redirect_is_followed(listener, told, caplog, status):
    beat(Kind.WORKER)
    listener.status, listener.location = status, "/elsewhere"
    assert (told(), told()) == (1, 2)
    assert set(listener.heard) == {SECRET}
    assert [record.getMessage() for record in caplog.records] == [
        f"the heartbeat monitor at 127.0.0.1 answers with status {status}"
    ]
    listener.status = 204
    assert told() == 3
    assert caplog.records[-1].getMessage() == "the heartbeat monitor is told again"


@pytest.mark.django_db
def test_one_that_is_away_is_told_of_without_its_secret(caplog):
    beat(Kind.WORKER)
    ours = Monitor(f"http://127.0.0.1:1{SECRET}", period=0.0)
    ours.tell_if_due()
    has_ended(ours)
    [record] = caplog.records
    assert record.getMessage() == "the heartbeat monitor at 127.0.0.1 cannot be told: ConnectionRefusedError"


def test_no_proxy_of_the_environment_stands_between(listener, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(listener.url) == 200


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(plane: FakeHandle, monkeypatch):
    with pytest.raises(ssl.SSLCertVerificationError):
        get(plane.url)
    monkeypatch.setenv("SSL_CERT_FILE", plane.ready.ca_file)
    assert get(plane.url) >= 200


# The fleet itself


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_fleet_that_loses_its_workers_falls_silent_until_there_are_others(
    world: object, work: Work, listener: Listener, tmp_path: Path
) -> None:
    with fleet(tmp_path, "worker", "controller", HEARTBEAT_URL=listener.url, HEARTBEAT_PERIOD="10") as running:
        until(lambda: listener.heard)
        running.end("worker", number=signal.SIGKILL)
        work.pass_time(seconds=LATE.total_seconds() + 1)
        until(lambda: any("told nothing: no worker has been seen" in line for line in running.lines("controller")))
        before = len(listener.heard)
        running.start("worker-b")
        until(lambda: len(listener.heard) > before)
        assert running.processes["controller"].poll() is None
    assert set(listener.heard) == {SECRET}
    assert "hush" not in "".join(running.lines())
