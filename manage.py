#!/usr/bin/env python3
"""Django's commands for this project. Decides: nothing but how a wrong setting is told."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from migracloud.database import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, DatabaseError) as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
