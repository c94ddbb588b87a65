"""The port's calls, spoken to a Proxmox cluster. One HTTP call each; `look` alone may need a second or third.

Decides: which call, and whether a container is ours. Not: how errors are recognised (answers.py), nor when.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from clusters.dataplane import errors, values
from clusters.dataplane.access import Access
from clusters.dataplane.mark import judge, write_mark
from clusters.dataplane.port import Clone, Ct, Mine, Resources, Settings, Stranger, Task, Upid
from clusters.dataplane.resources import resources_of
from clusters.dataplane.transport import Method, Params, Transport

MOST_TASKS = 500  # Proxmox lists 50 unless told
MOST_LOG_LINES = 5000  # a longer log is cut at its end; clones and restores write some dozens

# Without policy_in a guest's firewall, once enabled, drops all that comes in.
FIREWALL: Params = {"enable": 1, "ipfilter": 1, "macfilter": 1, "policy_in": "ACCEPT"}


class ProxmoxPlane:
    """A cluster (port.Plane). `before_call` runs before each HTTP call; what it raises prevents the call."""

    def __init__(self, access: Access, *, before_call: Callable[[], None] | None = None) -> None:
        self.access = access
        self._transport = Transport(access, before_call)

    def version(self) -> str:
        doing = "ask for the version"
        answer = self._call("GET", "version", doing=doing)
        with self._understood(doing):
            return str(answer["version"])

    def look(self, ct: Ct) -> Mine | Stranger | None:
        """What is at the VMID. Raises Moved, Busy (it is being made, its mark is not there yet) or Stuck."""
        config = self._config(ct)
        if config is None:
            return self._elsewhere(ct)
        if config.get("lock") == "destroyed":  # its mark went first; its VMID goes last
            raise errors.Busy(f"{_name(ct)} is being destroyed.")
        if config.get("lock") == "create":
            return self._in_the_making(ct, config)
        return self._judged(ct, config)

    def running(self, mine: Mine) -> bool:
        doing = f"see whether {_name(mine.ct)} runs"
        answer = self._call("GET", f"{_path(mine.ct)}/status/current", doing=doing)
        with self._understood(doing):
            return bool(answer["status"] == "running")

    def clone(self, clone: Clone, *, to: Ct) -> Upid:
        mark = write_mark(
            self.access.mark_keys[0],
            pod=to.pod,
            tenant=to.tenant,
            cluster=self.access.cluster_id,
            vmid=to.vmid,
            operation=clone.operation,
        )
        # `full` is said always: without it Proxmox copies in full whatever is no template (any more).
        params: Params = {"newid": to.vmid, "hostname": clone.hostname, "description": mark, "full": int(clone.full)}
        if clone.full and clone.storage is not None:
            params["storage"] = clone.storage
        template = f"nodes/{_safe(to.node)}/lxc/{clone.template_vmid}"
        doing = f"clone CT {clone.template_vmid} to CT {to.vmid} on node {to.node}"
        return self._task("POST", f"{template}/clone", params, doing=doing)

    def is_cloning(self, template_vmid: int, *, node: str) -> bool:
        """Whether a task of the node is cloning the template right now."""
        return self._clone_from(template_vmid, node) is not None

    def configure(self, mine: Mine, settings: Settings) -> None:
        params = values.settings_of(settings) | {"digest": mine.digest}
        self._call("PUT", f"{_path(mine.ct)}/config", params, doing=f"configure {_name(mine.ct)}")

    def set_onboot(self, mine: Mine, onboot: bool) -> None:
        """Whether it starts with its node."""
        params: Params = {"onboot": int(onboot), "digest": mine.digest}
        doing = f"write into {_name(mine.ct)} whether it starts with its node"
        self._call("PUT", f"{_path(mine.ct)}/config", params, doing=doing)

    def set_env(self, mine: Mine, env: tuple[str, ...]) -> None:
        """Of a running container: it waits in the configuration for the next boot."""
        params: Params = {**values.env_of(env), "digest": mine.digest}
        doing = f"set the environment of {_name(mine.ct)}"
        self._call("PUT", f"{_path(mine.ct)}/config", params, doing=doing)

    def set_firewall(self, mine: Mine) -> None:
        doing = f"set the firewall of {_name(mine.ct)}"
        self._call("PUT", f"{_path(mine.ct)}/firewall/options", dict(FIREWALL), doing=doing)

    def grow(self, mine: Mine, *, disk_gib: int) -> Upid:
        """To this size. Proxmox refuses the same or a smaller one (Invalid)."""
        params: Params = {"disk": "rootfs", "size": f"{disk_gib}G"}
        doing = f"grow the disk of {_name(mine.ct)} to {disk_gib} GiB"
        return self._task("PUT", f"{_path(mine.ct)}/resize", params, doing=doing)

    def start(self, mine: Mine) -> Upid:
        return self._task("POST", f"{_path(mine.ct)}/status/start", doing=f"start {_name(mine.ct)}")

    def shutdown(self, mine: Mine, *, timeout_s: int) -> Upid:
        """Ask its first process to end. The task fails if that takes longer; the container then runs on."""
        doing = f"shut down {_name(mine.ct)}"
        return self._task("POST", f"{_path(mine.ct)}/status/shutdown", {"timeout": timeout_s}, doing=doing)

    def stop(self, mine: Mine) -> Upid:
        return self._task("POST", f"{_path(mine.ct)}/status/stop", doing=f"stop {_name(mine.ct)}")

    def destroy(self, mine: Mine) -> Upid:
        """With `purge`, so that no backup job, replication job or HA entry still names the VMID."""
        return self._task("DELETE", _path(mine.ct), {"purge": 1}, doing=f"destroy {_name(mine.ct)}")

    def resources(self) -> Resources:
        """Guests, nodes and storages in one call. What is odd in it is left out (resources.py)."""
        doing = "list its resources"
        rows = self._call("GET", "cluster/resources", doing=doing)
        with self._understood(doing):
            return resources_of(rows)

    def tasks(self, node: str, *, since: int) -> list[Task]:
        doing = f"list the tasks of node {node}"
        params: Params = {"source": "all", "since": since, "limit": MOST_TASKS}
        rows = self._call("GET", f"nodes/{_safe(node)}/tasks", params, doing=doing)
        with self._understood(doing):
            return [values.task_of(row) for row in rows]

    def task_log(self, upid: Upid, *, lines: int = 20) -> str:
        doing = "read a task's log"
        with self._understood(doing):
            node = values.node_of(upid)
        path = f"nodes/{_safe(node)}/tasks/{_safe(upid)}/log"
        rows = self._call("GET", path, {"limit": MOST_LOG_LINES}, doing=doing)
        with self._understood(doing):
            return "\n".join(str(row["t"]) for row in rows[-lines:])

    # What `look` is made of.

    def _config(self, ct: Ct) -> dict[str, Any] | None:
        doing = f"read {_name(ct)}"
        try:
            config = self._call("GET", f"{_path(ct)}/config", doing=doing)
        except errors.NotFound:
            return None
        with self._understood(doing):
            return dict(config)

    def _judged(self, ct: Ct, config: dict[str, Any], *, task: Upid | None = None) -> Mine | Stranger:
        reason = self._stranger(ct, config)
        if reason is not None:
            return Stranger(ct.node, ct.vmid, reason)
        with self._understood(f"read {_name(ct)}"):
            return values.mine_of(ct, config, task=task)

    def _stranger(self, ct: Ct, config: dict[str, Any]) -> str | None:
        return judge(str(config.get("description") or ""), ct, self.access.cluster_id, self.access.mark_keys)

    def _elsewhere(self, ct: Ct) -> Stranger | None:
        """The node does not have it; the cluster may."""
        doing = f"see on which node CT {ct.vmid} is"
        rows = self._call("GET", "cluster/resources", {"type": "vm"}, doing=doing)
        with self._understood(doing):
            found = [row for row in rows if int(row["vmid"]) == ct.vmid]
            if not found:
                return None
            node, kind = str(found[0]["node"]), str(found[0]["type"])
        if kind != "lxc":
            return Stranger(node, ct.vmid, "it is a virtual machine, not a container")
        if node != ct.node:
            raise errors.Moved(f"CT {ct.vmid} is on node {node}, no longer on {ct.node}.", node=node)
        raise errors.Busy(f"{_name(ct)} is just being made or removed: the node lacks it, the cluster lists it.")

    def _in_the_making(self, ct: Ct, config: dict[str, Any]) -> Mine | Stranger | None:
        """It carries the lock `create`. For an instant it does so without its description."""
        if self._stranger(ct, config) is not None:
            raise errors.Busy(f"{_name(ct)} is being made and does not show yet whose it is.")
        task = self._clone_from(ct.source, ct.node)
        if task is not None:
            return self._judged(ct, config, task=task)
        again = self._config(ct)  # the clone may have ended between the two calls
        if again is None:
            return self._elsewhere(ct)
        if again.get("lock") != "create":
            return self._judged(ct, again)
        unlock = f"pct unlock {ct.vmid}"
        if ct.source is not None:
            unlock = f"{unlock}; pct unlock {ct.source}"
        raise errors.Stuck(
            f"{_name(ct)} is locked (create) and no task is making it: its clone was killed on the node."
            f" Only an administrator can clear that; on node {ct.node}, type: {unlock}",
            detail="lock: create",
        )

    def _clone_from(self, source: int | None, node: str) -> Upid | None:
        """The running clone of a source: a clone's task names the source, which has one at a time."""
        for task in self.tasks(node, since=0):
            ours = source is None or task.id == str(source)
            if task.exit_status is None and task.kind == "vzclone" and ours:
                return task.upid
        return None

    # How each call is made.

    def _call(self, method: Method, path: str, params: Params | None = None, *, doing: str) -> Any:
        return self._transport.call(method, path, params, doing=doing)

    def _task(self, method: Method, path: str, params: Params | None = None, *, doing: str) -> Upid:
        answer = self._call(method, path, params, doing=doing)
        with self._understood(doing):
            return values.upid_of(answer)

    @contextmanager
    def _understood(self, doing: str) -> Iterator[None]:
        """An answer of a shape that Proxmox never gives is an error of its type too."""
        try:
            yield
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as odd:
            raise errors.Unexpected(
                f"Cluster {self.access.name}: could not {doing}: the answer is not one that Proxmox gives.",
                detail=f"{type(odd).__name__}: {odd}",
            ) from odd


def _name(ct: Ct) -> str:
    return f"CT {ct.vmid} on node {ct.node}"


def _path(ct: Ct) -> str:
    return f"nodes/{_safe(ct.node)}/lxc/{ct.vmid}"


def _safe(part: str) -> str:
    """One segment of a path, whatever it holds."""
    return quote(part, safe=":@!")
