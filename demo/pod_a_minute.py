"""What goes on while the demo's site is up: mPanel asks for a pod a minute, and has it purged half a minute later.

Decides: when, for whom, and what is said of a site that does not answer. Not: how the API is spoken (mpanel.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

import requests

from demo.mpanel import ApiRefusal, MPanel

HALF_A_MINUTE = 30.0
REASON = "the demo goes on: its pod of the last minute"


class PodAMinute:
    """`pause` waits so many seconds, and says whether it is to end: an event's own `wait`."""

    def __init__(self, mpanel: MPanel, tenant: str, say: Callable[[str], None], pause: Callable[[float], bool]) -> None:
        self._mpanel, self._tenant, self._say, self._pause = mpanel, tenant, say, pause
        self._names: set[str] = set()  # of pods that are there, or may be: an answer can get lost
        self._unwell: set[str] = set()  # what did not work the last time

    def go_on(self) -> None:
        """Until `pause` says that it is to end. Whatever the site answers, it goes on."""
        for number in count(1):
            self._try("ask for a pod", partial(self._ask_for, f"minute-{number}"))
            if self._pause(HALF_A_MINUTE):
                return
            self._try("have a pod purged", self._purge)
            if self._pause(HALF_A_MINUTE):
                return

    def _ask_for(self, hostname: str) -> None:
        self._names.add(hostname)
        self._mpanel.create_pod(tenant=self._tenant, hostname=hostname)

    def _purge(self) -> None:
        """Those too that could not be purged before. They come last: the newest are listed first."""
        for pod in self._mpanel.pods():
            if pod["tenant"] == self._tenant and pod["hostname"] in self._names:
                self._mpanel.purge_pod(pod["id"], reason=REASON)
                self._names.discard(pod["hostname"])
        self._names.clear()  # what is not listed is not there

    def _try(self, what: str, deed: Callable[[], None]) -> None:
        """Say once that it does not work, and once that it works again."""
        try:
            deed()
        except (ApiRefusal, requests.RequestException) as error:
            if what not in self._unwell and not self._pause(0):
                self._unwell.add(what)
                self._say(f"mPanel could not {what}: {_words(error)} It tries again each minute.")
        else:
            if what in self._unwell:
                self._unwell.discard(what)
                self._say(f"mPanel can {what} again.")


def _words(error: Exception) -> str:
    return error.message if isinstance(error, ApiRefusal) else f"the site does not answer ({type(error).__name__})."
