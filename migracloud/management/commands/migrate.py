"""`manage.py migrate`, as the owner role: the service role that the site logs in as may change no table.

Decides: under which role migrations run. Everything else is Django's.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate


class Command(DjangoMigrate):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def execute(self, *args: Any, **options: Any) -> Any:
        # Before Django's checks, which would break off at the missing alias.
        if "owner" not in settings.DATABASES:
            raise CommandError(
                "Migrations run as the owner of the tables: set DATABASE_OWNER_URL to that role's URL "
                "(manage.py database roles prints the SQL that makes the roles)."
            )
        return super().execute(*args, **options)
