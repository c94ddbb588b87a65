"""SSH keys that tests give to pods, and where the fake shows them again.

Decides: how they are made, written and found. Not: what is tested.
"""

from __future__ import annotations

import itertools
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from demo.handle import FakeHandle
from pods.models import CloudPod

_seeds = itertools.count(1)


def ed25519_key(comment: str = "alice@laptop") -> str:
    """Another one each time, the same ones in each run: some stand in the names of tests."""
    return _line(ed25519.Ed25519PrivateKey.from_private_bytes(next(_seeds).to_bytes(32, "big")), comment)


def ecdsa_key(curve: ec.EllipticCurve, comment: str = "alice@laptop") -> str:
    return _line(ec.generate_private_key(curve), comment)


def rsa_key(bits: int, comment: str = "alice@laptop") -> str:
    return _line(rsa.generate_private_key(65537, bits), comment)


def private_key() -> str:
    made = ed25519.Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def blob_of(line: str) -> str:
    return line.split(" ")[1]


def _line(private: Any, comment: str) -> str:
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{public} {comment}" if comment else public


def keys_of_first_process(plane: FakeHandle, pod: CloudPod) -> list[str]:
    """What a unit in the container finds in `/proc/1/environ`."""
    return _keys(plane.cts()[pod.vmid]["environment"])


def keys_for_next_boot(plane: FakeHandle, pod: CloudPod) -> list[str]:
    """What the container's configuration will give its first process."""
    ct = plane.cts()[pod.vmid]
    env = (ct["config"] | ct["pending"]).get("env") or ""
    pairs = str(env).split("\0")
    return _keys(dict(pair.split("=", 1) for pair in pairs if pair))


def _keys(environment: dict[str, str]) -> list[str]:
    numbered = {name.removeprefix("CLOUDPOD_SSH_KEY_"): value for name, value in environment.items()}
    return [numbered[number] for number in sorted(filter(str.isdigit, numbered), key=int)]
