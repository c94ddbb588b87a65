"""The mark: one signed line in a container's description that says whose it is.

Decides: how it is written, read and judged. Not: what is done with a container whose mark does not fit.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from clusters.dataplane.port import Ct

PREFIX = "migracloud-mark"
VERSION = 1
LEAST_SECRET = 16  # bytes; a shorter one could be guessed

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LINE = re.compile(
    rf"(?P<signed>{PREFIX} v{VERSION} key=(?P<key>{_NAME}) pod=(?P<pod>{_UUID}) tenant=(?P<tenant>{_NAME})"
    rf" cluster=(?P<cluster>{_UUID}) vmid=(?P<vmid>[1-9][0-9]{{2,8}}) operation=(?P<operation>{_UUID}))"
    r" signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True)
class MarkKey:
    """A key that signs marks. A retired one still verifies, until no container bears it."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(_NAME, self.id, re.ASCII):
            raise ValueError("The id of a mark key is 1 to 63 letters, digits, dots, dashes or underscores.")
        if len(self.secret) < LEAST_SECRET:
            raise ValueError(f"The secret of mark key {self.id} needs at least {LEAST_SECRET} bytes.")


@dataclass(frozen=True)
class Mark:
    """What a verified mark says. It is true of the container that bears it only if it fits (see `judge`)."""

    version: int
    key: str
    pod: UUID
    tenant: str
    cluster: UUID
    vmid: int
    operation: UUID


def write_mark(key: MarkKey, *, pod: UUID, tenant: str, cluster: UUID, vmid: int, operation: UUID) -> str:
    """The line, without a line end. ValueError when a part could not be read back."""
    signed = (
        f"{PREFIX} v{VERSION} key={key.id} pod={pod} tenant={tenant}"
        f" cluster={cluster} vmid={vmid} operation={operation}"
    )
    line = f"{signed} signature={_signature(key, signed)}"
    if not _LINE.fullmatch(line):
        raise ValueError(f"No mark can be written for tenant {tenant!r} and VMID {vmid}.")
    return line


def read_mark(description: str | None, keys: Sequence[MarkKey]) -> Mark | str:
    """The one mark in a description, verified; else the reason why there is none. No text makes it raise."""
    # Only "\n" parts lines: Proxmox keeps any other control character inside its line.
    lines = [line for line in (description or "").split("\n") if line.startswith(PREFIX)]
    if not lines:
        return "it bears no mark of ours"
    if len(lines) > 1:
        return "it bears more than one mark"
    found = _LINE.fullmatch(lines[0])
    if found is None:
        return "its mark cannot be read"
    signing = [key for key in keys if key.id == found["key"]]
    if not signing:
        return "its mark is signed with a key that this cluster does not have"
    if not any(hmac.compare_digest(_signature(key, found["signed"]), found["signature"]) for key in signing):
        return "the signature of its mark is wrong"
    return Mark(
        version=VERSION,
        key=found["key"],
        pod=UUID(found["pod"]),
        tenant=found["tenant"],
        cluster=UUID(found["cluster"]),
        vmid=int(found["vmid"]),
        operation=UUID(found["operation"]),
    )


def judge(description: str | None, expected: Ct, cluster: UUID, keys: Sequence[MarkKey]) -> str | None:
    """None when the mark fits the container expected there; else the reason why it is a stranger's.

    A clone or a restore made by hand copies the description: a true mark with the wrong VMID or cluster.
    """
    mark = read_mark(description, keys)
    if isinstance(mark, str):
        return mark
    if mark.vmid != expected.vmid:
        return f"its mark was written for VMID {mark.vmid}: a copy made by hand"
    if mark.cluster != cluster:
        return "its mark was written for another cluster: a copy made by hand"
    if mark.pod != expected.pod:
        return f"its mark is that of another pod ({mark.pod})"
    if mark.tenant != expected.tenant:
        return "its mark is that of another tenant"
    return None


def _signature(key: MarkKey, signed: str) -> str:
    return hmac.new(key.secret, signed.encode(), hashlib.sha256).hexdigest()
