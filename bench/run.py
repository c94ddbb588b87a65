"""`bin/bench`: runs benchmarks and prints their figures, one line each.

Decides: which benchmarks there are, the output, the exit status. Not: what each measures (a file each).
"""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

import requests

from bench.figures import COLUMNS, Figure
from bench.parked import parked
from bench.twelve_creates import twelve_creates
from bench.two_hundred_creates import two_hundred_creates
from demo.handle import FakeError
from demo.mpanel import ApiRefusal
from demo.world import CannotDemonstrate
from migracloud.database import DatabaseError

# What keeps one from being measured: told in a line, and the exit status is 1.
CANNOT_MEASURE = (
    CannotDemonstrate,
    DatabaseError,
    FakeError,
    ApiRefusal,
    TimeoutError,
    RuntimeError,
    requests.RequestException,
)


class Benchmark(Protocol):
    """Measures. `quick`: with less of everything, to see whether it works; its figures have other names."""

    def __call__(self, *, quick: bool) -> list[Figure]: ...


BENCHMARKS: dict[str, tuple[Benchmark, str]] = {
    "twelve-creates": (twelve_creates, "twelve creates at once, wall time against the floor of the clone lanes"),
    "two-hundred-creates": (
        two_hundred_creates,
        "200 creates over four nodes, wall time and calls against the floor of even lanes and a thread a pod",
    ),
    "parked": (parked, "1,000 operations that wait for tasks, processor time of worker and controller"),
}


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure speed as ratios against baselines.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; all of them unless given")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and run none")
    parser.add_argument("--quick", action="store_true", help="less of everything; the figures have other names")
    parsed = parser.parse_args(arguments)
    if unknown := [name for name in parsed.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    return parsed


def main(arguments: list[str]) -> int:
    args = parse(arguments)
    if args.list:
        for name, (_, words) in BENCHMARKS.items():
            print(f"{name}\t{words}")
        return 0
    print(COLUMNS, flush=True)
    met = True
    for name in args.names or BENCHMARKS:
        try:
            figures = BENCHMARKS[name][0](quick=args.quick)
        except CANNOT_MEASURE as reason:
            print(f"bench: {name}: {reason}", file=sys.stderr)
            return 1
        for figure in figures:
            print(figure.line, flush=True)
            met = met and figure.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
