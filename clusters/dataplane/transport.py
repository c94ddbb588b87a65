"""One HTTPS call to a cluster: kept-alive sessions, trust, timeouts; every outcome a value or a typed error.

Decides: whether a request can have gone out. Not: what Proxmox's words mean (answers.py), nor what is asked.
"""

import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal
from uuid import UUID

import requests
from proxmoxer import ProxmoxAPI
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from clusters.dataplane import errors
from clusters.dataplane.access import Access, host_of, plain_fingerprint
from clusters.dataplane.answers import Asked, answer_error, no_answer
from clusters.dataplane.calls import Call, tell
from operations.errors import StepError

Method = Literal["GET", "POST", "PUT", "DELETE"]
Params = dict[str, str | int]

PASSED_OVER = 60.0  # seconds for which an endpoint that did not answer is tried last: each try may cost 5 s or 30
MOST_LINES = 64  # that a thread keeps: of clusters that are gone or hardly ever called none needs to stay open

MOST_BYTES = 16 * 1024 * 1024  # of one answer, unpacked; the list of a cluster with 10,000 guests has a third of that


class Transport:
    """Calls one cluster. `before_call` runs before each HTTP request; what it raises prevents the request."""

    def __init__(self, access: Access, before_call: Callable[[], None] | None = None) -> None:
        self.access = access
        self._before_call = before_call

    def call(self, method: Method, path: str, params: Params | None = None, *, doing: str = "") -> Any:
        """`data` of the answer, or one of errors.py. `doing` completes "could not ..." in messages.

        The next endpoint is tried only when no connection could be made. A write is sent once. A read whose
        kept-alive connection turns out to be dead is sent once more. Later calls begin with an endpoint that answers.
        """
        asked = Asked(self.access.name, doing or f"call {method} {path}", write=method != "GET")
        problem: StepError | None = None
        for endpoint in _in_order(self.access):
            outcome = self._attempt(endpoint, method, path, params, asked)
            if outcome.stale and not asked.write:
                outcome = self._attempt(endpoint, method, path, params, asked)
            if outcome.error is None:
                return outcome.value
            problem = outcome.error
            if outcome.sent or not isinstance(problem, errors.Unavailable):
                break
        assert problem is not None
        raise problem

    def _attempt(self, endpoint: str, method: Method, path: str, params: Params | None, asked: Asked) -> "Outcome":
        try:
            line = _line(self.access, endpoint)
        except (OSError, ssl.SSLError) as unreadable:
            words = f"CA file {self.access.ca_file} cannot be used: {unreadable}"
            return Outcome(error=errors.CertificateNotTrusted(asked.failed(words)))
        if self._before_call is not None:
            self._before_call()
        line.begin(asked)
        began = monotonic()
        outcome = self._ask(line, endpoint, method, path, params, asked)
        code = outcome.error.code if outcome.error else "ok"
        tell(Call(self.access.name, method, path, code, monotonic() - began))
        return outcome

    def _ask(
        self, line: "_Line", endpoint: str, method: Method, path: str, params: Params | None, asked: Asked
    ) -> "Outcome":
        # Errors are returned, and raised outside of `except`: a chained one of requests carries the token.
        try:
            call = getattr(line.api(path), method.lower())
            value = call(**(params or {}))
            _answered(self.access, endpoint)
            return Outcome(value=value, sent=True)
        except StepError as refusal:
            # One that is cut off from its cluster does answer: that it has no quorum, or reaches no other node.
            cut_off = isinstance(refusal, errors.Unavailable | errors.AnswerLost)
            (_did_not_answer if cut_off else _answered)(self.access, endpoint)
            return Outcome(error=self._without_secret(refusal), sent=True)
        except (requests.RequestException, HTTPError, OSError, ValueError) as failure:
            error = _failure(asked, endpoint, failure, sent=line.sent)
            _did_not_answer(self.access, endpoint)
            dropped = isinstance(failure, requests.ConnectionError) and not line.answered
            stale = line.sent and not line.connected and dropped
            return Outcome(error=self._without_secret(error), sent=line.sent, stale=stale)

    def _without_secret(self, error: StepError) -> StepError:
        """Whatever answered could have sent our token back."""
        secret = self.access.token_secret
        error.message = error.message.replace(secret, "***")
        error.detail = error.detail.replace(secret, "***")
        error.args = (error.message,)
        if isinstance(error, errors.Invalid):
            error.fields = {name: words.replace(secret, "***") for name, words in error.fields.items()}
        return error


@dataclass(frozen=True)
class Outcome:
    """What one request came to. `stale`: it went out on a kept-alive connection that was dead already."""

    value: Any = None
    error: StepError | None = None
    sent: bool = False
    stale: bool = False


