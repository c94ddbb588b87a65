"""What each process has counted, kept in files so that one scrape can tell of all of them, dead ones too.

Decides: where the files are, and how those of dead processes are added up. Not: what is counted (counters.py).

prometheus_client keeps a file a process and kind of metric, and writes each number into it at once: one that is killed
loses nothing. Ours are named by process id *and* start, so that no process goes on in another's file, and stand in a
folder for this boot and namespace of processes. When its process is dead, a file is added to the files of the past and
goes. The manifest says which files are past and which ones have been added to them; replacing it is one step, so that
whoever dies in the middle leaves nothing counted twice or not at all. Another boot's folders go: counters begin anew
then, which Prometheus takes for what it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from operations.workers import is_dead, this_place, worker_name

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # of prometheus_client; settings.py sets it, before anything imports that


def folder_in(data: Path) -> Path:
    """Where this boot's processes count, as far as they see each other."""
    return data / "metrics" / f"{_boot()}-{this_place()}"


def make_folder() -> None:
    Path(os.environ[VARIABLE]).mkdir(mode=0o700, parents=True, exist_ok=True)


class ProcessCounters(Collector):
    """The counters of all processes of this boot that share our data folder, in other containers too."""

    def collect(self) -> Iterable[Metric]:
        ours = Path(os.environ[VARIABLE])
        make_folder()
        for other in ours.parent.iterdir():
            if not other.name.startswith(f"{_boot()}-"):
                shutil.rmtree(other, ignore_errors=True)
        with ExitStack() as stack:
            places = sorted(ours.parent.glob(f"{_boot()}-*"))
            for place in places:
                stack.enter_context(_alone(place))
            add_up_the_dead(ours)  # whether a process of another place lives is not known here
            files = [str(file) for place in places for file in _counting(place)]
            yield from MultiProcessCollector.merge(files, accumulate=True)


def add_up_the_dead(folder: Path) -> None:
    """Call it alone (see _alone)."""
    manifest = _manifest(folder)
    for file in folder.glob("*.db"):
        is_left_over = "_past-" in file.name and file.name not in manifest["past"]
        if is_left_over or file.name in manifest["added"]:
            file.unlink()
    dead = [file for file in folder.glob("*.db") if "_past-" not in file.name and _is_of_a_dead_process(file)]
    if not dead:
        return
    before = [folder / name for name in manifest["past"]]
    past = _sum_into_new_files(folder, [*before, *dead])
    new = folder / "manifest.new"
    new.write_text(json.dumps({"past": past, "added": [file.name for file in dead]}))
    new.replace(folder / "manifest")
    for file in (*before, *dead):
        file.unlink()


def _sum_into_new_files(folder: Path, files: list[Path]) -> list[str]:
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for file in files:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)) if file.stat().st_size else ():
            sums[file.name.partition("_")[0]][key] += value
    names = []
    for kind, numbers in sums.items():
        names.append(f"{kind}_past-{uuid4().hex}.db")
        kept = MmapedDict(str(folder / names[-1]))
        for key, value in numbers.items():
            kept.write_value(key, value, 0.0)
        kept.close()
    return names


def _counting(folder: Path) -> list[Path]:
    """The files that count now. One that has just been made may be empty yet."""
    manifest = _manifest(folder)
    return [
        file
        for file in sorted(folder.glob("*.db"))
        if file.stat().st_size
        and (file.name in manifest["past"] if "_past-" in file.name else file.name not in manifest["added"])
    ]


def _manifest(folder: Path) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = json.loads((folder / "manifest").read_text())
    except FileNotFoundError:
        return {"past": [], "added": []}
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_of_a_dead_process(file: Path) -> bool:
    pid, _, start = file.stem.partition("_")[2].partition("-")
    return is_dead(f"process:{pid}:{start}:{this_place()}")


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]


@cache
def _name_of(pid: int) -> str:
    _, _, start, _ = worker_name().rsplit(":", 3)
    return f"{pid}-{start}"


# The library's own choice would be the bare process id.
values.ValueClass = values.MultiProcessValue(lambda: _name_of(os.getpid()))
