"""The kinds of outcome that a recorded line may have, each with how it is checked over HTTPS.

Decides: what is compared, at the transport and at the port. Not: which line has which outcome (expected.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from clusters.dataplane import errors
from clusters.dataplane.answers import task_error
from clusters.dataplane.port import Mine, Stranger
from clusters.dataplane.resources import guest_of
from clusters.dataplane.values import task_of
from operations.errors import StepError
from tests.clusters.dataplane.recorded import RECORDINGS, Line, Replay, port_call, vmid_of


class Expectation(ABC):
    @abstractmethod
    def check(self, line: Line, replay: Replay) -> None: ...


@dataclass(frozen=True)
class Refused(Expectation):
    error: type[StepError]
    fields: list[str] = field(default_factory=list)

    def check(self, line: Line, replay: Replay) -> None:
        for call in (replay.raw, replay.port):
            if call == replay.port and port_call(replay.plane, line) is None:
                continue
            with pytest.raises(StepError) as caught:
                call(line)
            self.compare(line, caught.value)
        if line.method == "GET" and line.path.endswith("/config"):
            self.look(line, replay)

    def compare(self, line: Line, error: StepError) -> None:
        assert type(error) is self.error
        assert "lab" in error.message
        assert error.detail.startswith(line.reason)
        if isinstance(error, errors.Invalid):
            assert sorted(error.fields) == self.fields

    def look(self, line: Line, replay: Replay) -> None:
        guests = RECORDINGS[line.version]["cluster resources, guests"]
        if self.error is errors.NotFound:
            assert replay.look(line, guests) is None
            assert len(replay.endpoint.seen) == 2
        else:
            with pytest.raises(self.error):
                replay.look(line, guests)


@dataclass(frozen=True)
class Started(Expectation):
    kind: str
    id: str

    def check(self, line: Line, replay: Replay) -> None:
        for upid in (replay.raw(line), *replay.port(line)):
            assert upid == line.data
            assert upid.split(":")[5:7] == [self.kind, self.id]


@dataclass(frozen=True)
class Ended(Expectation):
    error: type[StepError] | None = None

    def check(self, line: Line, replay: Replay) -> None:
        task = task_of(replay.raw(line))
        assert task.user == "ctl@pve!cp"
        assert task.exit_status == line.data["exitstatus"]
        found = task_error(task, "the log's tail")
        assert type(found) is (self.error or type(None))
        if found is not None:
            assert found.detail == f"{task.exit_status}\nthe log's tail"


class StillRuns(Expectation):
    def check(self, line: Line, replay: Replay) -> None:
        task = task_of(replay.raw(line))
        assert task.exit_status is None
        assert not task.ok
        assert isinstance(task_error(task), errors.Busy)


class Nothing(Expectation):
    def check(self, line: Line, replay: Replay) -> None:
        assert [replay.raw(line), *replay.port(line)] in ([None], [None, None])


@dataclass(frozen=True)
class Log(Expectation):
    """`last`: how the log's last line begins."""

    last: str

    def check(self, line: Line, replay: Replay) -> None:
        assert replay.raw(line)[-1]["t"].startswith(self.last)
        [log] = replay.port(line)
        assert log.split("\n")[-1].startswith(self.last)
        assert log.split("\n") == [row["t"] for row in line.data[-20:]]


@dataclass(frozen=True)
class Version(Expectation):
    of: dict[str, str]

    def check(self, line: Line, replay: Replay) -> None:
        assert replay.raw(line)["version"] == self.of[line.version]
        assert replay.port(line) == [self.of[line.version]]


@dataclass(frozen=True)
class Runs(Expectation):
    running: bool

    def check(self, line: Line, replay: Replay) -> None:
        assert replay.raw(line)["status"] == ("running" if self.running else "stopped")
        assert replay.port(line) == [self.running]


class Guests(Expectation):
    """Guests alone are listed for `look`; each row is read as the whole list's are."""

    def __init__(self, vmid: int, *, absent: int | None = None, **fields: Any) -> None:
        self.vmid, self.absent, self.fields = vmid, absent, fields

    def check(self, line: Line, replay: Replay) -> None:
        guests = [guest_of(row) for row in replay.raw(line)]
        [guest] = [guest for guest in guests if guest.vmid == self.vmid]
        assert (guest.node, guest.kind) == ("pve1", "lxc")
        assert {name: getattr(guest, name) for name in self.fields} == self.fields
        [row] = [row for row in line.data if row["vmid"] == self.vmid]
        assert guest.template == bool(row.get("template"))  # the list lags: a fresh one has none
        assert self.absent not in {guest.vmid for guest in guests}


class NoGuests(Expectation):
    def check(self, line: Line, replay: Replay) -> None:
        assert replay.raw(line) == []