class _Line:
    """A proxmoxer session to one endpoint, and what is known of its current request."""

    def __init__(self, access: Access, endpoint: str) -> None:
        user, _, name = access.token_id.partition("!")
        self.begin(Asked(access.name, "connect", write=False))
        adapter = _Adapter(access, self)
        self.api = ProxmoxAPI(
            host_of(endpoint),
            user=user,
            token_name=name,
            token_value=access.token_secret,
            verify_ssl=True,
            timeout=(access.connect_timeout, access.read_timeout),
        )
        # proxmoxer offers no other way to its session; its version is pinned.
        self.session: requests.Session = self.api._store["session"]
        self.session.trust_env = False  # no proxy, CA bundle or .netrc from the environment
        self.session.mount("https://", adapter)
        self.session.hooks["response"].append(self._judge)

    def begin(self, asked: Asked) -> None:
        self.asked = asked
        self.connected = False  # a new connection was opened for it
        self.sent = False  # the request may have gone out
        self.answered = False  # an answer began to come

    def _judge(self, response: requests.Response, **_: object) -> None:
        """Runs on each answer, before requests follows a redirect or proxmoxer takes any text for data."""
        self.answered = True
        self._read(response)
        error = answer_error(self.asked, response.status_code, response.reason or "", response.text)
        if error is not None:
            raise error

    def _read(self, response: requests.Response) -> None:
        """requests itself would take any length, and unpack it, into this process's memory."""
        body = bytearray()
        for piece in response.iter_content(65_536):
            body += piece
            if len(body) > MOST_BYTES:
                response.close()
                raise no_answer(self.asked, "the answer is too long to be one of Proxmox", f"over {MOST_BYTES} bytes")
        response._content = bytes(body)  # where requests keeps what was read; its own reader has no limit


class _Adapter(HTTPAdapter):
    """Verifies as `Access` says, whatever requests was told; notes on the line what becomes of a request."""

    def __init__(self, access: Access, line: _Line) -> None:
        self._trust = _trust(access)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

        class Connection(HTTPSConnection):
            def connect(self) -> None:
                line.connected = True
                super().connect()

            def request(self, *args: Any, **kwargs: Any) -> None:
                line.sent = True  # urllib3 has connected and verified before it calls this
                super().request(*args, **kwargs)

        class Pool(HTTPSConnectionPool):
            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {"https": Pool}

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs, **self._trust)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}  # requests would add its own CA bundle here

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """requests would set its own CA bundle here."""


def _trust(access: Access) -> dict[str, Any]:
    """How urllib3 is to verify. It compares the fingerprint after the handshake, before anything is sent."""
    if access.fingerprint:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        pin = plain_fingerprint(access.fingerprint)
        return {"ssl_context": context, "cert_reqs": "CERT_NONE", "assert_fingerprint": pin}
    context = ssl.create_default_context(cafile=access.ca_file)  # without a file: the system's trust store
    # SSLKEYLOGFILE in the environment would have the session's keys, and with them the token, written to a file.
    context.keylog_filename = None  # type: ignore[assignment]
    return {"ssl_context": context, "cert_reqs": "CERT_REQUIRED"}


def _failure(asked: Asked, endpoint: str, failure: Exception, *, sent: bool) -> StepError:
    words = f"{type(failure).__name__}: {failure}"
    if sent:
        slow = isinstance(failure, requests.Timeout)
        return no_answer(asked, "no answer came in time" if slow else "the connection was cut", words)
    if isinstance(failure, requests.exceptions.SSLError) and not _hung_up(failure):
        return errors.CertificateNotTrusted(
            asked.failed(
                f"the certificate of {endpoint} is not trusted; nothing was sent."
                " Check the cluster's CA file or fingerprint, and that the endpoint is the right one"
            ),
            detail=words,
        )
    return errors.NoConnection(asked.failed(f"no connection to {endpoint}; nothing was sent"), detail=words)


def _hung_up(failure: BaseException | None) -> bool:
    """Did the endpoint just end the handshake (it restarts, say), with no word about certificates?"""
    while failure is not None:
        if isinstance(failure, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
            return True
        failure = failure.__cause__ or failure.__context__
    return False


class _Lines(threading.local):
    """This thread's sessions, and when an endpoint did not answer it. A forked process starts anew: two processes on
    one TLS connection garble it.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.kept: dict[tuple[UUID, str], tuple[Access, _Line]] = {}
        self.silent: dict[tuple[UUID, str], float] = {}


_lines = _Lines()


def _this_threads() -> _Lines:
    if _lines.process != os.getpid():
        _lines.process, _lines.kept, _lines.silent = os.getpid(), {}, {}
    return _lines


def _in_order(access: Access) -> list[str]:
    """As declared, but those last that did not answer a short while ago."""
    silent, recent = _this_threads().silent, monotonic() - PASSED_OVER
    return sorted(access.endpoints, key=lambda endpoint: silent.get((access.cluster_id, endpoint), recent) > recent)


def _answered(access: Access, endpoint: str) -> None:
    _this_threads().silent.pop((access.cluster_id, endpoint), None)


def _did_not_answer(access: Access, endpoint: str) -> None:
    _this_threads().silent[access.cluster_id, endpoint] = monotonic()


def _line(access: Access, endpoint: str) -> _Line:
    """This thread's line to the endpoint; a new one when the cluster's token or trust has changed."""
    kept = _this_threads().kept
    known = kept.get((access.cluster_id, endpoint))
    if known is not None and known[0] == access:
        return known[1]
    if known is not None:
        known[1].session.close()
        del kept[access.cluster_id, endpoint]
    while len(kept) >= MOST_LINES:
        _, longest_kept = kept.pop(next(iter(kept)))
        longest_kept.session.close()
    line = _Line(access, endpoint)
    kept[access.cluster_id, endpoint] = (access, line)
    return line
