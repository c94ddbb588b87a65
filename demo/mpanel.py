"""mPanel, as far as the demo needs it: a client of MigraCloud's API with the platform's token.

Decides: how the API is spoken. Not: what is asked for (scenario.py).
"""

from __future__ import annotations

from typing import Any

import requests

TIMEOUT = 30.0


class ApiRefusal(Exception):
    """The API said no; the text is its own sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class MPanel:
    """Threads may share it."""

    def __init__(self, site: str, token: str) -> None:
        self.api = f"{site}/api/v1"
        self._token = token

    def create_tenant(self, reference: str, name: str, quota: dict[str, int]) -> dict[str, Any]:
        return self._ask("POST", "tenants", {"reference": reference, "name": name, "quota": quota})

    def create_pod(self, **wanted: Any) -> dict[str, Any]:
        """The operation that makes it."""
        return self._ask("POST", "pods", wanted)

    def destroy_pod(self, pod: str) -> dict[str, Any]:
        """The operation that stops it; it is kept for a while."""
        return self._ask("DELETE", f"pods/{pod}")

    def purge_pod(self, pod: str, *, reason: str) -> dict[str, Any]:
        """The operation that takes it away for good."""
        return self._ask("POST", f"pods/{pod}/purge", {"reason": reason})

    def resize_pod(self, pod: str, **size: int) -> dict[str, Any]:
        return self._ask("POST", f"pods/{pod}/resize", size)

    def rebuild_pod(self, pod: str) -> dict[str, Any]:
        return self._ask("POST", f"pods/{pod}/rebuild", {})

    def stop_pod(self, pod: str) -> dict[str, Any]:
        return self._ask("POST", f"pods/{pod}/stop")

    def reboot_pod(self, pod: str) -> dict[str, Any]:
        return self._ask("POST", f"pods/{pod}/reboot")

    def replace_keys(self, pod: str, keys: list[str]) -> dict[str, Any]:
        return self._ask("PUT", f"pods/{pod}/ssh-keys", {"ssh_keys": keys})

    def pod(self, pod: str) -> dict[str, Any]:
        return self._ask("GET", f"pods/{pod}")

    def operation(self, operation: str) -> dict[str, Any]:
        return self._ask("GET", f"operations/{operation}")

    def operations(self) -> list[dict[str, Any]]:
        """The newest ones; the demo has fewer than a page holds."""
        return list(self._ask("GET", "operations?page_size=200")["results"])

    def pods(self) -> list[dict[str, Any]]:
        """Those that are there."""
        return list(self._ask("GET", "pods?page_size=200")["results"])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with requests.Session() as session:  # a connection that is kept may be closed just when it is used again
            session.trust_env = False  # no proxy on the way to loopback
            session.headers["Authorization"] = f"Bearer {self._token}"
            answer = session.request(method, f"{self.api}/{path}", json=body, timeout=TIMEOUT)
        content: dict[str, Any] = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        if answer.status_code >= 400:
            words = content.get("detail") or f"{method} {path} answered {answer.status_code} {answer.reason}"
            raise ApiRefusal(answer.status_code, str(content.get("code", "")), str(words))
        return content
