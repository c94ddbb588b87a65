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
ALONE = "race"  # it counts what is done within its time, and needs the machine for that


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
    from chaos.report import Report
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
    os.environ["MIGRACLOUD_TEST_ALL"] = "1"  # what bin/test leaves out for its time is left out here by `draw` alone
    os.environ["MIGRACLOUD_CHAOS_KINDS"] = " ".join(name for name in given.names if name in kinds)
    print("Repeat with:", " ".join(["bin/chaos", *["--all"] * given.all, f"--seed {seed}", *given.names]), flush=True)
    status, report = 0, Report()
    for workers, together in ((0, [ALONE]), (WORKERS, [name for name in matrices if name != ALONE])):
        files = [str(FOLDER / f"test_{name}.py") for name in together if name in chosen]
        if files:
            arguments = ["-n", str(workers), "--dist", "worksteal", "-q", "--show-capture=no"]
            status = max(status, pytest.main([*arguments, f"--hypothesis-seed={seed}", *files], plugins=[report]))
    print("\n".join(report.lines(seed)))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
