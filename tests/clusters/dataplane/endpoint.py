"""An HTTPS endpoint for the tests: real TCP, real TLS, in its own threads, answering as the test says.

Decides: what is sent back to a request, or that nothing is. Not: what Proxmox would say (recordings/).
"""

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # without /api2/json, percent-decoded
    params: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    status: int = 200
    reason: str = "OK"
    body: bytes = b'{"data": null}'
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    promised: int | None = None  # a Content-Length that is not the body's


def data(value: Any) -> Answer:
    return Answer(body=json.dumps({"data": value}).encode())


class Cut:
    """The connection is closed without an answer."""


class Silence:
    """Nothing is sent until the endpoint is closed."""


Behaviour = Callable[[Request], Answer | Cut | Silence]


class Endpoint(socketserver.ThreadingTCPServer):
    """`seen` are the requests that arrived whole; `connections` counts TCP connections, handshake or not."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context
        self.behave: Behaviour = lambda request: Answer()
        self.seen: list[Request] = []
        self.connections = 0
        self.closing = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        try:
            if self.context is not None:
                request = self.context.wrap_socket(request, server_side=True)
            self._open.append(request)
            super().finish_request(request, client_address)
        except OSError:
            pass  # the client broke off: what these tests are about
        finally:
            request.close()

    def hang_up(self) -> None:
        """Cut every connection that is open; new ones are served."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.hang_up()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Endpoint

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = Request(
            method=self.command,
            path=unquote(parts.path).removeprefix("/api2/json"),
            params=dict(parse_qsl(parts.query) + parse_qsl(body)),
            headers=dict(self.headers),
        )
        self.server.seen.append(request)
        answer = self.server.behave(request)
        if isinstance(answer, Silence):
            self.server.closing.wait()
        if not isinstance(answer, Answer):
            self.close_connection = True
            return
        length = len(answer.body) if answer.promised is None else answer.promised
        head = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {length}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + answer.body)
        self.close_connection = answer.promised is not None

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, *args: Any) -> None:
        """Quiet."""
