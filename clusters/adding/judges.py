"""What each answer has to look like, told in a sentence: from a text to a value, or ValueError.

Decides: the forms, which are the declaration's own. Not: which questions there are (dialogue.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from urllib.parse import urlsplit

from clusters.dataplane.access import DEFAULT_PORT, host_of, plain_fingerprint
from clusters.declaration.network_rules import LONGEST_PREFIX
from clusters.declaration.parse import FINGERPRINT, LAST_VMID, TOKEN
from clusters.declaration.table import Form

NONE = "none"
Span = tuple[IPv4Address, IPv4Address]


def of_form(form: Form) -> Callable[[str], str]:
    def judge(text: str) -> str:
        if not re.fullmatch(form.pattern, text, re.ASCII):
            raise ValueError(f"{text!r} will not do: this has to be {form.words}.")
        return text

    return judge


def one_of(choices: Iterable[str]) -> Callable[[str], str]:
    known = list(dict.fromkeys(choices))

    def judge(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text!r} is none of {', '.join(known) or '(there is none)'}.")
        return text

    return judge


def endpoints(text: str) -> tuple[str, ...]:
    """Several are separated by spaces or commas. A bare host name gets https and Proxmox's own port."""
    found = [_endpoint(part) for part in re.split(r"[,\s]+", text) if part]
    if not found:
        raise ValueError("This needs at least one endpoint.")
    return tuple(dict.fromkeys(found))


def _endpoint(text: str) -> str:
    whole = (text if "://" in text else f"https://{text}").rstrip("/")
    host_of(whole)  # says in its own words what is wrong
    return whole if urlsplit(whole).port else f"{whole}:{DEFAULT_PORT}"


def fingerprint(text: str) -> str:
    return plain_fingerprint(of_form(FINGERPRINT)(text))


def ca_file(text: str) -> str:
    path = Path(text).expanduser().resolve()
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    return str(path)


def token_id(text: str) -> str:
    of_form(TOKEN)(text)
    if text.startswith("root@pam!"):
        raise ValueError("A token of root@pam may do everything. Make a user with the least privileges.")
    return text


def vmids(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{3,9})\s*-\s*(\d{3,9})", text)
    if not found or not 100 <= int(found[1]) <= int(found[2]) <= LAST_VMID:
        raise ValueError(f"{text!r} is no range of VMIDs such as 9100-9999.")
    return int(found[1]), int(found[2])


def network(text: str) -> IPv4Network:
    try:
        cidr = IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no IPv4 network such as 10.1.10.0/24: {error}.") from error
    if cidr.prefixlen > LONGEST_PREFIX:
        raise ValueError(f"{cidr} is too small; the longest prefix is /{LONGEST_PREFIX}.")
    return cidr


def address_in(cidr: IPv4Network) -> Callable[[str], IPv4Address]:
    def judge(text: str) -> IPv4Address:
        try:
            address = IPv4Address(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is no IPv4 address such as {cidr[1]}.") from error
        if address not in cidr or address in (cidr.network_address, cidr.broadcast_address):
            raise ValueError(f"{address} is no host's address in {cidr}.")
        return address

    return judge


def gateway_in(cidr: IPv4Network) -> Callable[[str], IPv4Address | None]:
    return lambda text: None if text == NONE else address_in(cidr)(text)


def span_in(cidr: IPv4Network) -> Callable[[str], Span]:
    """`first-last`, or one address."""

    def judge(text: str) -> tuple[IPv4Address, IPv4Address]:
        first, _, last = (part.strip() for part in text.partition("-"))
        ends = address_in(cidr)(first), address_in(cidr)(last or first)
        if ends[0] > ends[1]:
            raise ValueError(f"{ends[0]} comes after the last address, {ends[1]}.")
        return ends

    return judge


def spans_in(cidr: IPv4Network) -> Callable[[str], list[Span]]:
    """Several, separated by spaces or commas; or `none`."""

    def judge(text: str) -> list[Span]:
        return [] if text == NONE else [span_in(cidr)(part) for part in re.split(r"[,\s]+", text) if part]

    return judge
