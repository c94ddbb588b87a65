"""apply_spans(): makes a subnet's ranges and exclusions those of the file, and says which live leases that concerns.

Decides: which are removed and made. Not: whether they contradict each other (declaration/network_rules.py).
"""

from __future__ import annotations

from ipaddress import IPv4Address

from clusters.bootstrap.ledger import Ledger
from clusters.declaration import shape as declared
from ipam.models import AddressRange, IPLease, Subnet

ALLOCATABLE, EXCLUDED = AddressRange.Kind.ALLOCATABLE, AddressRange.Kind.EXCLUDED


def apply_spans(subnet: declared.Subnet, row: Subnet, ledger: Ledger) -> None:
    """Ranges and exclusions follow the file exactly: what it dropped is removed first, since kinds may not overlap."""
    held = {(span.kind, span.first, span.last): span for span in row.ranges.order_by("kind", "first")}
    stated = {
        (str(kind), str(span.first), str(span.last)): span
        for kind, spans in ((ALLOCATABLE, subnet.ranges), (EXCLUDED, subnet.exclusions))
        for span in spans
    }
    _warn_of_leases(subnet, row, list(held.values()), ledger)
    for identity, old in held.items():
        if identity not in stated:
            ledger.remove(old, f"{old} of {row}")
    for (kind, first, last), span in stated.items():
        ledger.put(
            AddressRange,
            f"{span} of {row}",
            identity={"subnet": row, "kind": kind, "first": first, "last": last},
            values={"reason": span.reason},
        )


def _warn_of_leases(subnet: declared.Subnet, row: Subnet, held: list[AddressRange], ledger: Ledger) -> None:
    """A live lease stays whatever the ranges become; a person should know that it stands outside of them now."""
    before = [(span.kind, IPv4Address(span.first), IPv4Address(span.last)) for span in held]
    for lease in IPLease.objects.filter(subnet=row, released_at=None).order_by("address"):
        address = IPv4Address(lease.address)
        kinds = {kind for kind, first, last in before if first <= address <= last}
        if kinds == {ALLOCATABLE} and not subnet.may_give_out(address):
            ledger.report.warnings.append(
                f"{subnet.key}: {address} can no longer be given out, but it is leased ({lease.purpose}). "
                "The lease stays until it is released."
            )
