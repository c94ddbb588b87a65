"""Ledger: creates, updates and removes rows, and writes each change into the report and the audit trail.

Decides: what counts as a change, and how values are shown. Not: which rows there should be (apply.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar

from audit.services import Actor, Resource, record
from clusters.bootstrap.report import Change, FieldChange, Report, Verb
from core.rows import Row
from tenants.services import platform_tenant

R = TypeVar("R", bound=Row)

SEALED = frozenset({"token_sealed", "sealed"})  # never shown
_ACTIONS = {Verb.CREATED: "create", Verb.UPDATED: "update", Verb.REMOVED: "remove"}


class Ledger:
    """One bootstrap's changes, in its transaction. They belong to the platform's tenant."""

    def __init__(self, by: Actor, report: Report) -> None:
        self._by = by
        self.report = report

    def put(
        self,
        model: type[R],
        name: str,
        *,
        identity: Mapping[str, Any],
        values: Mapping[str, Any],
        links: Mapping[str, Iterable[Row]] | None = None,
    ) -> R:
        """The row with this identity, made or brought to these values. `links` are its many-to-many fields."""
        links = {field: list(rows) for field, rows in (links or {}).items()}
        row = find(model, identity)
        verb = Verb.UPDATED if row else Verb.CREATED
        before = {} if row is None else {field: getattr(row, field) for field in values} | _linked(row, links)
        if row is None:
            row = model._default_manager.create(**identity, **values)
        changed = [field for field, value in values.items() if field not in before or before[field] != value]
        linked = [field for field, rows in links.items() if _names(rows) != before.get(field)]
        if verb is Verb.UPDATED and changed:
            for field in changed:
                setattr(row, field, values[field])
            row.save(update_fields=changed)
        for field in linked:
            getattr(row, field).set(links[field])
        after = {**values, **{field: _names(rows) for field, rows in links.items()}}
        fields = tuple(_change(field, before, after) for field in [*changed, *linked])
        self._write(verb if fields or verb is Verb.CREATED else Verb.UNCHANGED, row, name, fields)
        return row

    def remove(self, row: Row, name: str) -> None:
        """Delete a row that the file dropped."""
        self._write(Verb.REMOVED, row, name, ())
        row.delete()

    def _write(self, verb: Verb, row: Row, name: str, fields: tuple[FieldChange, ...]) -> None:
        kind = str(row._meta.verbose_name)
        if kind == "address range":
            kind = "exclusion" if getattr(row, "kind", "") == "excluded" else "range"
        self.report.objects.append(Change(verb, kind, name, fields))
        if verb is Verb.UNCHANGED:
            return
        before = {} if verb is Verb.CREATED else {field.name: field.before for field in fields}
        record(
            by=self._by,
            tenant=platform_tenant(),
            action=f"{kind.replace(' ', '_')}.{_ACTIONS[verb]}",
            resource=Resource(kind, row.pk, name),
            before=before,
            after={field.name: field.after for field in fields},
        )


def find(model: type[R], identity: Mapping[str, Any]) -> R | None:
    """The row with this identity, locked: whoever reserves on it (an address, a VMID) waits for our end."""
    return model._default_manager.select_for_update(no_key=True, of=("self",)).filter(**identity).order_by("pk").first()


def plain(value: object) -> object:
    """A value as the audit trail and people read it."""
    if isinstance(value, Row):
        return str(value)
    if isinstance(value, (IPv4Address, IPv4Network)):
        return str(value)
    return None if value == "" else value


def _change(field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> FieldChange:
    if field not in SEALED:
        return FieldChange(field, plain(before.get(field)), plain(after[field]))
    if not before.get(field):
        return FieldChange(field, None, "stored" if after[field] else None)
    return FieldChange(field, "stored", "stored anew" if after[field] else None)


def _linked(row: Row, links: Mapping[str, Any]) -> dict[str, list[str]]:
    return {field: _names(getattr(row, field).all()) for field in links}


def _names(rows: Iterable[Row]) -> list[str]:
    return sorted(str(row) for row in rows)
