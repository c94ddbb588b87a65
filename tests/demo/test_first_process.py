"""The fake's containers have an environment as Proxmox gives it from 9.1 on.

Decides: what key delivery leans on. Not: how keys are written into it (tests/pods).
"""

from __future__ import annotations

import pytest

from demo.handle import FakeHandle
from tests.demo.conftest import Api

CONFIG = "/nodes/pve/lxc/101/config"
POWER = "/nodes/pve/lxc/101/status"


@pytest.fixture
def ct(api: Api) -> int:
    api.clone(101)
    return 101


def environment(fake: FakeHandle, vmid: int = 101) -> dict[str, str]:
    given: dict[str, str] = fake.cts()[vmid]["environment"]
    return given


def test_the_first_process_has_the_environment_of_its_boot(api: Api, fake: FakeHandle, ct: int) -> None:
    api.data("PUT", CONFIG, env="A=1\0KEY=ssh-ed25519 AAAA= me@there, \"x\" 'y' #z")
    assert environment(fake) == {}
    api.data("POST", f"{POWER}/start")
    first = {"A": "1", "KEY": "ssh-ed25519 AAAA= me@there, \"x\" 'y' #z"}
    assert environment(fake) == first
    api.data("PUT", CONFIG, env="B=2")
    assert api.config(101)["env"] == "B=2"
    assert environment(fake) == first
    api.data("POST", f"{POWER}/reboot")
    assert environment(fake) == {"B": "2"}
    api.data("PUT", CONFIG, delete="env")
    assert environment(fake) == {"B": "2"}
    api.data("POST", f"{POWER}/stop")
    assert environment(fake) == {}
    api.data("POST", f"{POWER}/start")
    assert environment(fake) == {}


def test_a_clone_inherits_the_environment(api: Api, fake: FakeHandle) -> None:
    fake.edit_ct(9000, env="A=1")
    api.clone(102)
    assert api.config(102)["env"] == "A=1"


def test_an_environment_may_be_long(api: Api, fake: FakeHandle, ct: int) -> None:
    long = "\0".join(f"KEY_{number}={'x' * 8_000}" for number in range(20))
    api.data("PUT", CONFIG, env=long)
    assert api.config(101)["env"] == long


@pytest.mark.parametrize("env", ["A", "A=1\n", "A=1\nB=2", "A=\x01", "=1", "A=1\0", "A=1\0\0B=2", "A-B=1"])
def test_what_is_no_list_of_pairs_is_refused_as_proxmox_does(env: str, api: Api, ct: int) -> None:
    answer = api.ask("PUT", CONFIG, env=env)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"env": "value does not match the regex pattern"}
