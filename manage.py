#!/usr/bin/env python3
"""Django's commands for this project. Decides: nothing but how a wrong setting or database is told."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError, ProgrammingError
    from psycopg.errors import UndefinedColumn, UndefinedTable

    from migracloud.database import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, DatabaseError) as error:
        sys.exit(f"manage.py: {error}")
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
            raise
        sys.exit("manage.py: The database lacks tables or columns. Make them: .venv/bin/python manage.py migrate")
    except (OperationalError, InterfaceError) as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        sys.exit(f"manage.py: PostgreSQL cannot be reached ({cause}). Is it up, and is DATABASE_URL right?")


if __name__ == "__main__":
    main()
