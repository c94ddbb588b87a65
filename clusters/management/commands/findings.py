"""`manage.py findings`: what needs a person and is no operation; with `close`, that a person has dealt with one.

Decides: the words. Not: what is found, and when it is over (clusters/findings.py).
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from audit.services import at_the_command_line
from clusters.findings import close_by_person, open_findings
from clusters.models import Finding
from core.errors import Refused


class Command(BaseCommand):
    help = "List what needs a person, with what to do about it; close what was dealt with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        listing = actions.add_parser("list", help="list the open ones, the newest first (this is the usual)")
        listing.add_argument("--all", action="store_true", help="those that are over too")
        close = actions.add_parser("close", help="say that one is dealt with; what is still so is found again")
        close.add_argument("id", help="as the list shows it")
        close.add_argument("--reason", required=True, help="for those who read it later")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "close":
            return self._close(options["id"], options["reason"])
        return self._list(everything=bool(options.get("all")))

    def _list(self, *, everything: bool) -> None:
        rows = Finding.objects.select_related("cluster") if everything else open_findings()
        for finding in rows:
            over = f"  over {finding.closed_at:%Y-%m-%d %H:%M}: {finding.closed_because}" if finding.closed_at else ""
            self.stdout.write(
                f"{finding.pk}  {finding.severity:<8}  {finding.cluster}  {finding.code}: {finding.about}"
                f"  since {finding.opened_at:%Y-%m-%d %H:%M} UTC{over}"
            )
            self.stdout.write(f"    {finding.what_to_do}")
        if not rows:
            self.stderr.write("Nothing needs a person.")

    def _close(self, text: str, reason: str) -> None:
        try:
            finding = Finding.objects.filter(pk=UUID(text)).first()
        except ValueError:
            finding = None
        if finding is None:
            raise CommandError(f"There is no finding {text}. See: manage.py findings list --all")
        try:
            closed = close_by_person(by=at_the_command_line(), finding=finding, reason=reason)
        except Refused as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"{closed} is closed.")
