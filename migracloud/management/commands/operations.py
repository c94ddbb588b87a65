"""`manage.py operations`: lists and tells of operations, takes one back, deals with what needs a person, freezes and
thaws, and says which tables of kinds an upgrade has to keep.

Decides: the words. Not: what is refused or done (operations/), nor the explanation (operations/explain.py).
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from audit.services import at_the_command_line
from clusters.models import Cluster
from core.clock import control_now
from core.errors import Refused
from operations import attention
from operations.cancelling import cancel
from operations.explain import explain
from operations.freezing import freeze, in_force, thaw
from operations.kind import known_kinds
from operations.models import Freeze, Operation
from operations.timeline import with_steps
from operations.versions import versions
from tenants.models import Tenant

MOST_ROWS = 10_000
MOST_MINUTES = 525_600  # a year
WRONG_ARGUMENT = 2  # as argparse ends by itself
WITHOUT = "only say what would be done"
DEEDS: dict[str, Callable[..., Operation]] = {
    "cancel": cancel,
    "retry": attention.retry,
    "skip": attention.skip,
    "resolve": attention.resolve,
}
HELP = {
    "cancel": "take one back: at its next safe point it undoes what it has done",
    "retry": "try once more what one failed at that needs attention, and go on from there",
    "skip": "say that you have done by hand what one failed at; it goes on with the next step",
    "resolve": "say that you have dealt with all that was left of one; nothing more is done",
}


class Command(BaseCommand):
    help = "List and tell of operations, cancel, retry, skip and resolve them, freeze and thaw, and look at versions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="list what is not done, and what needs a person; newest first")
        listing.add_argument("--all", action="store_true", help="what has ended too")
        listing.add_argument("--state", choices=Operation.State.values, help="only those in this state")
        listing.add_argument("--kind", choices=sorted({kind.name for kind in known_kinds()}), help="only this kind")
        listing.add_argument("--tenant", metavar="TENANT-123", help="only this tenant's")
        listing.add_argument("--most", type=rows_at_most, default=50, metavar="50", help="how many at most")
        show = actions.add_parser("show", help="tell of one: asked, happened, undone, what remains, each try")
        show.add_argument("id", type=known_id, help="as the list shows it")
        for name, words in HELP.items():
            deed = actions.add_parser(name, help=words)
            deed.add_argument("id", type=known_id, help="as the list shows it")
            deed.add_argument("--reason", required=name != "cancel", default="", help="for those who read it later")
            deed.add_argument("--dry-run", action="store_true", help=WITHOUT)
        cold = actions.add_parser("freeze", help="take no new work, and let what runs stand still at its safe points")
        cold.add_argument("--reason", required=True, help="everybody who is refused meanwhile reads it")
        cold.add_argument("--cluster", metavar="NAME", help="only this cluster's work; default: all")
        cold.add_argument("--minutes", type=int, help="after which it ends by itself; default: somebody thaws it")
        cold.add_argument("--dry-run", action="store_true", help=WITHOUT)
        warm = actions.add_parser("thaw", help="end a freeze; without an id list those in force")
        warm.add_argument("id", nargs="?", type=known_id, help="as this lists it")
        warm.add_argument("--reason", default="", help="for those who read it later")
        actions.add_parser(
            "versions", help="which tables of kinds the rows need; exit status 1 when this release lacks one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"]
        try:
            if action in DEEDS:
                return self._deed(action, options)
            do: Callable[[dict[str, Any]], None] = getattr(self, f"_{action}")
            return do(options)
        except Refused as refused:
            raise CommandError(refused.message) from refused

    def _list(self, options: dict[str, Any]) -> None:
        rows: QuerySet[Operation] = Operation.objects.select_related("tenant")
        if options["state"]:
            rows = rows.filter(state=options["state"])
        elif not options["all"]:
            rows = rows.filter(state__in=(*Operation.OPEN, Operation.State.NEEDS_ATTENTION))
        if options["kind"]:
            rows = rows.filter(kind=options["kind"])
        if options["tenant"]:
            rows = rows.filter(tenant=_tenant(options["tenant"]))
        found = list(rows[: options["most"]])
        for row in found:
            waits = f"  waits for {row.awaits}" if row.awaits else ""
            error = f"  {row.error_message[:100]}" if row.error_message else ""
            self.stdout.write(
                f"{row.pk}  {row.state:<15}  {row.kind} {row.subject_name}  {row.tenant.reference}  "
                f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC by {row.actor_name}{waits}{error}"
            )
        if not found:
            self.stderr.write("There are none.")

    def _show(self, options: dict[str, Any]) -> None:
        operation = with_steps(Operation.objects.filter(pk=_operation(options["id"]).pk)).get()
        told = explain(operation)
        self.stdout.write(f"{operation}, {operation.state}, version {operation.version}")
        for name, value in _facts(operation):
            self.stdout.write(f"  {name}: {value}")
        for words in (told.asked, told.happened, told.undone, told.remains, told.next):
            if words:
                self.stdout.write(words)
        for step in operation.steps.all():
            self.stdout.write(f"  {step.position} {step.name}: {step.state}")
            for attempt in step.attempts.all():
                result = attempt.result or ("parked" if attempt.wait_key else "not ended")
                error = f": {attempt.error_message} ({attempt.error_code})" if attempt.error_message else ""
                self.stdout.write(
                    f"      {_moment(attempt.begun_at)} {attempt.direction} {attempt.number}: {result}{error}"
                )
                for line in attempt.detail.splitlines():
                    self.stdout.write(f"          {line}")

    def _deed(self, action: str, options: dict[str, Any]) -> None:
        """A dry run does it and takes it back: so it is refused by just what would refuse it."""
        with transaction.atomic():
            row = DEEDS[action](by=at_the_command_line(), operation=_operation(options["id"]), reason=options["reason"])
            transaction.set_rollback(options["dry_run"])
        would = "would be" if options["dry_run"] else "is"
        done = {"cancel": "asked to go back", "retry": "tried again", "skip": "going on without that step"}
        self.stdout.write(f"{row} {would} {done.get(action, 'resolved')}.")

    def _freeze(self, options: dict[str, Any]) -> None:
        cluster = _cluster(options["cluster"]) if options["cluster"] else None
        minutes = options["minutes"]
        if minutes is not None and not 0 < minutes <= MOST_MINUTES:
            raise CommandError(f"--minutes is a whole number from 1 to {MOST_MINUTES}.", returncode=WRONG_ARGUMENT)
        with transaction.atomic():
            made = freeze(
                by=at_the_command_line(),
                reason=options["reason"],
                place=cluster.place if cluster else "",
                place_name=cluster.name if cluster else "",
                until=control_now() + timedelta(minutes=minutes) if minutes else None,
            )
            transaction.set_rollback(options["dry_run"])
        would = "would be" if options["dry_run"] else "is"
        self.stdout.write(f"{_words(made)} {would} frozen. End it with: manage.py operations thaw {made.pk}")

    def _thaw(self, options: dict[str, Any]) -> None:
        if options["id"] is None:
            for row in in_force():
                until = f"until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else "until it is thawed"
                since = f"since {row.began_at:%Y-%m-%d %H:%M} UTC"
                self.stdout.write(f"{row.pk}  {_words(row)}  {since}, {until}, by {row.actor_name}: {row.reason}")
            if not in_force():
                self.stderr.write("Nothing is frozen.")
            return
        found = Freeze.objects.filter(pk=options["id"]).first()
        if found is None:
            raise CommandError(f"There is no freeze {options['id']}.", returncode=WRONG_ARGUMENT)
        ended = thaw(by=at_the_command_line(), freeze=found, reason=options["reason"])
        self.stdout.write(f"{_words(ended)} goes on.")

    def _versions(self, options: dict[str, Any]) -> None:
        found = versions()
        for one in found:
            rows = f"{one.open} open, {one.attention} need attention"
            self.stdout.write(f"{one.kind:<16} {one.version:>2}  {rows:<32}  {one.verdict}")
        if missing := [f"{one.kind} {one.version}" for one in found if one.is_missing]:
            raise CommandError(f"This release lacks tables that rows need: {', '.join(missing)}.")


def _facts(operation: Operation) -> Iterator[tuple[str, object]]:
    """What it is found by elsewhere, since when it goes on and until when it may."""
    yield "id", operation.pk
    yield operation.subject_kind, operation.subject_id
    yield "tenant", operation.tenant.reference
    if operation.request_id:
        yield "request", operation.request_id
    yield "asked", _moment(operation.created_at)
    moments = [("ended", operation.finished_at)]
    if operation.is_live:
        moments = [("next try", operation.due_at), ("gives up", operation.deadline_at)]
    yield from ((name, _moment(moment)) for name, moment in moments if moment)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _words(row: Freeze) -> str:
    return f"Cluster {row.place_name}" if row.place else "Everything"


def known_id(text: str) -> UUID:
    """Raised: ArgumentTypeError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text[:60]!r} is no id: take it from the list, whole.") from error


def rows_at_most(text: str) -> int:
    """Raised: ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_ROWS):
        raise ArgumentTypeError(f"{text[:60]!r} is no whole number from 1 to {MOST_ROWS}.")
    return int(text)


def _tenant(reference: str) -> Tenant:
    found: Tenant | None = Tenant.objects.filter(reference=reference.upper()).first()
    if found is None:
        raise CommandError(f"There is no tenant {reference[:60]}.", returncode=WRONG_ARGUMENT)
    return found


def _operation(key: UUID) -> Operation:
    found: Operation | None = Operation.objects.filter(pk=key).first()
    if found is None:
        words = f"There is no operation {key}. See: manage.py operations list --all"
        raise CommandError(words, returncode=WRONG_ARGUMENT)
    return found


def _cluster(name: str) -> Cluster:
    found = Cluster.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(Cluster.objects.order_by("name").values_list("name", flat=True))
        raise CommandError(f"There is no cluster {name}; there are: {names or 'none'}.", returncode=WRONG_ARGUMENT)
    return found
