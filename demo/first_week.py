"""What comes after the first pods run: keys are replaced, one is rebooted, stopped, resized, rebuilt.

Decides: who does what to which pod, and what has to be true then. Not: how the pods came (scenario.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demo.handle import FakeHandle
from demo.mpanel import MPanel
from demo.screen import Ordered

Say = Callable[[str], None]
Finish = Callable[[dict[str, Any]], dict[str, Any]]


def public_key(comment: str) -> str:
    """A line for authorized_keys. Nobody has its private key: it is not even kept here."""
    public = Ed25519PrivateKey.generate().public_key()
    return f"{public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()} {comment}"


@dataclass
class FirstWeek:
    """`finish` waits for an operation; `untrue` takes a sentence."""

    mpanel: MPanel
    say: Say
    finish: Finish
    untrue: Say

    def replace_keys_and_reboot(self, ordered: Ordered, pve: FakeHandle) -> None:
        name, vmid = f"{ordered.tenant}'s {ordered.wanted['hostname']}", int(ordered.pod["vmid"])
        first, second = ordered.wanted["ssh_keys"], [public_key("alice@new-laptop")]
        self._expect(pve, vmid, first, f"{name} has booted with the key that it was ordered with")
        answer = self.mpanel.replace_keys(ordered.pod["id"], second)
        self._succeeded(answer, f"replacing the keys of {name}")
        self._expect(pve, vmid, first, f"{name} still has its first key: the new one counts from the next boot")
        self._succeeded(self.mpanel.reboot_pod(ordered.pod["id"]), f"rebooting {name}")
        self._expect(pve, vmid, second, f"{name} was rebooted and has the new key alone")

    def stop(self, ordered: Ordered, pve: FakeHandle) -> None:
        name, vmid = f"{ordered.tenant}'s {ordered.wanted['hostname']}", int(ordered.pod["vmid"])
        self._succeeded(self.mpanel.stop_pod(ordered.pod["id"]), f"stopping {name}")
        ordered.pod = self.mpanel.pod(ordered.pod["id"])
        if (ordered.pod["observed_state"], pve.cts()[vmid]["status"]) != ("stopped", "stopped"):
            self.untrue(f"{name} was stopped and is {ordered.pod['observed_state']}")
        self.say(f"{name} was shut down, and will not start with its node.")

    def resize(self, ordered: Ordered, pve: FakeHandle, **size: int) -> None:
        """While it runs. Its container is compared with the database at the end, as all are."""
        name = f"{ordered.tenant}'s {ordered.wanted['hostname']}"
        self._succeeded(self.mpanel.resize_pod(ordered.pod["id"], **size), f"resizing {name}")
        ordered.pod = self.mpanel.pod(ordered.pod["id"])
        if {part: ordered.pod[part] for part in size} != size:
            self.untrue(f"{name} was resized to {size} and is {ordered.pod}")
        self.say(f"{name} has {size['cores']} cores and a disk of {size['disk_gib']} GiB now, and ran all the time.")

    def rebuild(self, ordered: Ordered, pve: FakeHandle) -> None:
        name, before = f"{ordered.tenant}'s {ordered.wanted['hostname']}", ordered.pod
        self._succeeded(self.mpanel.rebuild_pod(before["id"]), f"rebuilding {name}")
        after = ordered.pod = self.mpanel.pod(before["id"])
        if before["vmid"] == after["vmid"] or before["vmid"] in pve.cts() or before["address"] != after["address"]:
            self.untrue(f"{name} was rebuilt, and was {before} and is {after}")
        self.say(
            f"{name} was rebuilt: CT {after['vmid']} has taken the place of CT {before['vmid']}, at {after['address']}."
        )

    def _succeeded(self, operation: dict[str, Any], what: str) -> None:
        ended = self.finish(operation)
        if ended["state"] != "succeeded":
            self.untrue(f"{what.capitalize()} is {ended['state']}: {ended['explanation']['happened']}")

    def _expect(self, pve: FakeHandle, vmid: int, keys: list[str], words: str) -> None:
        """The fake tells what a container's first process was given."""
        environment = pve.cts()[vmid]["environment"] or {}
        found = [value for name, value in sorted(environment.items()) if name.startswith("CLOUDPOD_SSH_KEY_")]
        if found == keys:
            self.say(f"{words}.")
        else:
            self.untrue(f"Not so: {words}; its first process was given {found}")
