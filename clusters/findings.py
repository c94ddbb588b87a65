"""open_finding(), close_finding(): what needs a person and is no operation, once a thing for as long as it is so.

Decides: the codes, how grave each is, and what a person is told to do. Not: when something is found (halting.py,
noticing.py, pods/meeting.py, pods/noticing.py).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from audit.services import Actor, Resource, record
from clusters.models import Cluster, Finding, TemplateCopy
from core.clock import control_now
from core.errors import Invalid, Refused
from tenants.services import platform_tenant

log = logging.getLogger(__name__)

WARNING, CRITICAL = Finding.Severity.WARNING, Finding.Severity.CRITICAL

THE_CLUSTER = "the cluster"  # what a finding is about that concerns all of it


class Code(StrEnum):
    """Stable: programs decide by them."""

    TOKEN_REFUSED = "token_refused"  # noqa: S105 (no password)
    CERTIFICATE_NOT_TRUSTED = "certificate_not_trusted"
    NO_QUORUM = "no_quorum"
    NODE_OFFLINE = "node_offline"
    STORAGE_FULL = "storage_full"
    TEMPLATE_LOCKED = "template_locked"
    STUCK_LOCK = "stuck_lock"
    STRANGER = "stranger"
    MOVED_TO_UNKNOWN_NODE = "moved_to_unknown_node"
    RETURNED = "returned"


@dataclass(frozen=True)
class Usual:
    """How grave it is, and what to do; names in braces are given by whoever found it."""

    severity: Finding.Severity
    what_to_do: str


USUAL: dict[str, Usual] = {
    Code.TOKEN_REFUSED: Usual(
        CRITICAL,
        "Make the API token good again in Proxmox (it is disabled, deleted or expired), or declare another one. All "
        "work on the cluster stands still until the cluster accepts it, and then goes on within a minute.",
    ),
    Code.CERTIFICATE_NOT_TRUSTED: Usual(
        CRITICAL,
        "Compare the certificate's fingerprint on the node with the one that is declared. If the certificate was "
        "renewed, declare the new fingerprint or its CA; if not, somebody else answers at the endpoint. Nothing is "
        "sent until then.",
    ),
    Code.NO_QUORUM: Usual(
        CRITICAL, "Bring back the nodes that are down: with half of them or fewer the cluster takes no change."
    ),
    Code.NODE_OFFLINE: Usual(
        CRITICAL,
        "Bring node {node} back. If it is lost for good, write it off: manage.py node write-off "
        "--reason WHY {cluster}/{node}",
    ),
    Code.STORAGE_FULL: Usual(CRITICAL, "Make room on storage {storage} of node {node}, or enlarge it."),
    Code.TEMPLATE_LOCKED: Usual(
        WARNING,
        "No task works on the template copy, and nothing is put on node {node} until it is free. On that node, "
        "type: pct unlock {vmid}",
    ),
    Code.STUCK_LOCK: Usual(
        CRITICAL,
        "No task works on the container, and only the node itself can take the lock away; what waits for it then goes "
        "on by itself. On node {node}, type: {commands}",
    ),
    Code.STRANGER: Usual(
        WARNING,
        "The container {vmid} on node {node} is not ours and is left alone; no pod is given its VMID. Find out whose "
        "it is; move it to a VMID outside of the pods' range, or destroy it by hand.",
    ),
    Code.MOVED_TO_UNKNOWN_NODE: Usual(
        CRITICAL, "Declare node {node}, or move the container back to a node that is declared."
    ),
    Code.RETURNED: Usual(
        CRITICAL,
        "It belonged to a pod that was given up with its node, and may hold the address {address}. See that it does "
        "not run, and destroy it by hand. When none is left on the node, declare it wiped: manage.py node "
        "declare-wiped --reason WHY {node}",
    ),
}


class FindingClosed(Refused):
    """The finding is closed already."""

    code = "finding_closed"


def about_ct(vmid: int | str) -> str:
    return f"CT {vmid}"


def about_node(name: str) -> str:
    return f"node {name}"


def about_storage(name: str, *, node: str) -> str:
    return f"storage {name} on node {node}"


def open_findings(cluster: Cluster | None = None) -> QuerySet[Finding]:
    """What needs a person now, the newest first; of one cluster, or of all."""
    rows = Finding.objects.filter(closed_at=None).select_related("cluster")
    return rows if cluster is None else rows.filter(cluster=cluster)


def not_locked(copies: QuerySet[TemplateCopy]) -> QuerySet[TemplateCopy]:
    """Those that can be cloned: without the ones whose lock nobody holds."""
    its_ct = Concat(Value(about_ct("")), Cast(OuterRef("vmid"), CharField()))
    return copies.filter(
        ~Exists(
            Finding.objects.filter(cluster=OuterRef("cluster"), code=Code.TEMPLATE_LOCKED, about=its_ct, closed_at=None)
        )
    )


def open_finding(
    *,
    cluster: Cluster,
    code: str,
    about: str,
    detail: str = "",
    severity: str = "",
    what_to_do: str = "",
    **names: object,
) -> bool:
    """Note that it is so: a new finding, or the open one seen again. In whatever transaction found it.

    Severity and what to do are those of the code, unless they are given; `names` are put into the latter's braces.
    Returns whether it is new.
    """
    now, about = control_now(), about[:255]
    same = Finding.objects.filter(cluster=cluster, code=code, about=about, closed_at=None)
    if same.update(seen_at=now, detail=detail):
        return False
    usual = USUAL.get(code, Usual(WARNING, ""))
    try:
        with transaction.atomic():
            made = Finding.objects.create(
                cluster=cluster,
                code=code,
                about=about,
                detail=detail,
                severity=severity or usual.severity,
                what_to_do=what_to_do or usual.what_to_do.format(cluster=cluster.name, **names),
                opened_at=now,
                seen_at=now,
            )
    except IntegrityError:  # somebody has found the same just now
        if same.update(seen_at=now, detail=detail):
            return False
        raise
    log.warning("cluster %s: %s of %s. %s", cluster, code, about, made.what_to_do)
    return True


def close_finding(
    *, cluster: Cluster, code: str, because: str, about: str | None = None, as_of: datetime | None = None
) -> int:
    """It is no longer so. Without `about`, all of the code. Returns how many there were.

    `as_of`: how old at most what shows it is: what was found later than that stays open.
    """
    rows = Finding.objects.filter(cluster=cluster, code=code, closed_at=None)
    if about is not None:
        rows = rows.filter(about=about)
    if as_of is not None:
        rows = rows.filter(seen_at__lte=as_of)
    closed = rows.update(closed_at=control_now(), closed_because=because[:255])
    if closed:
        log.warning("cluster %s: %s%s is over: %s", cluster, code, f" of {about}" if about else "", because)
    return closed


def close_by_person(*, by: Actor, finding: Finding, reason: str) -> Finding:
    """A person says that it is dealt with. What is still so is found again. Refused: Invalid, FindingClosed."""
    if not reason.strip():
        raise Invalid("Say why, for those who read it later.", field="reason")
    with transaction.atomic():
        row: Finding = (
            Finding.objects.select_for_update(no_key=True, of=("self",)).select_related("cluster").get(pk=finding.pk)
        )
        if row.closed_at is not None:
            raise FindingClosed(f"It was closed already: {row.closed_because}")
        row.closed_at, row.closed_because = control_now(), f"{by.name}: {reason.strip()}"[:255]
        row.save(update_fields=["closed_at", "closed_because"])
        record(
            by=by,
            tenant=platform_tenant(),
            action="finding.close",
            resource=Resource("finding", row.pk, str(row)),
            reason=reason,
            before={"cluster": row.cluster.name, "code": row.code, "about": row.about},
        )
        return row
