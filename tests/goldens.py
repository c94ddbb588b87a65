"""Writes the goldens that are made without a database: `python -m tests.goldens`, as bin/goldens does.

Decides: which there are. Not: what is in them (explanations.py).
"""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    django.setup()
    from tests.operations import explanations  # its models need the set-up

    explanations.GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    explanations.GOLDEN.write_text(explanations.text())


if __name__ == "__main__":
    main()
