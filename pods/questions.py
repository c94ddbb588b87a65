"""What will happen to a pod, in words, before a person does it in the admin.

Decides: these words. Not: who may do it and when (admin_deeds.py).
"""

from __future__ import annotations

from typing import Any

STRANGERS = "A container at that VMID that does not bear this pod's mark is left alone, and the operation says so."
DOWN = "is asked to shut down; if that takes too long, it is stopped hard."
MEANWHILE = "What runs on it is unreachable meanwhile."


def _ct(pod: Any) -> str:
    return f"CT {pod.vmid} on node {pod.node}"


def on_start(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} is started, and from now on whenever its node starts.",
        "If the start fails, it is left stopped and the operation says why.",
        STRANGERS,
    ]


def on_stop(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} {DOWN}",
        "What runs on it is unreachable until somebody starts it; it no longer starts with its node.",
        f"It keeps its disk, its address and VMID {pod.vmid}.",
        STRANGERS,
    ]


def on_reboot(pod: Any) -> list[str]:
    return [f"{_ct(pod)} {DOWN} Then it is started.", MEANWHILE, STRANGERS]


def on_resize(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} gets this size. It goes on running; what cannot apply meanwhile is named as pending a reboot.",
        "Its disk can become larger, never smaller, and what has grown stays so even if the rest fails.",
        f"The quota of {pod.tenant} has to allow for it.",
        STRANGERS,
    ]


def on_rename(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} is called otherwise; what its programs see of that may count from its next boot only.",
        "Its address stays. Names in DNS are not changed by this.",
        STRANGERS,
    ]


def on_move(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} {DOWN}",
        f"It is brought to the other node with its {pod.disk_gib} GiB disk, and started there if it should run.",
        f"{MEANWHILE} That takes as long as its disk takes over the network.",
        "If it cannot be moved, it runs again where it was.",
        STRANGERS,
    ]


def on_snapshot(pod: Any) -> list[str]:
    return [
        f"The disk and the configuration of {_ct(pod)} are kept as they are now, on {pod.tier}.",
        "It goes on running. It is no backup: it goes with the pod, and a rebuild takes it away.",
        STRANGERS,
    ]


def on_delete_snapshot(pod: Any) -> list[str]:
    return [f"The snapshot of {_ct(pod)} is deleted; it cannot be gone back to any more.", "The pod stays as it is."]


def on_rollback(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} {DOWN}",
        f"What {pod.tenant} ({pod.tenant.name}) has written to its disk since the snapshot is lost for good.",
        "It keeps its name, its size, its address and its keys, and is started again if it should run.",
        STRANGERS,
    ]


def on_suspend(pod: Any) -> list[str]:
    return [
        f"{_ct(pod)} {DOWN}",
        f"Nobody can start it until it is resumed, {pod.tenant} neither. The reason is shown to the tenant.",
        f"It keeps its disk, its address and VMID {pod.vmid}.",
        STRANGERS,
    ]


def on_resume(pod: Any) -> list[str]:
    kept = "It stays off: its tenant is suspended too." if pod.tenant_suspended else ""
    runs = kept or ("It is started." if pod.desired_state == "running" else "It stays off, as it should be.")
    return [f"{pod.hostname} is no longer suspended for a reason of its own. {runs}", STRANGERS]


def on_protect(pod: Any) -> list[str]:
    return [
        f"{pod.hostname} refuses to be destroyed, purged and rebuilt until somebody takes the protection off.",
        "Nothing is done on the cluster.",
    ]


def on_unprotect(pod: Any) -> list[str]:
    return [f"{pod.hostname} can be destroyed, purged and rebuilt again.", "Nothing is done on the cluster."]


def on_restore(pod: Any) -> list[str]:
    return [
        f"{pod.hostname} is as it was before it was destroyed, with all that is on its disk.",
        f"{_ct(pod)} is started if it ran then and nothing keeps it from that.",
        STRANGERS,
    ]


def on_rebuild(pod: Any) -> list[str]:
    return [
        f"A fresh container is made from the template beside {_ct(pod)}, with a new VMID, and takes its place.",
        f"Everything that {pod.tenant} ({pod.tenant.name}) has on its disk is lost, and its snapshots; it cannot be "
        "undone.",
        "It keeps its id, its address, its name, its size and its keys. The old container is destroyed last: if "
        "anything fails before that, the pod has it back.",
        MEANWHILE,
        STRANGERS,
    ]


def on_destroy(pod: Any) -> list[str]:
    address = f"address {pod.primary_address}, " if pod.primary_address else ""
    return [
        f"{_ct(pod)} {DOWN} It no longer starts.",
        f"It is kept for {pod.tenant.grace_hours} hours, as {pod.tenant} ({pod.tenant.name}) is granted, and can be "
        f"restored until then: with its disk, {address}VMID {pod.vmid} and its share of the quota.",
        "Then it is purged, and all that is on it is lost.",
        STRANGERS,
    ]


def on_purge(pod: Any) -> list[str]:
    address = f"Address {pod.primary_address} and VMID {pod.vmid} are" if pod.primary_address else f"VMID {pod.vmid} is"
    return [
        f"{_ct(pod)} is stopped and destroyed with its {pod.disk_gib} GiB disk on {pod.tier}, at once.",
        f"Everything that {pod.tenant} ({pod.tenant.name}) has on it is lost, its snapshots too; it cannot be undone.",
        f"{address} given back and left unused for a while.",
        STRANGERS,
    ]
