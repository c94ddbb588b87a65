"""A heartbeat monitor somewhere else: it hears from a healthy fleet only, and raises the alarm when it hears nothing.

Decides: when it is told, how, and what the log says of that. Not: what healthy means (fleet_health.py).

The leading controller asks HEARTBEAT_URL (GET) every HEARTBEAT_PERIOD seconds, in a thread of its own, so that no tick
waits for it. The URL's path and query are a secret: the log has the host only. Without proxies; a redirect is not
followed. What the answer holds is not read.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from migracloud.fleet_health import what_is_wrong

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds for each of the monitor's steps
LONGEST = 20.0  # seconds for all of them: then it is cut off, however busily it talks
AGAIN = 5.0  # seconds until the next try, when the fleet was not well or the monitor did not answer well


class Monitor:
    """Told by one thread at a time. Without a URL, nobody is told."""

    def __init__(self, url: str, period: float) -> None:
        self._url, self._period = url, period
        self._due = time.monotonic()
        self.teller: threading.Thread | None = None
        self._said = ""  # what the log was told last

    def tell_if_due(self) -> None:
        """To be called by a controller that leads, after a tick that went well. Waits for nobody."""
        if not self._url or time.monotonic() < self._due or self._is_telling:
            return
        if wrong := what_is_wrong():
            self._due = time.monotonic() + AGAIN
            self._say(f"the heartbeat monitor is told nothing: {'; '.join(wrong)}")
            return
        self._due = time.monotonic() + self._period
        self.teller = threading.Thread(target=self._tell, name="heartbeat monitor", daemon=True)
        self.teller.start()

    @property
    def _is_telling(self) -> bool:
        return self.teller is not None and self.teller.is_alive()

    def _tell(self) -> None:
        host = urlsplit(self._url).hostname
        try:
            status = get(self._url)
        except (OSError, HTTPException) as error:
            self._due = time.monotonic() + AGAIN
            self._say(f"the heartbeat monitor at {host} cannot be told: {type(error).__name__}")
            return
        if 200 <= status < 300:
            self._say("")
            return
        self._due = time.monotonic() + AGAIN
        self._say(f"the heartbeat monitor at {host} answers with status {status}")

    def _say(self, words: str) -> None:
        """Once each; nothing: it is told well."""
        if words != self._said:
            if words:
                log.warning(words)
            else:
                log.info("the heartbeat monitor is told again")
        self._said = words


def get(url: str) -> int:
    """The status of the answer to one GET."""
    parts = urlsplit(url)
    assert parts.hostname
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection: HTTPConnection = HTTPSConnection(
            parts.hostname, parts.port or 443, timeout=TIMEOUT, context=context
        )
    else:
        connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT)
    end = threading.Timer(LONGEST, _cut_off, [connection])
    end.daemon = True
    end.start()
    try:
        path = f"{parts.path or '/'}?{parts.query}".removesuffix("?")
        connection.request("GET", path, headers={"User-Agent": "MigraCloud"})
        return connection.getresponse().status
    finally:
        end.cancel()
        connection.close()


def _cut_off(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):  # it may have ended by itself
        connection.sock.shutdown(socket.SHUT_RDWR)
