"""Writes the goldens that are made without a database: `python -m tests.goldens`, as bin/goldens does.

Decides: which there are. Not: what is in them (explanations.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import django

PLOT = Path(__file__).resolve().parent.parent / "docs" / "kinds.md"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    django.setup()
    from operations.plot import page  # models need the set-up
    from tests.operations import explanations

    PLOT.write_text(page())
    explanations.GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    explanations.GOLDEN.write_text(explanations.text())


if __name__ == "__main__":
    main()
