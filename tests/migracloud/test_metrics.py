"""/metrics: who may read it, that Prometheus takes it, that all processes are counted, and that it costs little."""

from __future__ import annotations

import ipaddress
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import ClusterObservation
from core.clock import control_now
from demo.check_metrics import compare, read
from migracloud import metrics_files
from migracloud.database import ROOT
from migracloud.metrics import exposition
from operations.heartbeats import beat
from operations.models import Heartbeat, Operation
from tests.desk import make_pods
from tests.fleet import fleet, until

TOKEN = "a-token-for-metrics-only"
AGE = timedelta(seconds=90)


def lint(text: str) -> str:
    """What Prometheus' own tool finds fault with."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture
def closed(settings):
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "", []
    return settings


def scrape(address="127.0.0.1", **headers):
    return Client(REMOTE_ADDR=address, headers=headers).get("/metrics")


# Who may read it


@pytest.mark.django_db
def test_nobody_may_when_nothing_is_set(closed):
    answer = scrape(authorization="Bearer ")
    assert answer.status_code == 403
    assert "Set METRICS_TOKEN, METRICS_NETWORKS or both" in answer.text
    assert "migracloud_" not in answer.text


@pytest.mark.django_db
def test_whoever_has_the_token_may_from_anywhere(closed):
    closed.METRICS_TOKEN = TOKEN
    assert scrape("203.0.113.9", authorization=f"Bearer {TOKEN}").status_code == 200
    for headers in ({}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": f"Basic {TOKEN}"}):
        answer = scrape(**headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert TOKEN not in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status"),
    [("10.0.0.7", 200), ("::ffff:10.0.0.7", 200), ("fd00::7", 200), ("10.0.1.7", 403), ("::1", 403), ("", 403)],
)
def test_whoever_asks_from_a_network_that_is_named_may(closed, address, status):
    closed.METRICS_NETWORKS = [ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("fd00::/64")]
    assert scrape(address).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["x-forwarded-for", "x-forwarded-proto", "forwarded", "via"])
def test_what_a_proxy_passes_on_has_the_proxys_address_and_is_not_let_in_by_it(closed, header):
    closed.METRICS_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    assert scrape().status_code == 200
    assert scrape(**{header: "127.0.0.1"}).status_code == 403
    closed.METRICS_TOKEN = TOKEN
    assert scrape(**{header: "https", "authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.django_db
def test_it_is_answered_by_address_and_plain_http(closed):
    closed.METRICS_TOKEN, closed.SECURE_SSL_REDIRECT, closed.ALLOWED_HOSTS = TOKEN, True, ["cloud.example.net"]
    answer = scrape(host="10.0.0.7:8000", authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


# What it says


@pytest.mark.django_db
def test_prometheus_takes_it_empty_and_full(world, alice):
    assert lint(exposition().decode()) == ""
    make_pods(alice, 3)
    beat("worker")
    now = control_now()
    ClusterObservation.objects.create(cluster=world.cluster, tried_at=now, observed_at=now)
    assert alice.get("pods").status_code == 200
    text = exposition().decode()
    assert lint(text) == ""
    assert lint(text.replace("# HELP migracloud_pods Pods", "# HELP migracloud_pods_total Pods")) != ""


@pytest.mark.django_db
def test_it_agrees_with_the_database(alice, work):
    make_pods(alice, 2)
    work.until_idle()
    make_pods(alice, 1, first=2)
    assert alice.get("pods").status_code == 200
    assert compare(exposition().decode()) == []


@pytest.mark.django_db
def test_clusters_and_processes_are_told_with_their_age(world):
    beat("worker")
    Heartbeat.objects.update(seen_at=control_now() - AGE)
    now = control_now()
    observed = ClusterObservation.objects.create(
        cluster=world.cluster, tried_at=now, observed_at=now - AGE, unreachable_since=now, error_code="x"
    )
    told = read(exposition().decode())
    cluster, worker = frozenset({("cluster", "pve-a")}), frozenset({("kind", "worker")})
    assert told["migracloud_cluster_reachable"] == {cluster: 0.0}
    assert 90 <= told["migracloud_cluster_observation_age_seconds"][cluster] < 100
    assert told["migracloud_processes"][worker] == 0.0
    assert 90 <= told["migracloud_heartbeat_age_seconds"][worker] < 100
    observed.unreachable_since = None
    observed.save()
    assert read(exposition().decode())["migracloud_cluster_reachable"] == {cluster: 1.0}


@pytest.mark.django_db
def test_no_tenant_no_host_name_and_no_id_is_told(world, alice):
    pods = make_pods(alice, 3)
    assert alice.get(f"pods/{pods[0].pk}").status_code == 200
    text = exposition().decode()
    for word in ("TENANT-101", "web-0", str(alice.tenant.pk), str(pods[0].pk), str(Operation.objects.all()[0].pk)):
        assert word not in text


@pytest.mark.django_db
def test_a_scrape_asks_no_more_of_the_database_with_thirty_pods_than_with_three(world, alice):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            exposition()
        return len(captured)

    make_pods(alice, 3)
    few = queries()
    make_pods(alice, 27, first=3)
    assert queries() == few


@pytest.mark.django_db
def test_without_the_database_it_says_so_and_tells_what_was_counted(alice, monkeypatch):
    assert alice.get("pods").status_code == 200
    monkeypatch.setattr("migracloud.metrics_rows.operations", _away)
    told = read(exposition().decode())
    assert told["migracloud_database_up"] == {frozenset(): 0.0}
    assert "migracloud_pods" not in told
    assert sum(told["migracloud_http_requests_total"].values()) > 0


def _away():
    connections["default"].cursor().execute("SELECT 1 FROM a_table_that_is_not_there")


# The files of the processes

COUNT = """
import os, sys
from pathlib import Path
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from migracloud import metrics_files
from migracloud.database import ROOT
metrics_files.make_folder()
from prometheus_client import Counter, Histogram
Counter("things", "Things.", ["kind"], registry=None).labels("a").inc(3)
Histogram("thing_seconds", "Time.", ["kind"], buckets=(1, 5), registry=None).labels("a").observe(2)
os.kill(os.getpid(), 9)
"""


def count_and_be_killed(folder):
    done = subprocess.run([sys.executable, "-c", COUNT, str(folder)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL


def sums(folder):
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for metric in metrics_files.ProcessCounters().collect()
        for sample in metric.samples
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = metrics_files.folder_in(tmp_path)
    monkeypatch.setenv(metrics_files.VARIABLE, str(made))
    return made


@pytest.mark.slow
def test_what_killed_processes_have_counted_is_kept_and_their_files_do_not_pile_up(folder):
    for times in (1, 2, 3):
        count_and_be_killed(folder)
        expected = {
            ("things_total", ""): 3.0 * times,
            ("thing_seconds_sum", ""): 2.0 * times,
            ("thing_seconds_count", ""): 1.0 * times,
            ("thing_seconds_bucket", "1.0"): 0.0,
            ("thing_seconds_bucket", "5.0"): 1.0 * times,
            ("thing_seconds_bucket", "+Inf"): 1.0 * times,
        }
        assert sums(folder) == expected
        assert sums(folder) == expected
        assert sorted(file.name.partition("-")[0] for file in folder.glob("*.db")) == ["counter_past", "histogram_past"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["replace", "unlink"])
def test_one_that_dies_while_it_adds_up_leaves_nothing_counted_twice_or_not_at_all(folder, monkeypatch, moment):
    count_and_be_killed(folder)
    expected = sums(folder)
    count_and_be_killed(folder)
    expected = {key: 2 * value for key, value in expected.items()}

    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Path, moment, die)
        with pytest.raises(Died):
            sums(folder)
    assert sums(folder) == expected
    assert len(list(folder.glob("*.db"))) == 2


@pytest.mark.slow
def test_the_folder_of_another_boot_goes(folder):
    other = folder.parent / "00000000-000000000000"
    other.mkdir(parents=True)
    (other / "counter_1-1.db").write_bytes(b"")
    count_and_be_killed(folder)
    assert sums(folder)
    assert not other.exists()


# All processes together


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_site_worker_and_controller_are_counted_together_also_when_they_are_gone(
    transactional_db, world, alice, plane, tmp_path
):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_clock SET shift = '0'")
    with fleet(tmp_path) as running:
        until(lambda: {row.kind for row in Heartbeat.objects.all()} == {"site", "worker", "controller"})
        plane.clear_record()
        before = sum(read(running.metrics()).get("migracloud_proxmox_calls_total", {}).values())
        asked = running.ask("POST", "/api/v1/pods", token=alice.token, body={"hostname": "web"})
        assert asked.status == 202
        until(lambda: not Operation.objects.get().is_live)
        for _ in range(8):  # both processes of the site
            assert running.ask("GET", "/api/v1/pods", token=alice.token).status == 200
        running.end("worker", number=signal.SIGKILL)
        running.end("controller")
        text = running.metrics()
        told = read(text)
        assert lint(text) == ""
        assert compare(text) == []
        requests = told["migracloud_http_requests_total"]
        assert requests[frozenset({("method", "POST"), ("route", "pod-list"), ("status", "2xx")})] == 1
        assert requests[frozenset({("method", "GET"), ("route", "pod-list"), ("status", "2xx")})] == 8
        calls = told["migracloud_proxmox_calls_total"]
        assert sum(calls.values()) - before == len(plane.record())
        assert {dict(labels)["outcome"] for labels in calls} == {"ok"}
        assert told["migracloud_processes"][frozenset({("kind", "controller")})] == 0  # it said good-bye
        assert told["migracloud_processes"][frozenset({("kind", "worker")})] == 1  # it was not able to
        running.end("site")
    assert [row.kind for row in Heartbeat.objects.all()] == ["worker"]
    assert not [line for line in running.lines() if "Traceback" in line]
