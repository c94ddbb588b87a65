"""bin/chaos: the matrices, all or those that are named, of all kinds or those that are named.

Decides: the arguments, and how pytest is called for them. Not: what a matrix does.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path

import django
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "chaos" / "matrices"
WORKERS = 2


def parser(matrices: list[str], kinds: list[str]) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="bin/chaos")
    made.add_argument("--all", action="store_true")
    made.add_argument("--seed", type=int)
    made.add_argument("names", nargs="*", metavar="NAME")
    made.epilog = f"Matrices: {', '.join(matrices)}. Kinds: {', '.join(kinds)}."
    return made


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    django.setup()
    from chaos.scenarios import SCENARIOS  # with Django set up

    matrices = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    kinds = sorted({scenario.kind for scenario in SCENARIOS})
    reader = parser(matrices, kinds)
    given = reader.parse_args()
    if unknown := [name for name in given.names if name not in (*matrices, *kinds)]:
        reader.error(f"there is no matrix and no kind {unknown[0]!r}. {reader.epilog}")
    seed = given.seed if given.seed is not None else random.randrange(2**30)
    chosen = [name for name in given.names if name in matrices] or matrices
    os.environ["MIGRACLOUD_CHAOS"] = "all" if given.all else "sample"
    os.environ["MIGRACLOUD_CHAOS_KINDS"] = " ".join(name for name in given.names if name in kinds)
    print("Repeat with:", " ".join(["bin/chaos", *["--all"] * given.all, f"--seed {seed}", *given.names]), flush=True)
    arguments = ["-n", str(WORKERS), "--dist", "worksteal", "-q", "--show-capture=no", "-p", "chaos.report"]
    arguments += [f"--hypothesis-seed={seed}", *(str(FOLDER / f"test_{name}.py") for name in chosen)]
    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(main())
