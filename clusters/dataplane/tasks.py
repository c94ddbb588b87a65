"""A node's tasks, asked of a Proxmox cluster: what runs, how one ended, which one is ours.

Decides: which task a container's is. Not: what the words of its end mean (answers.py).
"""

from collections.abc import Collection

from clusters.dataplane import values
from clusters.dataplane.answers import task_error
from clusters.dataplane.port import Ct, Mine, Task, Upid
from clusters.dataplane.spoken import Speaker, safe
from clusters.dataplane.transport import Params
from operations.errors import StepError

MOST_TASKS = 500  # a call; Proxmox lists 50 unless told
MOST_PAGES = 10
MOST_LOG_LINES = 5000  # a longer log is cut at its end; clones and restores write some dozens

CLONE, BACKUP = "vzclone", "vzdump"


class TaskCalls(Speaker):
    def tasks(self, node: str, *, since: int) -> list[Task]:
        return self._listed(node, {"source": "all", "since": since})

    def running_tasks(self, node: str) -> list[Task]:
        """Whoever began them."""
        return [task for task in self._listed(node, {"source": "active"}) if task.exit_status is None]

    def task_log(self, upid: Upid, *, lines: int = 20) -> str:
        doing = "read a task's log"
        with self._understood(doing):
            node = values.node_of(upid)
        path = f"nodes/{safe(node)}/tasks/{safe(upid)}/log"
        rows = self._call("GET", path, {"limit": MOST_LOG_LINES}, doing=doing)
        with self._understood(doing):
            return "\n".join(str(row["t"]) for row in rows[-lines:])

    def outcome(self, task: Task) -> StepError | None:
        """What an ended task came to; of one that failed, its log is read too."""
        if task.exit_status is None or task.ok:
            return task_error(task)
        return task_error(task, self.task_log(task.upid))

    def lost_task(self, ct: Ct | Mine, *, kind: str, since: int, known: Collection[str]) -> Task | None:
        """The newest task of this kind that our own token began for the container on its node, `since` then (by the
        node's clock), and that is not known yet: what a call has begun whose answer was lost.
        """
        ct = ct.ct if isinstance(ct, Mine) else ct
        listed = self._listed(ct.node, {"source": "all", "since": since, "vmid": ct.vmid, "typefilter": kind})
        ours = [task for task in listed if task.user == self.access.token_id and task.upid not in known]
        found = [task for task in ours if (task.kind, task.id) == (kind, str(ct.vmid)) and task.started >= since]
        return max(found, key=values.order_of, default=None)

    def is_worked_on(self, ct: Ct) -> bool:
        """Whether a task of its node runs that names the container, whoever began it: its lock is then no stuck one.

        A clone names its source alone. A backup of several guests names none, and may be at this one.
        """
        running = self.running_tasks(ct.node)
        return any(task.id == str(ct.vmid) or (task.kind == BACKUP and not task.id) for task in running)

    def is_cloning(self, template_vmid: int, *, node: str) -> bool:
        """Whether a task of the node is cloning the template right now."""
        return self._clone_from(template_vmid, node) is not None

    def _clone_from(self, source: int | None, node: str) -> Upid | None:
        """The running clone of a source: a clone's task names the source, which has one at a time."""
        for task in self.tasks(node, since=0):
            ours = source is None or task.id == str(source)
            if task.exit_status is None and task.kind == CLONE and ours:
                return task.upid
        return None

    def _listed(self, node: str, params: Params) -> list[Task]:
        doing = f"list the tasks of node {node}"
        found: list[Task] = []
        for page in range(MOST_PAGES):
            asked = params | {"limit": MOST_TASKS} | ({"start": page * MOST_TASKS} if page else {})
            rows = self._call("GET", f"nodes/{safe(node)}/tasks", asked, doing=doing)
            with self._understood(doing):
                found += [values.task_of(row) for row in rows]
            if len(rows) < MOST_TASKS:
                break
        return found
