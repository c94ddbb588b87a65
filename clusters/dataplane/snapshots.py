"""Snapshots, spoken to a Proxmox cluster: listed, taken, deleted, gone back to.

Decides: which call. Not: which snapshots there may be, nor how errors are recognised (answers.py).
"""

from clusters.dataplane import values
from clusters.dataplane.port import Mine, SnapshotSeen, Upid
from clusters.dataplane.spoken import Speaker, name_of, path_of, safe
from clusters.dataplane.transport import Params

NO_SNAPSHOT = "current"  # Proxmox lists the container itself under this name


class SnapshotCalls(Speaker):
    def snapshots(self, mine: Mine) -> list[SnapshotSeen]:
        """Those of anybody, by hand too, oldest first."""
        doing = f"list the snapshots of {name_of(mine.ct)}"
        rows = self._call("GET", f"{path_of(mine.ct)}/snapshot", doing=doing)
        with self._understood(doing):
            seen = [values.snapshot_of(row) for row in rows if row["name"] != NO_SNAPSHOT]
            return sorted(seen, key=lambda snapshot: (snapshot.taken_at, snapshot.name))

    def take_snapshot(self, mine: Mine, *, name: str, description: str) -> Upid:
        """Of a running container too: it stands still for as long as its storage needs."""
        params: Params = {"snapname": name, "description": description}
        doing = f"take snapshot {name} of {name_of(mine.ct)}"
        return self._task("POST", f"{path_of(mine.ct)}/snapshot", params, doing=doing)

    def delete_snapshot(self, mine: Mine, *, name: str) -> Upid:
        doing = f"delete snapshot {name} of {name_of(mine.ct)}"
        return self._task("DELETE", f"{path_of(mine.ct)}/snapshot/{safe(name)}", doing=doing)

    def roll_back(self, mine: Mine, *, name: str) -> Upid:
        """Proxmox stops the container for it, and gives it back the configuration of then, all but its description.

        Never with `start`: its failure would be another task's.
        """
        doing = f"take {name_of(mine.ct)} back to snapshot {name}"
        return self._task("POST", f"{path_of(mine.ct)}/snapshot/{safe(name)}/rollback", doing=doing)
