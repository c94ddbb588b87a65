"""`manage.py bootstrap FILE`: makes clusters, networks and templates what a declarative file says, and reports it.

Decides: the words. Not: what is read (clusters/declaration/) or done (clusters/bootstrap/).
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusters.bootstrap import Change, Report, Verb, bootstrap
from clusters.declaration import DeclarationRefused, read_declaration
from core.errors import Refused

DETAILS = """
FILE is TOML; demo/cluster.toml is a commented example. What is missing is created, what differs is updated, what the
file does not mention is left alone and listed. Only the ranges and exclusions of a subnet follow the file exactly.
All of it happens in one transaction: a file with any problem changes nothing, and every problem is listed by its key.

A text may contain ${NAME}, which stands for the environment variable NAME. Secrets never stand in the file:
clusters.token.secret_env names the variable that holds the token's secret.

Exit status: 0 when the database is as the file says (also when nothing had to change), 1 when the file was refused.
"""


class Command(BaseCommand):
    help = "Make clusters, networks and golden templates what a declarative file says."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, epilog=DETAILS, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the declaration, such as demo/cluster.toml")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            report = bootstrap(read_declaration(file), dry_run=dry_run)
        except DeclarationRefused as refused:
            count = len(refused.problems)
            heading = f"{file} is refused, nothing was changed. {count} problem{'s' if count > 1 else ''}:"
            raise CommandError("\n  ".join([heading, *map(str, refused.problems)])) from refused
        except Refused as refused:
            raise CommandError(f"{file} is refused, nothing was changed: {refused.message}") from refused
        self.stdout.write("\n".join(lines(report)))


def lines(report: Report) -> list[str]:
    """The report for people."""
    told = [line for change in report.objects for line in _lines_of(change)]
    told += [f"{'not in the file':15} {one}; left alone" for one in report.not_in_file]
    told += [f"{'warning':15} {one}" for one in report.warnings]
    counts = ", ".join(f"{report.count(verb)} {verb}" for verb in Verb)
    if not report.changes:
        summary = f"Nothing changed: {counts}."
    elif report.dry_run:
        summary = f"Dry run, nothing was changed. It would be: {counts}."
    else:
        summary = f"Done: {counts}."
    return [*told, summary]


def _lines_of(change: Change) -> list[str]:
    head = f"{change.verb:15} {change}"
    if change.verb is Verb.CREATED:
        stated = [field for field in change.fields if field.after not in (None, [])]
        values = ", ".join(f"{field.name} {_shown(field.after)}" for field in stated)
        return [f"{head} ({values})" if values else head]
    return [head, *(f"{'':15}   {f.name}: {_shown(f.before)} -> {_shown(f.after)}" for f in change.fields)]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "(empty)"
    return "none" if value is None else str(value)
