"""What no honest client sends is the sender's mistake, told as such: never an error of ours, by nobody's hand.

Decides: requests that are odd in themselves. Not: values that a view refuses (each app's tests).
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from migracloud.database import ROOT
from migracloud.odd_requests import readable
from migracloud.wsgi import application
from tenants.models import ApiToken
from tests.desk import desk, make_pods
from tests.tenants.problems import problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(alice) -> Client:
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {alice.token}"})


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000])
def test_a_body_that_is_nested_without_end_is_refused(body, program, world):
    problem_of(program.post("/api/v1/pods", body, content_type="application/json"), 400, "parse_error")


@pytest.mark.parametrize("body", [r'{"\ud800": 1, "hostname": "web"}', r'{"hostname": "\udfff"}', r'["\ud800"]'])
def test_half_a_surrogate_pair_is_refused_wherever_it_stands(body, program, world):
    problem_of(program.post("/api/v1/pods", body, content_type="application/json"), 400, "parse_error")


def test_a_whole_surrogate_pair_is_text(olga):
    name = r"\ud83d\ude80"
    body = f'{{"reference": "TENANT-300", "name": "{name}"}}'
    answer = olga._client.post("/api/v1/tenants", body, content_type="application/json")
    assert (answer.status_code, answer.json()["name"]) == (201, "\N{ROCKET}")


ODD = ["zlib", "bz2", "rot13", "hex", "punycode", "undefined", "utf-16", "latin-1", "none-such", "utf-8", "UTF8", "\0"]


@pytest.mark.parametrize("charset", [*(f"charset={name}" for name in ODD), "charset*=zlib''x", "charset*=none-such''x"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/pods?hostname=x", "401"), ("/api/none?x=y", "404"), ("/admin/login/?next=/admin/", "200")],
)
def test_text_is_read_as_utf_8_whatever_is_claimed(path, status, kind, charset, rf):
    """Through the whole of wsgi.py: Django reads the query before any middleware runs."""
    told: list[str] = []
    environ = rf.get(path).environ | {"CONTENT_TYPE": f"{kind}; {charset}"}
    application(environ, lambda line, headers: told.append(line.split()[0]))
    assert told == [status]


def test_a_content_type_that_names_utf_8_keeps_its_parameters():
    for kind in ("application/json; charset=utf-8", "multipart/form-data; boundary=x", "text/plain", ""):
        assert readable(kind) == kind


def test_a_body_that_is_too_large_is_a_problem_answer(program):
    body = '{"hostname": "' + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + '"}'
    problem_of(program.post("/api/v1/pods", body, content_type="application/json"), 413, "too_large")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"ssh_keys": [' + "{}," * 100_000 + '""], "hostname": "web"}', "bad_ssh_key"),
        ('{"ssh_keys": [' + r'"\u0000",' * 100_000 + '""], "hostname": "web"}', "bad_ssh_key"),
        ("{" + "".join(f'"{index}": 0,' for index in range(100_000)) + '"hostname": "web"}', "invalid"),
        ('{"' + "x" * 2_000_000 + '": 0, "hostname": "web"}', "invalid"),
    ],
    ids=["no texts", "NULs", "fields", "a long field"],
)
def test_a_body_full_of_mistakes_gets_a_short_answer(body, code, program, world):
    answer = program.post("/api/v1/pods", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert len(answer.content) < 10_000


def test_too_many_parameters_and_a_foreign_host_are_problem_answers(program):
    problem_of(program.get("/api/v1/pods?" + "a&" * 1500), 400, "invalid")
    problem_of(program.get("/api/v1/pods", headers={"host": "elsewhere.example.net"}), 400, "invalid")


@pytest.mark.parametrize(
    "path",
    [
        "pods/cloudpod/?tenant=%00",
        "pods/cloudpod/?phase__exact=%00",
        "operations/operation/?kind=%00",
        "tenants/tenant/?created_at__year=99999999999",
    ],
)
def test_a_value_that_cannot_be_looked_for_breaks_no_page(path, world):
    browser = desk(raise_request_exception=False)
    assert browser.get(f"/admin/{path}").status_code == 400


@pytest.mark.parametrize("tenant", ["x", "\0"])
def test_a_choice_that_is_no_id_breaks_no_form(tenant, world):
    browser = desk(raise_request_exception=False)
    answer = browser.post("/admin/tenants/apitoken/add/", {"tenant": tenant, "name": "mpanel"})
    assert answer.status_code == 400
    assert not ApiToken.objects.filter(name="mpanel").exists()


def test_a_reason_that_postgresql_cannot_hold_destroys_nothing(world, alice, work):
    pod = make_pods(alice, 1)[0]
    work.until_idle()
    browser = desk(raise_request_exception=False)
    assert browser.post(f"/admin/pods/cloudpod/{pod.pk}/destroy/", {"reason": "\0"}).status_code == 400
    pod.refresh_from_db()
    assert pod.phase == "active"


@pytest.mark.parametrize(("name", "value"), [("X-Forwarded-Proto", "https"), ("SCRIPT_NAME", "/elsewhere")])
def test_the_web_server_believes_no_header_that_a_client_may_have_sent(name, value, tmp_path):
    """Through gunicorn with its configuration; what it makes of a request is told by a small program behind it."""
    (tmp_path / "told.py").write_text(
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [(environ['wsgi.url_scheme'] + environ['SCRIPT_NAME']).encode()]\n"
    )
    address = tmp_path / "ready"
    (tmp_path / "conf.py").write_text(
        "from migracloud.gunicorn_conf import *\n"
        "def when_ready(server):\n"
        f"    open({str(address)!r}, 'w').write(str(server.LISTENERS[0].sock.getsockname()[1]))\n"
        "    print('ready', flush=True)\n"
        "def post_worker_init(worker):\n"  # the program behind it is not ours: it has no heart
        "    pass\n"
    )
    command = [sys.executable, "-m", "gunicorn", "-c", str(tmp_path / "conf.py"), "-b", "127.0.0.1:0", "told"]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}", "SUPERVISOR_PID": str(os.getpid())}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            connection = http.client.HTTPConnection("127.0.0.1", int(address.read_text()), timeout=20)
            connection.request("GET", "/", headers={name: value})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"http")
            connection.close()
        finally:
            server.terminate()
