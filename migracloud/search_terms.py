"""What somebody typed into the search: an id, a MAC, an address, a task, a number, a tenant's reference, or a name.

Decides: which of these it may be, each in the form in which it is stored. Not: what is looked for (search_rows.py).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

LONGEST = 255
LARGEST_VMID = 999_999_999
MAC = re.compile(r"(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})", re.IGNORECASE)
BARE_MAC = re.compile(r"[0-9a-f]{12}", re.IGNORECASE)  # a host name may look like this too
REFERENCE = re.compile(r"tenant[- ]?(0|[1-9][0-9]{0,8})", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """What was typed, and each thing that it may be. `name` is empty where the form leaves no doubt."""

    typed: str
    id: UUID | None = None
    mac: str = ""
    address: IPv4Address | IPv6Address | None = None
    task: str = ""
    vmid: int | None = None
    reference: str = ""
    name: str = ""


def read(typed: str) -> Term:
    """Blanks around it, and letters that nobody sees, come with what is copied."""
    text = "".join(letter for letter in typed if letter.isprintable()).strip()[:LONGEST]
    if row_id := _id(text):
        return Term(text, id=row_id)
    if MAC.fullmatch(text):
        return Term(text, mac=_mac(text))
    if address := _address(text):
        return Term(text, address=address)
    if text.upper().startswith("UPID:"):
        return Term(text, task=_task(text))
    if found := REFERENCE.fullmatch(text):
        return Term(text, reference=f"TENANT-{found[1]}")
    if re.fullmatch(r"[0-9]+", text) and int(text) <= LARGEST_VMID:
        return Term(text, vmid=int(text), reference=f"TENANT-{int(text)}", name=text)
    return Term(text, mac=_mac(text) if BARE_MAC.fullmatch(text) else "", name=text)


def _id(text: str) -> UUID | None:
    if not re.fullmatch(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}", text):
        return None
    return UUID(text)


def _mac(text: str) -> str:
    digits = re.sub(r"[^0-9a-f]", "", text.lower()).upper()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """With the mask that comes along when it is copied from a container's configuration."""
    bare = re.sub(r"/[0-9]{1,3}\Z", "", text)
    if not re.search(r"[.:]", bare):
        return None
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def _task(text: str) -> str:
    """Proxmox ends a UPID with a colon, which a double click does not take along."""
    return f"UPID:{text[5:].rstrip(':')}:"
