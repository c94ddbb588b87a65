"""What the demo leaves behind, so that every page has something to say: a create that failed, an operation that needs a
person, and a stranger.

Decides: how each comes about, and what has to be true of it then. Not: that nothing else is left (nothing_else.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.handle import FakeHandle
from demo.mpanel import MPanel
from demo.screen import Ordered

Say = Callable[[str], None]
Finish = Callable[[dict[str, Any]], dict[str, Any]]

# Proxmox's own words, as its tasks end with them.
NO_BRIDGE = "bridge 'vmbr0' does not exist"
BUSY = "zfs error: cannot destroy 'clients-main/subvol-{vmid}-disk-0': dataset is busy"


@dataclass(frozen=True)
class Left:
    """By the ids of the operations; the stranger by where it stands too."""

    failed: str
    needs_attention: str
    refused: str  # what met the stranger
    cluster: str
    vmid: int


@dataclass
class LeaveBehind:
    """On one cluster. `finish` waits for an operation; `untrue` takes a sentence; `admin` is where staff look."""

    mpanel: MPanel
    pve: FakeHandle
    say: Say
    finish: Finish
    untrue: Say
    admin: str

    def all_three(self, cluster: str, *, failing: dict[str, Any], purged: Ordered, replaced: Ordered) -> Left:
        """`failing` is ordered and cannot be made; the other two are pods that are there."""
        return Left(
            failed=self._failed_create(failing | {"cluster": cluster}),
            needs_attention=self._half_a_purge(purged),
            refused=self._stranger(replaced),
            cluster=cluster,
            vmid=int(replaced.pod["vmid"]),
        )

    def _failed_create(self, wanted: dict[str, Any]) -> str:
        """Its container is made and does not start."""
        name = f"{wanted['tenant']}'s {wanted['hostname']}"
        self.pve.fail_task("start", NO_BRIDGE)
        ended = self._ended(self.mpanel.create_pod(**wanted), "failed", NO_BRIDGE, f"Creating {name}")
        told, pod = ended["explanation"], self.mpanel.pod(ended["subject"]["id"])
        if pod["phase"] != "failed" or not told["undone"] or pod["vmid"] in self.pve.cts():
            self.untrue(f"Creating {name} failed, and not all of it was undone: {told['undone']}")
        self._tell(f"a create that failed, of {name}. {told['happened']} {told['undone']}", ended)
        return str(ended["id"])

    def _half_a_purge(self, ordered: Ordered) -> str:
        """The container cannot be taken away; from that step on there is no way back."""
        name, vmid = f"{ordered.tenant}'s {ordered.wanted['hostname']}", int(ordered.pod["vmid"])
        words = BUSY.format(vmid=vmid)
        self.pve.fail_task("destroy", words)
        asked = self.mpanel.purge_pod(ordered.pod["id"], reason="the demo leaves something for a person to do")
        ended = self._ended(asked, "needs_attention", words, f"Purging {name}")
        remains = ended["explanation"]["remains"]
        if "destroy" not in remains or vmid not in self.pve.cts():
            self.untrue(f"Purging {name} needs a person, and what is left is not named: {remains}")
        self._tell(f"an operation that needs a person, the purge of {name} (CT {vmid}). {remains}", ended)
        return str(ended["id"])

    def _stranger(self, ordered: Ordered) -> str:
        """Found by the next operation that looks for the pod's own container."""
        name, vmid = f"{ordered.tenant}'s {ordered.wanted['hostname']}", int(ordered.pod["vmid"])
        self.pve.replace_ct(vmid)
        before = self.pve.cts()[vmid]
        ended = self._ended(self.mpanel.reboot_pod(ordered.pod["id"]), "failed", f"CT {vmid}", f"Rebooting {name}")
        if self.pve.cts()[vmid] != before:
            self.untrue(f"CT {vmid} is a stranger, and was touched")
        self.say(
            f"Left behind: a stranger. Somebody destroyed CT {vmid} of {name} by hand and made another one there. "
            f"A reboot was refused, the stranger left alone: {self.admin}clusters/finding/"
        )
        return str(ended["id"])

    def _ended(self, asked: dict[str, Any], state: str, words: str, what: str) -> dict[str, Any]:
        ended = self.finish(asked)
        told = ended["explanation"]["happened"]
        if ended["state"] != state or words not in told:
            self.untrue(f"{what} is {ended['state']}, to be {state} for {words!r}: {told}")
        return ended

    def _tell(self, what: str, operation: dict[str, Any]) -> None:
        self.say(f"Left behind: {what} {self.admin}operations/operation/{operation['id']}/change/")
