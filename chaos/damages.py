"""Damages planted by hand: the checker has to report each of them by its code.

The rows' damages are planted by the database's owner in a transaction that is rolled back, with the constraint in their
way dropped first; so the checker proves itself on worlds that the database would not even let come about.

Decides: which damages there are. Not: how they are found (the rules), or that they are (tests/chaos).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from chaos.facts import Facts
from demo.handle import FakeHandle

Cursor = Any
WEB = "SELECT id FROM pods_cloudpod WHERE hostname = 'web'"
LEASE_OF = (
    "SELECT a.lease_id FROM pods_interfaceaddress a JOIN pods_interface i ON i.id = a.interface_id"
    " JOIN pods_cloudpod p ON p.id = i.pod_id WHERE p.hostname = '{}'"
)
CALL_TIMEOUT = 10.0


@dataclass(frozen=True)
class Damage:
    """`plant` does it to rows and fake; `feed` to what was read, where the fake has no way to be like that."""

    name: str
    code: str
    plant: Callable[[Cursor, FakeHandle, int], None] | None = None  # the last is the VMID of pod `web`
    feed: Callable[[Facts, int], None] | None = None


def row(*statements: str) -> Callable[[Cursor, FakeHandle, int], None]:
    def plant(cursor: Cursor, plane: FakeHandle, vmid: int) -> None:
        for statement in statements:
            cursor.execute(statement)

    return plant


def ct(change: Callable[[FakeHandle, int], None]) -> Callable[[Cursor, FakeHandle, int], None]:
    return lambda cursor, plane, vmid: change(plane, vmid)


def another_address(plane: FakeHandle, vmid: int) -> None:
    """The neighbour's, as a person on the node could type it."""
    net0 = {of: str(plane.cts()[of]["config"]["net0"]) for of in plane.vmids()}
    address = {of: next(part for part in card.split(",") if part.startswith("ip=")) for of, card in net0.items()}
    neighbour = next(of for of in net0 if of != vmid)
    plane.edit_ct(vmid, net0=net0[vmid].replace(address[vmid], address[neighbour]))


def forged(plane: FakeHandle, vmid: int) -> None:
    mark = str(plane.cts()[vmid]["config"]["description"]).rstrip("\n")
    signed, _, signature = mark.rpartition("=")
    plane.edit_ct(vmid, description=f"{signed}={'0' if signature[0] != '0' else '1'}{signature[1:]}")


def twice_in_the_record(cursor: Cursor, plane: FakeHandle, vmid: int) -> None:
    """Two stops that ended well, and one step that waited for both."""
    for verb in ("stop", "start", "stop", "start"):
        _by_api(plane, vmid, verb)
    stops = [end["upid"] for end in plane.task_ends() if end["name"] == "stop"]
    cursor.execute("SELECT step_id, max(number) FROM operations_attempt WHERE wait_key <> '' GROUP BY step_id LIMIT 1")
    step, number = cursor.fetchone()
    cursor.execute("SELECT id FROM operations_attempt WHERE step_id = %s AND number = %s", [step, number])
    (model,) = cursor.fetchone()
    columns = _columns(cursor, "operations_attempt", without=("id", "number", "wait_key"))
    for extra, upid in enumerate(stops, start=1):
        cursor.execute(
            f"INSERT INTO operations_attempt (id, number, wait_key, {columns})"
            f" SELECT gen_random_uuid(), %s, %s, {columns} FROM operations_attempt WHERE id = %s",
            [number + extra, f"pve:x:{upid}", model],
        )


def _by_api(plane: FakeHandle, vmid: int, verb: str) -> None:
    ready, node = plane.ready, plane.cts()[vmid]["node"]
    requests.post(
        f"{ready.url}/api2/json/nodes/{node}/lxc/{vmid}/status/{verb}",
        headers={"Authorization": f"PVEAPIToken={ready.token_id}={ready.token_secret}"},
        verify=ready.ca_file,
        timeout=CALL_TIMEOUT,
    ).raise_for_status()
    plane.wait_idle()


def asked_by_nobody(plane: FakeHandle, vmid: int) -> None:
    for verb in ("stop", "start"):
        _by_api(plane, vmid, verb)


def a_lease_too_many(cursor: Cursor, plane: FakeHandle, vmid: int) -> None:
    columns = _columns(cursor, "ipam_iplease", without=("id", "address"))
    cursor.execute(
        f"INSERT INTO ipam_iplease (id, address, {columns}) SELECT gen_random_uuid(), '10.1.10.200', {columns}"
        f" FROM ipam_iplease WHERE id = ({LEASE_OF.format('web')})"
    )


def a_stuck_place(cursor: Cursor, plane: FakeHandle, vmid: int) -> None:
    """Of the operation that made the pod, in the lane that it had."""
    cursor.execute(
        "INSERT INTO operations_laneplace (id, lane_id, operation_id, step, asked_at, taken_at)"
        f" SELECT gen_random_uuid(), l.id, o.id, 'clone', now(), now() FROM operations_operation o, operations_lane l"
        f" WHERE o.subject_id = ({WEB}) LIMIT 1"
    )


