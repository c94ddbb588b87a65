"""`manage.py cluster check` and `cluster add`: look at clusters as they are, and declare one that is new.

Decides: the words. Not: what is asked or judged (clusters/check/), nor what is proposed (clusters/adding/).
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from clusters.adding.answers import Answers, NotAnswered
from clusters.adding.dialogue import add
from clusters.adding.finish import checked, contradictions, written
from clusters.check import Report, check_cluster
from clusters.check.show import as_json, as_table
from clusters.declaration import Declaration
from clusters.models import Cluster
from core.errors import Refused
from operations.errors import StepError

BOOTSTRAP = "manage.py bootstrap"
FLAGS = {
    "name": ("NAME", "what the cluster is called here (its own name)"),
    "endpoint": ("URLS", "its API's endpoints, separated by spaces or commas"),
    "fingerprint": ("SHA256", "what its certificate has to be, in place of the question"),
    "ca-file": ("FILE", "the CA that signed its certificates, in place of a fingerprint"),
    "token-id": ("ID", "user@realm!name"),
    "token-env": ("VARIABLE", "the environment variable that holds the token's secret (PVE_TOKEN)"),
    "template": ("HOSTNAME", "the template that pods are cloned from (the one there is)"),
    "template-vmids": ("9000-9099", "VMIDs for templates (the hundred that holds them)"),
    "pod-vmids": ("9100-9999", "VMIDs for pods (the next 900 that are free)"),
    "bridge": ("BRIDGE", "what pods are connected to (the template's)"),
    "network": ("NAME", "what the network on it is called here (the cluster's name)"),
    "cidr": ("10.1.10.0/24", "its addresses (the node's own network on the bridge)"),
    "gateway": ("ADDRESS", "the pods' gateway, or none (the node's own on the bridge)"),
    "range": ("FIRST-LAST", "addresses that pods are given"),
    "exclude": ("ADDRESSES", "addresses among them that are in use, or none (none)"),
}

CHECK = """
Each thing is `ok`, `warning` (pods can be made; somebody should look), `failed`, or `unknown` (it could not be asked).
Below what is not ok stands its remedy. Nothing is changed, no secret is shown.

Exit status: 0 when nothing failed (also with warnings), 1 when something failed or could not be asked, 2 when there is
no such cluster or an argument is wrong.
"""

ADD = """
Asks for what it needs, and the cluster for the rest: nodes, storages, bridges, templates. Each question has a flag,
each answer is judged at once, and a question with a sound default shows it in brackets. The certificate's fingerprint
has to be confirmed before anything else is sent. The token's secret is read from the environment variable that
--token-env names, or asked without echo; it is never written. At the end the cluster is checked as declared, FILE is
written, and it is seen whether bootstrap would take it.

Exit status: 0 when FILE is written and nothing failed; 1 when FILE is written, and the check or the database found
something that has to be mended first; 2 when nothing was written.
"""


class Command(BaseCommand):
    help = "Check clusters as they are, or declare a new one by asking it what there is."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser(
            "check",
            help="ask clusters whether they are as declared",
            epilog=CHECK,
            formatter_class=RawDescriptionHelpFormatter,
        )
        check.add_argument("names", nargs="*", metavar="NAME", help="which clusters (all that are in use)")
        check.add_argument("--json", action="store_true", help="for programs: one JSON document")
        add = actions.add_parser(
            "add",
            help="declare a new cluster: asks it, and you, and writes the file for bootstrap",
            epilog=ADD,
            formatter_class=RawDescriptionHelpFormatter,
        )
        add.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what is written (NAME.toml)")
        for flag, words in FLAGS.items():
            add.add_argument(f"--{flag}", metavar=words[0], help=words[1])
        add.add_argument("--key-delivery", choices=["env", "none"], help="how SSH keys reach pods (env from 9.1 on)")
        add.add_argument("--vlan", type=int, metavar="TAG", help="VLAN tag of the pods' network (none)")
        add.add_argument("--yes", action="store_true", help="take every default; what has none needs its flag")
        add.add_argument("--force", action="store_true", help="write over FILE if it is there")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _check(self, options: dict[str, Any]) -> None:
        reports = [check_cluster(cluster) for cluster in _clusters(options["names"])]
        if options["json"]:
            self.stdout.write(json.dumps([as_json(report) for report in reports], indent=1))
        else:
            self.stdout.write("\n".join(as_table(report) for report in reports))
        if any(report.failed for report in reports):
            raise CommandError(_outcome(reports), returncode=1)

    def _add(self, options: dict[str, Any]) -> None:
        answers = Answers(options, say=self._say, read=sys.stdin.readline)
        try:
            _must_not_be_there(options["file"], options["force"])
            added = add(answers)
            cluster = added.document["clusters"][0]
            file: Path = options["file"] or Path(f"{cluster['name']}.toml")
            _must_not_be_there(file, options["force"])
            report = checked(added)
            self.stdout.write(as_table(report))
            declaration = written(added, file, replace_it=options["force"])
        except (Refused, StepError) as error:
            raise CommandError(f"{error.message}\nNothing was written.", returncode=2) from error
        except OSError as error:
            raise CommandError(f"The file cannot be written: {error}.\nNothing was written.", returncode=2) from error
        self.stdout.write(f"Written: {file}")
        self._what_is_next(file, report, declaration, variable=cluster["token"]["secret_env"], typed=added.secret_typed)

    def _what_is_next(
        self, file: Path, report: Report, declaration: Declaration, *, variable: str, typed: bool
    ) -> None:
        if typed:
            self.stdout.write(f"Set {variable} to the token's secret for site, workers and controller.")
        try:
            problems = contradictions(declaration)
        except DatabaseError as error:
            raise CommandError(f"The database could not be asked whether it takes the file: {error}") from error
        if problems:
            raise CommandError("\n  ".join(["bootstrap would refuse the file as it is:", *problems]))
        if report.failed:
            raise CommandError(f"Mend what failed in the check first ({report.summary}). Then: {BOOTSTRAP} {file}")
        self.stdout.write(f"Next: {BOOTSTRAP} {file}")

    def _say(self, words: str) -> None:
        self.stdout.write(words, ending="")
        self.stdout.flush()


def _must_not_be_there(file: Path | None, force: bool) -> None:
    if file is not None and file.exists() and not force:
        raise NotAnswered(f"{file} is there already. Name another file, or write over it with --force.")


def _clusters(names: list[str]) -> list[Cluster]:
    known = {cluster.name: cluster for cluster in Cluster.objects.all()}
    unknown = [name for name in names if name not in known]
    if unknown:
        there = ", ".join(known) or "none yet; declare one with: manage.py cluster add"
        raise CommandError(f"There is no cluster {', '.join(unknown)}. There are: {there}.", returncode=2)
    chosen = [known[name] for name in dict.fromkeys(names)] or [one for one in known.values() if one.enabled]
    if not chosen:
        raise CommandError("No cluster is in use. Declare one with: manage.py cluster add", returncode=2)
    return chosen


def _outcome(reports: list[Report]) -> str:
    return "; ".join(f"cluster {report.cluster}: {report.summary}" for report in reports if report.failed)
