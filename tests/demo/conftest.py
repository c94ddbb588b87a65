"""The fake data plane as a plain client of the Proxmox API reaches it.

Decides: how these tests reach it. Not: what it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from demo.handle import FakeHandle


class Api:
    """A plain client of the Proxmox API, as far from the product's adapter as can be."""

    def __init__(self, fake: FakeHandle) -> None:
        self.fake = fake
        self.session = requests.Session()
        self.session.trust_env = False  # a CA bundle in the environment would win over `verify`
        self.session.verify = fake.ready.ca_file
        self.token(fake.ready.token_secret)

    def token(self, secret: str) -> None:
        self.session.headers["Authorization"] = f"PVEAPIToken={self.fake.ready.token_id}={secret}"

    def ask(self, method: str, path: str, **params: Any) -> requests.Response:
        url = self.fake.url + "/api2/json" + path
        if method == "GET":
            return self.session.get(url, params=params, timeout=10)
        return self.session.request(method, url, data=params, timeout=10)

    def data(self, method: str, path: str, **params: Any) -> Any:
        answer = self.ask(method, path, **params)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.reason}"
        return answer.json()["data"]

    def refusal(self, method: str, path: str, **params: Any) -> tuple[int, str]:
        answer = self.ask(method, path, **params)
        return answer.status_code, answer.json()["message"]

    def end_of(self, upid: str) -> str:
        """The exit status of a task that has ended."""
        return str(self.data("GET", f"/nodes/{upid.split(':')[1]}/tasks/{upid}/status")["exitstatus"])

    def clone(self, newid: int, **params: Any) -> str:
        params = {"newid": newid, "hostname": f"pod-{newid}", "description": f"mark of {newid}"} | params
        return str(self.data("POST", "/nodes/pve/lxc/9000/clone", **params))

    def config(self, vmid: int, node: str = "pve") -> dict[str, Any]:
        return dict(self.data("GET", f"/nodes/{node}/lxc/{vmid}/config"))


@pytest.fixture
def fake(plane: FakeHandle) -> FakeHandle:
    return plane


@pytest.fixture
def api(fake: FakeHandle) -> Iterator[Api]:
    client = Api(fake)
    yield client
    client.session.close()