def a_snapshot(facts: Facts, vmid: int) -> None:
    facts.tables["pods_snapshot"] = []
    next(iter(facts.clusters.values())).cts[vmid]["snapshots"] = {"before-update": {}}


def a_stranger_that_was_started(facts: Facts, vmid: int) -> None:
    seen = next(iter(facts.clusters.values()))
    stranger = seen.cts[vmid] | {"vmid": 9800}
    seen.cts[9800], seen.strangers[9800] = stranger | {"status": "running"}, stranger | {"status": "stopped"}


def _columns(cursor: Cursor, table: str, *, without: tuple[str, ...]) -> str:
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    cursor.execute(query, [table])
    return ", ".join(f'"{name}"' for (name,) in cursor.fetchall() if name not in without)


DAMAGES = (
    Damage("a CT without row", "ct_without_row", ct(lambda plane, vmid: plane.put_ct("pve", 9500))),
    Damage("a row without CT", "row_without_ct", ct(lambda plane, vmid: plane.remove_ct(vmid))),
    Damage("a lease too many", "lease_without_pod", a_lease_too_many),
    Damage(
        "an address leased twice",
        "address_doubled",
        row(
            "DROP INDEX lease_one_live_an_address",
            f"UPDATE ipam_iplease SET address = (SELECT address FROM ipam_iplease WHERE id ="
            f" ({LEASE_OF.format('shop')})) WHERE id = ({LEASE_OF.format('web')})",
        ),
    ),
    Damage("an address on two CTs", "address_doubled", ct(another_address)),
    Damage(
        "an address that is reserved",
        "address_reserved",
        row(f"UPDATE ipam_iplease SET address = '10.1.10.70' WHERE id = ({LEASE_OF.format('web')})"),
    ),
    Damage(
        "quota off by one",
        "quota_exceeded",
        row(
            "UPDATE tenants_quota q SET cores = p.cores - 1 FROM pods_cloudpod p"
            " WHERE p.hostname = 'web' AND q.tenant_id = p.tenant_id"
        ),
    ),
    Damage(
        "a VMID twice",
        "vmid_doubled",
        row(
            "DROP INDEX pod_one_live_a_vmid",
            "UPDATE pods_cloudpod SET vmid = (SELECT vmid FROM pods_cloudpod WHERE hostname = 'shop')"
            " WHERE hostname = 'web'",
        ),
    ),
    Damage(
        "an orphan volume",
        "volume_orphaned",
        ct(lambda plane, vmid: plane.edit_ct(vmid, unused0=f"clients-main:subvol-{vmid}-disk-7")),
    ),
    Damage("a stuck lane place", "lane_place_left", a_stuck_place),
    Damage(
        "a running CT that should be stopped",
        "wrong_state",
        row(f"UPDATE pods_cloudpod SET desired_state = 'stopped' WHERE id = ({WEB})"),
    ),
    Damage("a CT of another size", "wrong_size", ct(lambda plane, vmid: plane.edit_ct(vmid, cores=7))),
    Damage("a CT on another node", "wrong_node", ct(lambda plane, vmid: plane.move(vmid, _other_node(plane, vmid)))),
    Damage("other keys than the row's", "wrong_keys", row("UPDATE pods_cloudpod SET ssh_keys = '{a key}'")),
    Damage("another host name", "wrong_config", ct(lambda plane, vmid: plane.edit_ct(vmid, hostname="odd"))),
    Damage("a lost mark", "mark_wrong", ct(lambda plane, vmid: plane.edit_ct(vmid, description=None))),
    Damage("a forged mark", "mark_wrong", ct(forged)),
    Damage("a lock left", "lock_left", ct(lambda plane, vmid: plane.set_lock(vmid, "backup"))),
    Damage("a lock left on a template", "lock_left", ct(lambda plane, vmid: plane.set_lock(9000, "disk"))),
    Damage(
        "an operation left live",
        "operation_live",
        row(f"UPDATE operations_operation SET state = 'waiting' WHERE subject_id = ({WEB})"),
    ),
    Damage(
        "a phase left in the middle",
        "phase_unfinished",
        row(f"UPDATE pods_cloudpod SET phase = 'creating' WHERE id = ({WEB})"),
    ),
    Damage("an end that nobody told", "end_not_audited", row("TRUNCATE audit_auditevent")),
    Damage("an effect made twice", "effect_twice", twice_in_the_record),
    Damage("an effect that nobody asked for", "effect_unasked", ct(asked_by_nobody)),
    Damage("a snapshot left", "snapshot_left", feed=a_snapshot),
    Damage("a stranger touched", "stranger_touched", feed=a_stranger_that_was_started),
)


def _other_node(plane: FakeHandle, vmid: int) -> str:
    return next(node for node in plane.layout.nodes if node != plane.cts()[vmid]["node"])
