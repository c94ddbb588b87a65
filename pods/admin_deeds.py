"""What a person can do with a pod in the admin: each deed with its question, its right, and when it makes no sense.

Decides: who may, when there is nothing to do, what has to be told, and the questions. Not: what is refused (services)
or done (kinds/), nor how it is asked (admin_actions.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.confirming import Asked
from clusters.models import TemplateCopy
from pods import services
from pods.kinds.power import MOST_TIMEOUT_S, USUAL_TIMEOUT_S
from pods.models import CloudPod, Snapshot
from pods.questions import (
    on_delete_snapshot,
    on_destroy,
    on_move,
    on_protect,
    on_purge,
    on_reboot,
    on_rebuild,
    on_rename,
    on_resize,
    on_restore,
    on_resume,
    on_rollback,
    on_snapshot,
    on_start,
    on_stop,
    on_suspend,
    on_unprotect,
)

Desired, Phase = CloudPod.Desired, CloudPod.Phase
POWER, DESTROY = "pods.change_cloudpod", "pods.delete_cloudpod"
TIMEOUT = Asked(
    "timeout_s",
    "Seconds that it may take to shut down (0: stop it at once)",
    usual=str(USUAL_TIMEOUT_S),
    most=MOST_TIMEOUT_S,
)


def _nothing(pod: Any) -> tuple[Asked, ...]:
    return ()


def _timeout(pod: Any) -> tuple[Asked, ...]:
    return (TIMEOUT,)


def _hostname(pod: Any) -> tuple[Asked, ...]:
    return (Asked("hostname", "New host name", usual=pod.hostname, longest=63, needed=True),)


def _node(pod: Any) -> tuple[Asked, ...]:
    others = pod.cluster.nodes.filter(enabled=True, written_off_at=None).exclude(pk=pod.node_id).order_by("name")
    nodes = tuple((node.name, node.name) for node in others)
    return (Asked("node", "To which node", options=(("", "the one with the fewest pods"), *nodes)), TIMEOUT)


def _template(pod: Any) -> tuple[Asked, ...]:
    own = pod.source.template.name
    names = TemplateCopy.objects.filter(cluster=pod.cluster, enabled=True).values_list("template__name", flat=True)
    options = tuple((name, name) for name in sorted({own, *names}))
    return (Asked("template", "From which template", usual=own, options=options, needed=True), TIMEOUT)


def _new_snapshot(pod: Any) -> tuple[Asked, ...]:
    return (
        Asked("name", "Its name (2 to 40 of a-z, 0-9, - and _)", longest=40, needed=True),
        Asked("description", "What to know of it later", longest=200),
    )


def _snapshot(pod: Any) -> tuple[Asked, ...]:
    names = list(Snapshot.objects.of(pod.tenant).filter(pod=pod).values_list("name", flat=True))
    options = tuple((name, name) for name in names) or (("", "it has none"),)
    return (Asked("name", "Which snapshot", usual=options[0][0], options=options, needed=True),)


def _snapshot_and_timeout(pod: Any) -> tuple[Asked, ...]:
    return (*_snapshot(pod), TIMEOUT)


def _take_snapshot(*, description: str | None, **asked: Any) -> Any:
    return services.take_snapshot(description=description or "", **asked)


def _protect(**asked: Any) -> Any:
    return services.protect_pod(protected=True, **asked)


def _unprotect(**asked: Any) -> Any:
    return services.protect_pod(protected=False, **asked)


# When there is nothing to do, and when a button is not shown at all.


def _runs(pod: CloudPod) -> str:
    if pod.suspended:
        return "it is suspended"
    return "it runs already" if pod.desired_state == pod.observed_state == Desired.RUNNING else ""


def _is_stopped(pod: CloudPod) -> str:
    return "it is stopped already" if pod.desired_state == pod.observed_state == Desired.STOPPED else ""


def _is_meant_to_be_stopped(pod: CloudPod) -> str:
    if pod.suspended:
        return "it is suspended"
    return "it should be stopped; start it instead" if pod.desired_state == Desired.STOPPED else ""


def _is_protected(pod: CloudPod) -> str:
    return "it is protected" if pod.protected else ""


def _is_deleted_or_protected(pod: CloudPod) -> str:
    return "it is deleted already" if pod.phase == Phase.DELETED else _is_protected(pod)


def _is_suspended(pod: CloudPod) -> str:
    return "it is suspended already" if pod.suspended_at is not None else ""


def _is_not_suspended(pod: CloudPod) -> str:
    if pod.suspended_at is not None:
        return ""
    return "its tenant is suspended; resume that" if pod.tenant_suspended else "it is not suspended"


def _is_not_deleted(pod: CloudPod) -> str:
    return "" if pod.phase == Phase.DELETED else "it is not deleted"


@dataclass(frozen=True)
class Deed:
    """`name` is its place in addresses, `doing` what has begun; `idle` says why there is nothing to do, if so.

    `anyhow`: also with a pod that is deleted or needs a person. `waits`: it stands behind what goes on. `own_page`: its
    page is a form of its own (admin_new.py). `shown`: whether it has a button among the others.
    """

    name: str
    doing: str
    permission: str
    service: Callable[..., Any]
    consequences: Callable[[Any], list[str]]
    idle: Callable[[CloudPod], str] = lambda pod: ""
    asks: Callable[[Any], tuple[Asked, ...]] = _nothing
    dangerous: bool = True
    needs_reason: bool = False
    anyhow: bool = False
    waits: bool = False
    own_page: bool = False
    shown: Callable[[CloudPod], bool] = lambda pod: True

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def url_name(self) -> str:
        return f"pods_cloudpod_{self.name}"


def _deleted(pod: CloudPod) -> bool:
    return pod.phase == Phase.DELETED


def _of_a_snapshot(pod: CloudPod) -> bool:
    """Its button stands beside each snapshot."""
    return False


DEEDS = (
    Deed("start", "Starting", POWER, services.start_pod, on_start, idle=_runs, dangerous=False),
    Deed("stop", "Stopping", POWER, services.stop_pod, on_stop, idle=_is_stopped, asks=_timeout),
    Deed("reboot", "Rebooting", POWER, services.reboot_pod, on_reboot, idle=_is_meant_to_be_stopped, asks=_timeout),
    Deed("resize", "Resizing", POWER, services.resize_pod, on_resize, dangerous=False, own_page=True),
    Deed("rename", "Renaming", POWER, services.rename_pod, on_rename, asks=_hostname, dangerous=False),
    Deed("move", "Moving", POWER, services.move_pod, on_move, asks=_node),
    Deed("snapshot", "Taking a snapshot of", POWER, _take_snapshot, on_snapshot, asks=_new_snapshot, dangerous=False),
    Deed("delete_snapshot", "Deleting a snapshot of", DESTROY, services.delete_snapshot, on_delete_snapshot,
         asks=_snapshot, shown=_of_a_snapshot),
    Deed("rollback", "Rolling back", DESTROY, services.roll_back, on_rollback,
         asks=_snapshot_and_timeout, shown=_of_a_snapshot),
    Deed("suspend", "Suspending", POWER, services.suspend_pod, on_suspend, idle=_is_suspended, asks=_timeout,
         needs_reason=True, waits=True, shown=lambda pod: not pod.suspended_at),
    Deed("resume", "Resuming", POWER, services.resume_pod, on_resume, idle=_is_not_suspended, dangerous=False,
         waits=True, shown=lambda pod: pod.suspended),
    Deed("protect", "Protecting", POWER, _protect, on_protect, dangerous=False, anyhow=True, waits=True,
         shown=lambda pod: not pod.protected),
    Deed("unprotect", "Unprotecting", POWER, _unprotect, on_unprotect, anyhow=True, waits=True,
         shown=lambda pod: pod.protected),
    Deed("restore", "Restoring", POWER, services.restore_pod, on_restore, idle=_is_not_deleted, dangerous=False,
         anyhow=True, shown=_deleted),
    Deed("rebuild", "Rebuilding", DESTROY, services.rebuild_pod, on_rebuild, idle=_is_protected, asks=_template),
    Deed("destroy", "Destroying", DESTROY, services.destroy_pod, on_destroy, idle=_is_deleted_or_protected,
         asks=_timeout, anyhow=True, waits=True),
    Deed("purge", "Purging", DESTROY, services.purge_pod, on_purge, idle=_is_protected, needs_reason=True,
         anyhow=True, waits=True),
)  # fmt: skip
