"""What the demo plays: mPanel orders twelve pods on two clusters for three tenants, and not all goes smoothly.

Decides: who asks for what, and what counts as done. Not: whether the data plane agrees in the end (verify.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from demo.first_week import FirstWeek, public_key
from demo.handle import FakeHandle
from demo.left_behind import LeaveBehind, Left
from demo.mpanel import ApiRefusal, MPanel
from demo.sabotage import Killed, NobodyToKill, kill_a_cloning_worker, was_cut_short
from demo.screen import Ordered, Screen

PATIENCE = 75.0  # seconds within which all twelve pods have to run
KILL_AFTER = 3  # pods that run
FIRST, SECOND = "migracloud", "pve-b"  # the clusters; pods are put on the first unless the order names the second
RESERVED = "10.1.10.70"  # the Proxmox node's own address

TENANTS = {
    "TENANT-101": ("Harbour Books", {"pods": 5, "cores": 16, "memory_mib": 24_576, "disk_gib": 120}),
    "TENANT-102": ("Nordlicht Studio", {"pods": 6, "cores": 16, "memory_mib": 24_576, "disk_gib": 120}),
    "TENANT-103": ("Casa Verde", {"pods": 4, "cores": 12, "memory_mib": 16_384, "disk_gib": 80}),
}
PODS: list[tuple[str, dict[str, Any]]] = [
    ("TENANT-101", {"hostname": "shop"}),
    ("TENANT-101", {"hostname": "search", "cores": 4, "memory_mib": 4096}),
    ("TENANT-101", {"hostname": "db", "cluster": SECOND, "memory_mib": 8192, "disk_gib": 32}),
    ("TENANT-101", {"hostname": "mail", "cores": 1, "ssh_keys": [public_key("alice@laptop")]}),
    ("TENANT-102", {"hostname": "www"}),
    ("TENANT-102", {"hostname": "render", "cores": 6, "memory_mib": 8192, "swap_mib": 0}),
    ("TENANT-102", {"hostname": "files", "disk_gib": 60}),
    ("TENANT-102", {"hostname": "test", "cores": 1}),
    ("TENANT-103", {"hostname": "www", "disk_gib": 12}),
    ("TENANT-103", {"hostname": "blog"}),
    ("TENANT-103", {"hostname": "db", "cluster": SECOND, "memory_mib": 4096, "swap_mib": 1024}),
    ("TENANT-103", {"hostname": "cron", "cores": 1}),
]
DESTROYED = 7  # TENANT-102's test
REBOOTED, STOPPED = 3, 11  # TENANT-101's mail, TENANT-103's cron
RESIZED, REBUILT = 9, 8  # TENANT-103's blog and www
NOT_MADE = {"tenant": "TENANT-101", "hostname": "forum"}  # what is left behind: a create that fails,
HALF_PURGED, REPLACED = STOPPED, 4  # a pod whose purge needs a person, and TENANT-102's www, where a stranger comes
BUSY_TENANT = "TENANT-102"  # whose pods come and go while the site is up; its quota has room for them


class Interrupted(Exception):
    """Somebody wants the demo to end."""


@dataclass
class Story:
    """What happened; `untrue` lists what should have been true and was not."""

    orders: list[Ordered] = field(default_factory=list)
    destroyed: Ordered | None = None
    killed: Killed | None = None
    rebuilt: Ordered | None = None
    moved: Ordered | None = None
    silenced: str | None = None  # the endpoint that was stopped while an operation was under way
    untrue: list[str] = field(default_factory=list)


class Scenario:
    """Runs in a thread of its own; `stop` ends it early."""

    def __init__(self, mpanel: MPanel, pves: Mapping[str, FakeHandle], screen: Screen, stop: threading.Event) -> None:
        self.mpanel, self.pves, self.screen, self.stop = mpanel, pves, screen, stop
        self.story = Story(orders=[Ordered(tenant, wanted) for tenant, wanted in PODS])

    def play(self) -> Story:
        for reference, (name, quota) in TENANTS.items():
            self.mpanel.create_tenant(reference, name, quota)
        self.screen.say(f"mPanel made {len(TENANTS)} tenants and asks for {len(PODS)} pods at once.")
        self._order_all()
        with self.screen.following():
            self._follow()
        self._check_pods()
        self._ask_for_too_much()
        self._live_on()
        self._destroy_one()
        return self.story

    def leave_behind(self, admin: str) -> Left:
        """When all was compared: what is not well, for people to look at."""
        leave = LeaveBehind(self.mpanel, self.pves[FIRST], self._warn, self._finish, self._untrue, admin)
        orders = self.story.orders
        return leave.all_three(FIRST, failing=NOT_MADE, purged=orders[HALF_PURGED], replaced=orders[REPLACED])

    def _order_all(self) -> None:
        together = threading.Barrier(len(PODS))

        def order(ordered: Ordered) -> None:
            together.wait()
            ordered.operation = self.mpanel.create_pod(tenant=ordered.tenant, **ordered.wanted)

        with ThreadPoolExecutor(len(PODS)) as pool:
            for order_sent in [pool.submit(order, ordered) for ordered in self.story.orders]:
                order_sent.result()
        for ordered in self.story.orders:
            ordered.pod = self.mpanel.pod(ordered.operation["subject"]["id"])

    def _follow(self) -> None:
        """Until all have ended; meanwhile an endpoint of the second cluster is stopped, and one worker is killed."""
        orders, deadline = self.story.orders, time.monotonic() + PATIENCE
        tried_to_kill = False
        while not all(ordered.ended for ordered in orders) and time.monotonic() < deadline:
            told = {operation["id"]: operation for operation in self.mpanel.operations()}
            for ordered in orders:
                ordered.operation = told[ordered.operation["id"]]
            self.screen.show(orders)
            if self.story.silenced is None and any(_is_half_done_on_second(ordered) for ordered in orders):
                self._stop_an_endpoint()
            if not tried_to_kill and sum(ordered.ended for ordered in orders) >= KILL_AFTER:
                tried_to_kill = True
                self._kill_a_worker()
            self._pause(0.25)

    def _stop_an_endpoint(self) -> None:
        pve = self.pves[SECOND]
        self.story.silenced = endpoint = pve.urls[0]
        pve.unreachable(endpoint=endpoint)
        self.screen.say(
            f"Stopped cluster {SECOND}'s first endpoint, {endpoint}, in the middle of an operation: it has to go on by "
            "the other.",
            "yellow",
        )

    def _kill_a_worker(self) -> None:
        try:
            killed = self.story.killed = kill_a_cloning_worker(self.pves[FIRST])
        except NobodyToKill as nobody:
            self._untrue(f"No worker was killed: {nobody}")
            return
        self.screen.say(
            f"Killed worker process {killed.pid} (SIGKILL): Proxmox had its request to clone {killed.tenant}'s "
            f"{killed.pod}, the answer was never read. Another worker has to find that clone and go on.",
            "yellow",
        )

    def _check_pods(self) -> None:
        for ordered in self.story.orders:
            ordered.pod = self.mpanel.pod(ordered.operation["subject"]["id"])
            name = f"{ordered.tenant}'s {ordered.wanted['hostname']}"
            if ordered.state != "succeeded":
                error = ordered.operation.get("error") or {}
                self._untrue(f"{name} is {ordered.state} after {PATIENCE:g} s: {error.get('message', 'no error')}")
            elif (ordered.pod["phase"], ordered.pod["observed_state"]) != ("active", "running"):
                self._untrue(f"{name} is made, but {ordered.pod['phase']} and {ordered.pod['observed_state']}")
        killed = self.story.killed
        if killed and not was_cut_short(killed.operation):
            self._untrue(f"The kill of worker {killed.pid} cut nothing short: its attempt has an ordinary end")

    def _ask_for_too_much(self) -> None:
        self._expect_refusal("one pod more than its quota", "quota_exceeded", tenant="TENANT-103", hostname="fifth")
        self._expect_refusal(
            f"the reserved address {RESERVED}",
            "address_reserved",
            tenant="TENANT-101",
            hostname="router",
            address=RESERVED,
        )

    def _expect_refusal(self, what: str, code: str, **wanted: Any) -> None:
        try:
            self.mpanel.create_pod(**wanted)
        except ApiRefusal as refusal:
            self.screen.say(f"{wanted['tenant']} asked for {what} and was refused ({refusal.status}): {refusal}")
            if refusal.code != code:
                self._untrue(f"{what} was refused with code {refusal.code}, not {code}")
        else:
            self._untrue(f"{wanted['tenant']} asked for {what} and was not refused")

    def _live_on(self) -> None:
        week = FirstWeek(self.mpanel, self.screen.say, self._finish, self._untrue)
        week.replace_keys_and_reboot(self.story.orders[REBOOTED], self.pves[FIRST])
        week.stop(self.story.orders[STOPPED], self.pves[FIRST])
        week.resize(self.story.orders[RESIZED], self.pves[FIRST], cores=3, disk_gib=16)
        self.story.rebuilt = self.story.orders[REBUILT]
        week.rebuild(self.story.rebuilt, self.pves[FIRST])

    def _finish(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Wait for its end; what has not ended in time is returned as it is."""
        deadline = time.monotonic() + PATIENCE / 3
        operation = self.mpanel.operation(operation["id"])
        while not operation["finished_at"] and time.monotonic() < deadline:
            self._pause(0.25)
            operation = self.mpanel.operation(operation["id"])
        return operation

    def _destroy_one(self) -> None:
        ordered = self.story.destroyed = self.story.orders[DESTROYED]
        name = f"{ordered.tenant}'s {ordered.wanted['hostname']}"
        self._move_by_hand(ordered, name)
        asked = self.mpanel.destroy_pod(ordered.pod["id"])
        self.screen.say(f"mPanel asked to destroy {name}.")
        operation = self._finish(asked)
        if operation["state"] != "succeeded":
            self._untrue(f"Destroying {name} is {operation['state']}: {operation['explanation']['happened']}")
        told = operation["explanation"]["happened"]
        self.screen.say(f"What came of it: {told}")
        if "no longer on" not in told:
            self._untrue(f"Destroying {name} does not tell that its container had been moved: {told}")
        self._purge(ordered, name)

    def _purge(self, ordered: Ordered, name: str) -> None:
        """What is destroyed is kept for a while; staff take it away at once."""
        kept = self.mpanel.pod(ordered.pod["id"])
        if (kept["phase"], kept["gone_at"]) != ("deleted", None):
            self._untrue(f"{name} was destroyed and is {kept['phase']}")
        self.screen.say(
            f"{name} is stopped and kept until {kept['purge_at']}, with its address; staff purge it at once."
        )
        operation = self._finish(self.mpanel.purge_pod(ordered.pod["id"], reason="the demo shows it"))
        if operation["state"] != "succeeded":
            self._untrue(f"Purging {name} is {operation['state']}: {operation['explanation']['happened']}")
        ordered.pod = self.mpanel.pod(ordered.pod["id"])

    def _move_by_hand(self, ordered: Ordered, name: str) -> None:
        pve, vmid = self.pves[FIRST], int(ordered.pod["vmid"])
        node = next(node for node in pve.layout.nodes if node != ordered.pod["node"])
        pve.move(vmid, node)
        self.story.moved = ordered
        self.screen.say(
            f"Somebody moved {name} (CT {vmid}) to node {node}; MigraCloud was told nothing of it.", "yellow"
        )

    def _pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Interrupted

    def _warn(self, sentence: str) -> None:
        self.screen.say(sentence, "yellow")

    def _untrue(self, sentence: str) -> None:
        self.story.untrue.append(sentence)


def _is_half_done_on_second(ordered: Ordered) -> bool:
    return ordered.wanted.get("cluster") == SECOND and ordered.state == "parked"
