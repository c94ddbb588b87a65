"""Why a pod is not made or not changed, each reason with its code.

Decides: codes and HTTP statuses. Not: when each applies (services.py, admission.py).
"""

from core.errors import Invalid, Refused


class BadHostname(Invalid):
    """The host name is no DNS label."""

    code = "bad_hostname"


class TooSmall(Invalid):
    """Less than the template has, or nothing."""

    code = "too_small"


class TooLarge(Invalid):
    """More than can be meant."""

    code = "too_large"


class UnknownChoice(Invalid):
    """There is no cluster, tier or template of this name."""

    code = "unknown_choice"


class TierNotPrimary(Invalid):
    """The tier is not for live pods."""

    code = "tier_not_primary"


class BadSshKey(Invalid):
    """This is no SSH public key, or not one that is taken; the message names it by its place, never by its text."""

    code = "bad_ssh_key"


class TenantSuspended(Refused):
    """A suspended tenant gets nothing new."""

    code = "tenant_suspended"


class QuotaExceeded(Refused):
    """The tenant would hold more than its quota."""

    code = "quota_exceeded"


class NoCapacity(Refused):
    """No node has room."""

    code = "no_capacity"


class NoFreeVmid(Refused):
    """The cluster's range of VMIDs is used up, or what is left of it rests."""

    code = "no_free_vmid"


class PodGone(Refused):
    """The pod is gone; there is nothing to change."""

    code = "pod_gone"


class KeysNotDeliverable(Refused):
    """SSH keys cannot reach the containers of the cluster."""

    code = "keys_not_deliverable"


class PodNeedsAttention(Refused):
    """An operation left something of the pod that only a person can judge; it can be destroyed, nothing else."""

    code = "pod_needs_attention"


class PodStopped(Refused):
    """The pod is meant to be stopped: there is nothing to reboot."""

    code = "pod_stopped"


class PodSuspended(Refused):
    """The pod stands still because it, or its tenant, is suspended; the message says why."""

    code = "pod_suspended"


class PodNotSuspended(Refused):
    """There is nothing to resume."""

    code = "pod_not_suspended"


class PodDeleted(Refused):
    """The pod is deleted and kept until its purge; it can be restored or purged, nothing else."""

    code = "pod_deleted"


class PodNotDeleted(Refused):
    """There is nothing to restore."""

    code = "pod_not_deleted"


class PodProtected(Refused):
    """The pod is protected from being destroyed and rebuilt; take the protection off first."""

    code = "pod_protected"


class DiskOnlyGrows(Invalid):
    """A pod's disk cannot become smaller."""

    code = "disk_only_grows"


class NothingToChange(Invalid):
    """The pod is as it is asked to be."""

    code = "nothing_to_change"


class CannotMove(Refused):
    """The pod cannot be brought to that node; the message says why."""

    code = "cannot_move"


class NoSuchSnapshot(Refused):
    """The pod has no snapshot of this name that is complete."""

    code = "no_such_snapshot"


class BadSnapshotName(Invalid):
    """The name is none that a snapshot can have."""

    code = "bad_snapshot_name"


class SnapshotNotNewest(Refused):
    """The pod's storage goes back to the newest snapshot only; the message names those to be deleted first."""

    code = "snapshot_not_newest"


class TooManySnapshots(Refused):
    """The pod has as many snapshots as a pod may have."""

    code = "too_many_snapshots"
