"""The connections that calls go out on: kept alive, a thread's own, few.

Decides: how long they are kept, and whose they are. Not: what becomes of a call (test_transport.py).
"""

from __future__ import annotations

import os
import threading

from clusters.dataplane import errors, transport
from clusters.dataplane.transport import Transport
from tests.clusters.dataplane.endpoint import Answer, Endpoint
from tests.clusters.dataplane.test_transport import refusal


def test_ten_calls_take_one_connection(endpoint: Endpoint, access_to):
    access = access_to(endpoint)
    for _ in range(10):
        Transport(access).call("GET", "version")
    assert (len(endpoint.seen), endpoint.connections) == (10, 1)


def test_an_error_answer_keeps_the_connection(endpoint: Endpoint, access_to):
    endpoint.behave = lambda request: Answer(500, "CT is locked (disk)")
    transport = Transport(access_to(endpoint))
    for _ in range(3):
        assert isinstance(refusal(transport, "POST"), errors.Locked)
    assert endpoint.connections == 1


def test_each_thread_has_its_own_connection(endpoint: Endpoint, access_to):
    transport = Transport(access_to(endpoint))
    transport.call("GET", "version")
    other = threading.Thread(target=transport.call, args=("GET", "version"))
    other.start()
    other.join()
    assert (len(endpoint.seen), endpoint.connections) == (2, 2)


def test_a_forked_process_leaves_its_parents_connection_alone(endpoint: Endpoint, access_to):
    transport = Transport(access_to(endpoint))
    transport.call("POST", "version")
    child = os.fork()
    if child == 0:
        try:
            transport.call("POST", "version")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    transport.call("POST", "version")  # a write: on a connection that a child has used it would be lost
    assert (len(endpoint.seen), endpoint.connections) == (3, 2)


def test_a_new_token_replaces_the_kept_session(endpoint: Endpoint, access_to):
    access = access_to(endpoint)
    Transport(access).call("GET", "version")
    renewed = access_to(endpoint, cluster_id=access.cluster_id, token_secret="renewed")
    Transport(renewed).call("GET", "version")
    assert endpoint.seen[-1].headers["Authorization"].endswith("=renewed")


def test_a_thread_keeps_few_connections_however_many_clusters_it_calls(endpoint: Endpoint, access_to, monkeypatch):
    monkeypatch.setattr(transport, "MOST_LINES", 3)
    clusters = [Transport(access_to(endpoint)) for _ in range(4)]
    for cluster in clusters:
        cluster.call("GET", "version")
    clusters[3].call("GET", "version")
    assert endpoint.connections == 4
    clusters[0].call("GET", "version")
    assert endpoint.connections == 5, "the connection that was kept longest had to go"
