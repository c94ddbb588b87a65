"""A worker as a process of its own: drives one operation once, as a task would, and prints how it was left.

Decides: nothing; `python -m tests.programs.drive OPERATION`.
"""

import os
import sys
from uuid import UUID

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    django.setup()
    from operations import engine

    sys.stdout.write(engine.drive(UUID(sys.argv[1])) + "\n")
