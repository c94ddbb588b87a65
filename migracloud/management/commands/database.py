"""`manage.py database`: starts, stops and shows the embedded PostgreSQL, and the roles' SQL for one's own.

Decides: the words. Not: how a database is had or what a role may do (`migracloud/database.py` and below).
"""

import os
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from migracloud import database
from migracloud.postgres.apply import apply_roles
from migracloud.postgres.roles import script


class Command(BaseCommand):
    help = "Start, stop and show the embedded PostgreSQL; print or apply the SQL that makes the roles."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("start", help="start the embedded PostgreSQL (DATABASE_URL unset)")
        actions.add_parser("stop", help="stop the embedded PostgreSQL")
        actions.add_parser("status", help="say whether it runs")
        url = actions.add_parser("url", help="print the URL that a role logs in with (it may hold a password)")
        url.add_argument("--role", choices=("service", "owner"), default="service")
        roles = actions.add_parser("roles", help="print the SQL of roles and grants for psql, or apply it")
        roles.add_argument("--database", help="default: the database of DATABASE_URL, else migracloud")
        roles.add_argument(
            "--apply",
            metavar="VARIABLE",
            help="run it with the superuser's URL found in this environment variable "
            "(its name, not the URL: a password on a command line is seen by others)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            words = getattr(self, f"_{options['action']}")(options)
        except database.DatabaseError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(words)

    def _start(self, options: dict[str, Any]) -> str:
        self._must_be_embedded()
        server = database.ensure_started(database.data_dir(os.environ))
        return f"PostgreSQL runs; its socket is in {server.socket_dir}."

    def _stop(self, options: dict[str, Any]) -> str:
        self._must_be_embedded()
        stopped = database.stop(database.data_dir(os.environ))
        return "PostgreSQL is stopped." if stopped else "PostgreSQL was not running."

    def _status(self, options: dict[str, Any]) -> str:
        if os.environ.get("DATABASE_URL"):
            return "DATABASE_URL is set: the embedded PostgreSQL is not used."
        server = database.status(database.data_dir(os.environ))
        return f"PostgreSQL runs; its socket is in {server.socket_dir}." if server else "PostgreSQL is not running."

    def _url(self, options: dict[str, Any]) -> str:
        urls = database.urls(os.environ, database.data_dir(os.environ), start=False)
        if options["role"] == "service":
            return urls.service
        if urls.owner is None:
            raise CommandError("DATABASE_OWNER_URL is not set: set it to the URL with which migrations log in.")
        return urls.owner

    def _roles(self, options: dict[str, Any]) -> str:
        name = options["database"] or self._configured_database()
        variable = options["apply"]
        if variable is None:
            return script(name)
        superuser = os.environ.get(variable)
        if not superuser:
            raise CommandError(
                f"--apply: the environment variable {variable} is not set; put the superuser's URL there."
            )
        try:
            apply_roles(superuser, name)
        except psycopg.Error as error:
            raise CommandError(f"PostgreSQL refused: {error}") from error
        return (
            f"Roles and grants are in place for database {name}. A login role that is new has no password: "
            "set it with psql's \\password."
        )

    def _configured_database(self) -> str:
        url = os.environ.get("DATABASE_URL")
        return str(database.django_settings(url)["NAME"]) if url else database.DATABASE

    def _must_be_embedded(self) -> None:
        if os.environ.get("DATABASE_URL"):
            raise CommandError("DATABASE_URL is set: that PostgreSQL is started and stopped by whoever runs it.")
