"""One HTTPS call: kept-alive connections, the fence, timeouts, cuts, answers that are none, the secret.

Decides: when a request may have had an effect. Not: who is trusted (test_trust.py), nor what words mean.
"""

import gzip
import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from clusters.dataplane import errors, transport
from clusters.dataplane.transport import Transport
from operations.errors import StepError
from tests.clusters.dataplane.conftest import SECRET
from tests.clusters.dataplane.endpoint import Answer, Cut, Endpoint, Silence, data

WRITES = ["POST", "PUT", "DELETE"]


def refusal(transport: Transport, method: Any, path: str = "version") -> StepError:
    with pytest.raises(StepError) as caught:
        transport.call(method, path)
    return caught.value


@pytest.fixture
def closed_port() -> Iterator[str]:
    """An address at which nobody listens, kept from others while the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"https://127.0.0.1:{bound.getsockname()[1]}"


def test_the_token_and_the_parameters_arrive(endpoint: Endpoint, access_to):
    endpoint.behave = lambda request: data([1])
    transport = Transport(access_to(endpoint))
    assert transport.call("GET", "cluster/resources", {"type": "vm"}) == [1]
    assert transport.call("PUT", "nodes/pve/lxc/960/config", {"tags": "a;b", "cores": 1}) == [1]
    assert transport.call("DELETE", "nodes/pve/lxc/960", {"purge": 1}) == [1]
    assert [(one.method, one.path, one.params) for one in endpoint.seen] == [
        ("GET", "/cluster/resources", {"type": "vm"}),
        ("PUT", "/nodes/pve/lxc/960/config", {"tags": "a;b", "cores": "1"}),
        ("DELETE", "/nodes/pve/lxc/960", {"purge": "1"}),
    ]
    assert {one.headers["Authorization"] for one in endpoint.seen} == {f"PVEAPIToken=ctl@pve!cp={SECRET}"}


def test_the_fence_is_asked_before_each_call_and_can_prevent_it(endpoint: Endpoint, access_to):
    allowed = iter([None, None])

    def fence() -> None:
        if next(allowed, "lost") == "lost":
            raise RuntimeError("the lease is lost")

    transport = Transport(access_to(endpoint), before_call=fence)
    transport.call("GET", "version")
    transport.call("POST", "version")
    with pytest.raises(RuntimeError, match="the lease is lost"):
        transport.call("POST", "version")
    assert len(endpoint.seen) == 2


# No connection


@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_a_refused_connection_is_unavailable_and_not_in_doubt(method: str, closed_port: str, access_to):
    error = refusal(Transport(access_to(closed_port)), method)
    assert isinstance(error, errors.Unavailable)
    assert not error.in_doubt
    assert "Cluster lab" in error.message
    assert closed_port in error.message


def test_a_name_that_does_not_resolve_is_unavailable(access_to, monkeypatch):
    def unknown(*_: object) -> None:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # tests ask no name server
    error = refusal(Transport(access_to("https://pve.invalid:8006")), "POST")
    assert isinstance(error, errors.Unavailable)


def test_a_handshake_that_never_ends_is_unavailable(access_to):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # the kernel accepts; nobody answers
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        error = refusal(Transport(access_to(url, connect_timeout=0.1)), "POST")
    assert isinstance(error, errors.Unavailable)
    assert not error.in_doubt
    assert "timeout=0.1" in error.detail


def test_an_endpoint_that_ends_the_handshake_is_unavailable_rather_than_not_trusted(access_to):
    def hang_up(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.recv(65536)  # the client's hello; unread, the kernel would send a reset
        connection.close()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        hanging_up = threading.Thread(target=hang_up, args=(listening,))
        hanging_up.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        error = refusal(Transport(access_to(url)), "POST")
        hanging_up.join()
    assert isinstance(error, errors.Unavailable)
    assert not error.in_doubt


def test_an_endpoint_that_cannot_be_reached_is_passed_over(endpoint: Endpoint, closed_port: str, access_to):
    Transport(access_to(closed_port, endpoint)).call("POST", "version")
    assert len(endpoint.seen) == 1


def test_the_next_endpoint_is_not_asked_once_a_request_was_sent(new_endpoint, access_to):
    first, second = new_endpoint(), new_endpoint()
    first.behave = lambda request: Cut()
    for method in ("GET", "POST"):
        refusal(Transport(access_to(first, second)), method)
    assert (len(first.seen), len(second.seen)) == (2, 0)


def test_an_endpoint_that_did_not_answer_is_tried_last_for_a_while(new_endpoint, access_to, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(transport, "monotonic", lambda: now)
    first, second = new_endpoint(), new_endpoint()
    access = access_to(first, second)
    first.behave = lambda request: Cut()
    refusal(Transport(access), "GET")

    first.behave = lambda request: data("9.1")
    for _ in range(3):
        Transport(access).call("GET", "version")
    assert (len(first.seen), len(second.seen)) == (1, 3)

    now += transport.PASSED_OVER
    Transport(access).call("GET", "version")
    assert (len(first.seen), len(second.seen)) == (2, 3)


@pytest.mark.parametrize(
    "cut_off",
    [
        Answer(595, "No route to host", b""),
        Answer(500, "cluster not ready - no quorum?", b'{"data": null}'),
        Answer(503, "Service Unavailable", b""),
    ],
    ids=["reaches no other node", "has no quorum", "its service is down"],
)
def test_an_endpoint_that_is_cut_off_from_its_cluster_is_tried_last_too(cut_off: Answer, new_endpoint, access_to):
    """It has been asked, so the next is not asked with the same call; the next try goes by another endpoint."""
    first, second = new_endpoint(), new_endpoint()
    first.behave = lambda request: data("9.1") if request.method == "GET" else cut_off
    access = access_to(first, second)
    Transport(access).call("GET", "version")
    refusal(Transport(access), "POST")
    assert (len(first.seen), len(second.seen)) == (2, 0)
    Transport(access).call("GET", "version")
    Transport(access).call("POST", "version")
    assert (len(first.seen), len(second.seen)) == (2, 2)


def test_an_endpoint_that_is_off_costs_its_time_out_once(endpoint: Endpoint, access_to, monkeypatch):
    tried: list[str] = []
    attempt = Transport._attempt

    def watched(self: Transport, url: str, *args: Any) -> Any:
        tried.append(url)
        return attempt(self, url, *args)

    monkeypatch.setattr(Transport, "_attempt", watched)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # takes connections, says nothing
        off = f"https://127.0.0.1:{listening.getsockname()[1]}"
        access = access_to(off, endpoint, connect_timeout=0.1)
        for _ in range(3):
            Transport(access).call("POST", "version")
    assert tried == [off, endpoint.url, endpoint.url, endpoint.url]


# No answer


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize(
    "behaviour",
    [
        Cut(),
        Silence(),
        Answer(promised=1000),
        Answer(body=b"\x00garbled"),
        Answer(body=b'{"data": '),
        Answer(502, "Bad Gateway", b"<html>"),
        Answer(504, "Gateway Timeout"),
        Answer(596, "Broken pipe"),
        Answer(599, "Too many redirections"),
    ],
    ids=["cut", "silence", "half an answer", "garbled", "half of JSON", "502", "504", "596", "599"],
)
def test_a_write_without_a_usable_answer_is_in_doubt_and_sent_once(method, behaviour, endpoint, access_to):
    endpoint.behave = lambda request: behaviour
    error = refusal(Transport(access_to(endpoint, read_timeout=0.2)), method)
    assert isinstance(error, errors.AnswerLost)
    assert error.in_doubt
    assert len(endpoint.seen) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        Cut(),
        Silence(),
        Answer(promised=1000),
        Answer(body=b"garbled"),
        Answer(503, "Busy"),
        Answer(596, "cut"),
    ],
    ids=["cut", "silence", "half an answer", "garbled", "503", "596"],
)
def test_a_read_without_a_usable_answer_is_unavailable(behaviour, endpoint, access_to):
    endpoint.behave = lambda request: behaviour
    error = refusal(Transport(access_to(endpoint, read_timeout=0.2)), "GET")
    assert isinstance(error, errors.Unavailable)
    assert len(endpoint.seen) == 1


def test_a_node_that_the_cluster_cannot_connect_to_is_unavailable_for_writes_too(endpoint, access_to):
    endpoint.behave = lambda request: Answer(595, "No route to host", b"")
    error = refusal(Transport(access_to(endpoint)), "POST")
    assert isinstance(error, errors.Unavailable)
    assert error.detail == "No route to host"


def cut_second_request(endpoint: Endpoint) -> None:
    """The first is answered, the second finds its connection cut, all later ones are answered."""
    endpoint.behave = lambda request: Cut() if len(endpoint.seen) == 2 else data(len(endpoint.seen))


def test_a_read_on_a_dead_kept_alive_connection_is_sent_once_more(endpoint: Endpoint, access_to):
    cut_second_request(endpoint)
    fenced: list[None] = []
    transport = Transport(access_to(endpoint), before_call=lambda: fenced.append(None))
    assert transport.call("GET", "version") == 1
    assert transport.call("GET", "version") == 3
    assert (endpoint.connections, len(fenced)) == (2, 3)


def test_a_read_is_not_sent_a_third_time(endpoint: Endpoint, access_to):
    endpoint.behave = lambda request: Cut() if len(endpoint.seen) > 1 else Answer()
    transport = Transport(access_to(endpoint))
    transport.call("GET", "version")
    assert isinstance(refusal(transport, "GET"), errors.Unavailable)
    assert len(endpoint.seen) == 3


def test_a_write_on_a_dead_kept_alive_connection_is_in_doubt_and_not_repeated(endpoint, access_to):
    cut_second_request(endpoint)
    transport = Transport(access_to(endpoint))
    transport.call("GET", "version")
    assert isinstance(refusal(transport, "POST"), errors.AnswerLost)
    assert len(endpoint.seen) == 2


# Answers that Proxmox does not give


def test_a_redirect_is_not_followed(new_endpoint, access_to):
    endpoint, elsewhere = new_endpoint(), new_endpoint()
    endpoint.behave = lambda request: Answer(302, "Found", headers={"Location": f"{elsewhere.url}/version"})
    for method in ("GET", "POST"):
        assert isinstance(refusal(Transport(access_to(endpoint)), method), errors.Unexpected)
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<!doctype html><h1>Welcome</h1>", headers={"Content-Type": "text/html"}),
        Answer(404, "Not Found", b"<html>"),
        Answer(body=b'{"version": "9"}'),
        Answer(501, "Method 'GET /x' not implemented"),
    ],
    ids=["page", "404 page", "no data", "501"],
)
def test_an_answer_of_something_else_is_unexpected(answer: Answer, endpoint: Endpoint, access_to):
    endpoint.behave = lambda request: answer
    assert isinstance(refusal(Transport(access_to(endpoint)), "GET"), errors.Unexpected)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_not_kept_in_memory(packed, method, endpoint, access_to, monkeypatch):
    monkeypatch.setattr(transport, "MOST_BYTES", 200_000)
    long = b'{"data": "' + b"x" * 10_000_000 + b'"}'
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
    endpoint.behave = lambda request: Answer(body=gzip.compress(long) if packed else long, headers=headers)
    error = refusal(Transport(access_to(endpoint)), method)
    assert isinstance(error, errors.AnswerLost if method == "POST" else errors.Unavailable)
    assert "too long" in error.message
    endpoint.behave = lambda request: data("x" * 100_000)
    assert Transport(access_to(endpoint)).call("GET", "version") == "x" * 100_000


def test_proxies_of_the_environment_are_not_used(endpoint, closed_port, access_to, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, closed_port.replace("https", "http"))
    Transport(access_to(endpoint)).call("GET", "version")
    assert len(endpoint.seen) == 1


# The secret


@pytest.mark.parametrize(
    "behaviour",
    [
        Cut(),
        Answer(401, "Authentication failed!", b""),
        Answer(500, f"bad header {SECRET}", f'{{"data": null, "message": "{SECRET}"}}'.encode()),
        Answer(400, "no", f'{{"errors": {{"token": "{SECRET}"}}}}'.encode()),
        Answer(body=f"<html>{SECRET}</html>".encode()),
    ],
    ids=["cut", "401", "message", "fields", "page"],
)
def test_the_token_is_in_no_error_repr_or_log(behaviour, endpoint, access_to, caplog):
    caplog.set_level(logging.DEBUG)
    endpoint.behave = lambda request: behaviour
    access = access_to(endpoint)
    error = refusal(Transport(access), "POST")
    said = [repr(access), repr(error), str(error), error.message, error.detail, caplog.text]
    said += [str(getattr(error, "fields", "")), "".join(traceback.format_exception(error))]
    assert endpoint.seen[0].headers["Authorization"].endswith(SECRET)
    assert not [text for text in said if SECRET in text]
    assert error.__context__ is None or isinstance(error.__context__, StepError)
