"""Every way in which a call to a data plane can go wrong, as a type.

Decides: which of the engine's families each belongs to. Not: how an answer is recognised (answers.py).
"""

from datetime import timedelta

from operations.errors import Fail, Refuse, Retry, Wait


class Unavailable(Retry):
    """No endpoint took the request (refused, unreachable, no quorum, node offline): nothing was done."""

    code = "cluster_unavailable"
    tries = None  # an outage is waited out for as long as the operation has


class NoConnection(Unavailable):
    """No endpoint could be connected to, so that any other call would meet the same now."""


class NoQuorum(Unavailable):
    """Too few nodes are up: the cluster answers reads and takes no write."""

    code = "no_quorum"


class NodeOffline(Unavailable):
    """The node that the call is for cannot be reached by the node that took it."""

    code = "node_offline"


class AnswerLost(Retry):
    """The request went out and no usable answer came back: it may or may not have been done."""

    code = "answer_lost"
    in_doubt = True


class Changed(Retry):
    """The configuration was changed by somebody else between our read and our write (stale digest)."""

    code = "config_changed"
    tries = 10


class Moved(Retry):
    """The container is on another node of the cluster; `node` says which."""

    code = "moved"

    def __init__(self, message: str, *, node: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.node = node


class WrongState(Retry):
    """The container is running where it must be stopped, or the other way round."""

    code = "wrong_state"


class Locked(Wait):
    """The container carries a lock (`disk`, `create`, `backup` ...): somebody works on it, or died over it. That is
    told apart by the minute's look; an operation waits for either until its deadline."""

    code = "locked"


class Busy(Wait):
    """The VMID is being made by a task right now and cannot be judged yet."""

    code = "busy"
    patience = timedelta(minutes=15)


class TokenRefused(Wait):
    """The cluster does not accept our API token (401). All work on the cluster stands still until it does."""

    code = "token_refused"


class CertificateNotTrusted(Wait):
    """The endpoint's certificate is neither signed by the given CA nor the pinned one. Nothing was sent, and nothing is
    until somebody has looked into it: all work on the cluster stands still."""

    code = "certificate_not_trusted"


class Denied(Refuse):
    """The token lacks a privilege (403); Proxmox's words name it."""

    code = "denied"


class VmidTaken(Refuse):
    """A container that is not ours has the VMID."""

    code = "vmid_taken"


class NotOurs(Refuse):
    """The container at the VMID does not bear our mark for this pod. It was left alone."""

    code = "not_ours"


class SnapshotTaken(Refuse):
    """The container has a snapshot of that name already."""

    code = "snapshot_taken"


class SnapshotImpossible(Refuse):
    """The container's storage makes no snapshots, or the snapshot is only half made."""

    code = "snapshot_impossible"


class SnapshotNotNewest(Refuse):
    """The storage (zfs) can only go back to a container's newest snapshot, and this one is older."""

    code = "snapshot_not_newest"


class CannotMigrate(Refuse):
    """Proxmox cannot bring the container to that node as it is (running, a linked clone ...). It stays where it was."""

    code = "cannot_migrate"


class Protected(Refuse):
    """The container or volume is protected in Proxmox."""

    code = "protected"


class NotFound(Retry):
    """There is no such container, node, storage or task (any more). Tried again, because the next look may explain it:
    what an earlier request did is seen a moment later."""

    code = "not_found"


class Invalid(Fail):
    """Proxmox refused the parameters (400); `fields` holds its words for each."""

    code = "invalid"

    def __init__(self, message: str, *, fields: dict[str, str] | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.fields = fields or {}


class StorageFull(Fail):
    """A storage has no room for it. What had been written by then may still be there."""

    code = "storage_full"
    in_doubt = True


class Stuck(Fail):
    """A half-made container: the lock `create`, and no task that makes it. Only `pct unlock` on the node clears it, and
    what is then left is no container: making it fails, and undoing that waits for the lock's end."""

    code = "stuck_lock"
    in_doubt = True
    mendable = True


class TaskFailed(Fail):
    """A Proxmox task ended in an error; `detail` holds its exit status and the tail of its log."""

    code = "task_failed"
    in_doubt = True


class Unexpected(Fail):
    """Proxmox answered with an error that no other type here describes."""

    code = "proxmox_error"
    in_doubt = True


class NotConfigured(Refuse):
    """What we know of the cluster is not enough to reach it (token, key, endpoint). Nothing was sent."""

    code = "cluster_not_configured"
    mendable = True