class Everything(Expectation):
    """The whole list in one call: every row of it is read, and each figure in our units."""

    def check(self, line: Line, replay: Replay) -> None:
        [found] = replay.port(line)
        assert found.unread == 0
        kinds = [row["type"] for row in line.data]
        counted = (len(found.guests), len(found.nodes), len(found.storages))
        assert counted == tuple(kinds.count(kind) for kind in ("lxc", "node", "storage"))
        [template] = [guest for guest in found.guests if guest.vmid == 900]
        assert (template.memory_mib, template.disk_gib, template.cores) == (64, 2.0, 2)
        [node] = found.nodes
        assert (node.name, node.status, node.cores, node.memory_mib) == ("pve1", "online", 2, 24_105)
        [fast] = [storage for storage in found.storages if storage.name == "fast"]
        assert (fast.node, fast.available, fast.total_gib) == ("pve1", True, 8.0)


@dataclass(frozen=True)
class Tasks(Expectation):
    running: list[tuple[str, str]]
    ended: dict[tuple[str, str], str]

    def check(self, line: Line, replay: Replay) -> None:
        [tasks] = replay.port(line)
        assert len(tasks) == len(replay.raw(line))
        assert {task.user for task in tasks} <= {"ctl@pve!cp", "root@pam"}
        assert [(task.kind, task.id) for task in tasks if task.exit_status is None] == self.running
        ended = {(task.kind, task.id): task.exit_status for task in tasks}
        assert {key: ended[key] for key in self.ended} == self.ended


@dataclass(frozen=True)
class Snapshots(Expectation):
    """Name and description; when each was taken is Proxmox's own word."""

    known: dict[str, str]

    def check(self, line: Line, replay: Replay) -> None:
        rows = {row["name"]: row for row in replay.raw(line)}
        [found] = replay.port(line)
        assert {snapshot.name: snapshot.description for snapshot in found} == self.known
        assert all(snapshot.taken_at == rows[snapshot.name]["snaptime"] for snapshot in found)
        assert {snapshot.state for snapshot in found} == {""}


@dataclass(frozen=True)
class Pending(Expectation):
    keys: frozenset[str] = frozenset()

    def check(self, line: Line, replay: Replay) -> None:
        assert {"memory", "digest"} <= {row["key"] for row in replay.raw(line)}
        assert replay.port(line) == [self.keys]


@dataclass(frozen=True)
class Data(Expectation):
    """Its call comes with a later kind: here the answer must come through as it is."""

    holds: Callable[[Any], Any]

    def check(self, line: Line, replay: Replay) -> None:
        data = replay.raw(line)
        assert data == line.data
        assert self.holds(data)
        assert port_call(replay.plane, line) is None


@dataclass(frozen=True)
class Config(Expectation):
    """Unmarked as it was recorded it is a stranger's; with our mark on it, it is ours with these values."""

    fields: dict[str, Any]

    def check(self, line: Line, replay: Replay) -> None:
        assert replay.raw(line) == line.data
        assert replay.look(line) == Stranger("pve1", vmid_of(line), "it bears no mark of ours")
        assert len(replay.endpoint.seen) == 1
        ours = replay.look(line, marked=True)
        assert isinstance(ours, Mine)
        assert len(replay.endpoint.seen) == 1
        wanted = {"template": False, "lock": None, "task": None, "digest": line.data["digest"]} | self.fields
        assert {name: getattr(ours, name) for name in wanted} == wanted
        assert ours.cores == line.data.get("cores")


@dataclass(frozen=True)
class Making(Expectation):
    """While it is cloned: not to be judged without its mark; with it, ours, made by the clone that runs."""

    hostname: str

    def check(self, line: Line, replay: Replay) -> None:
        tasks = RECORDINGS[line.version]["while cloning: tasks of the node, all"]
        with pytest.raises(errors.Busy):
            replay.look(line, tasks)
        ours = replay.look(line, tasks, marked=True)
        assert isinstance(ours, Mine)
        assert len(replay.endpoint.seen) == 2
        assert (ours.lock, ours.hostname, ours.disk_gib) == ("create", self.hostname, 0.0)
        assert ours.task == RECORDINGS[line.version]["clone: full"].data


class Killed(Expectation):
    """Locked for ever: nothing makes it any more."""

    def check(self, line: Line, replay: Replay) -> None:
        tasks = RECORDINGS[line.version]["tasks of the node, all, after"]
        with pytest.raises(errors.Stuck) as caught:
            replay.look(line, tasks, marked=True)
        assert "on node pve1, type: pct unlock 974; pct unlock 900" in caught.value.message
        assert [request.path.split("/")[-1] for request in replay.endpoint.seen] == [
            "config",
            "tasks",
            "config",
        ]
