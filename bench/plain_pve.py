"""Proxmox's API, spoken as plainly as can be: for what the control plane is compared with.

Decides: how a request is made and a task waited for. No record, no marks, no recovery. Not: what is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import requests

from demo.handle import Ready

Params = Mapping[str, str | int]


class PlainPve:
    """One session, for one thread. A refusal is a requests.HTTPError; a task that fails, a RuntimeError."""

    def __init__(self, ready: Ready, *, poll: float) -> None:
        """`poll`: seconds between two looks at a task."""
        self._url = f"{ready.url}/api2/json"
        self._poll = poll
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy on the way to loopback
        self._session.verify = ready.ca_file
        self._session.headers["Authorization"] = f"PVEAPIToken={ready.token_id}={ready.token_secret}"

    def task(self, method: str, path: str, **params: str | int) -> None:
        """Ask for it and return when its task has ended well."""
        upid = str(self.ask(method, path, params))
        node = upid.split(":")[1]
        while True:
            task = self.ask("GET", f"nodes/{node}/tasks/{upid}/status")
            assert isinstance(task, dict)
            if task["status"] == "stopped":
                break
            time.sleep(self._poll)
        if task["exitstatus"] != "OK":
            raise RuntimeError(f"{method} {path}: {task['exitstatus']}")

    def ask(self, method: str, path: str, params: Params | None = None) -> object:
        answer = self._session.request(method, f"{self._url}/{path}", data=params or None, timeout=30)
        answer.raise_for_status()
        data: object = answer.json()["data"]
        return data


def is_locked(refusal: requests.HTTPError) -> bool:
    """Whether Proxmox refused because another task works on the container."""
    return refusal.response is not None and "CT is locked" in refusal.response.text
