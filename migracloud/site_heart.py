"""The heartbeat of one process of the site, in a thread beside those that answer requests.

Decides: that it beats by itself, whether anybody asks for a page or not. Not: the rhythm (operations/heartbeats.py).
"""

from __future__ import annotations

import threading

from django.db import connection

from operations.heartbeats import Kind, Pulse


class SiteHeart(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="heart", daemon=True)
        self._pulse = Pulse(Kind.SITE)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self._pulse.rest):
            self._pulse.beat_if_due()
            connection.close()

    def stop(self) -> None:
        self._ended.set()
        self.join(timeout=2)
        self._pulse.stop()
        connection.close()
