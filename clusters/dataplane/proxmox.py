"""The port's calls, spoken to a Proxmox cluster. One HTTP call each; `look` alone may need a second or third.

Decides: which call, and whether a container is ours. Not: how errors are recognised (answers.py), nor when.
"""

from typing import Any

from clusters.dataplane import errors, values
from clusters.dataplane.mark import judge, write_mark
from clusters.dataplane.port import Change, Clone, Ct, Mine, Resources, Settings, Stranger, Upid
from clusters.dataplane.resources import resources_of
from clusters.dataplane.snapshots import SnapshotCalls
from clusters.dataplane.spoken import name_of, path_of, safe
from clusters.dataplane.tasks import TaskCalls
from clusters.dataplane.transport import Params

# Without policy_in a guest's firewall, once enabled, drops all that comes in.
FIREWALL: Params = {"enable": 1, "ipfilter": 1, "macfilter": 1, "policy_in": "ACCEPT"}


class ProxmoxPlane(SnapshotCalls, TaskCalls):
    """A cluster (port.Plane). `before_call` runs before each HTTP call; what it raises prevents the call."""

    def version(self) -> str:
        doing = "ask for the version"
        answer = self._call("GET", "version", doing=doing)
        with self._understood(doing):
            return str(answer["version"])

    def quorate(self) -> bool:
        """Whether enough nodes are up for changes. A node that is in no cluster says nothing of it."""
        doing = "ask for the quorum"
        rows = self._call("GET", "cluster/status", doing=doing)
        with self._understood(doing):
            return all(bool(int(row["quorate"])) for row in rows if row["type"] == "cluster")

    def look(self, ct: Ct) -> Mine | Stranger | None:
        """What is at the VMID. Raises Moved, Busy (it is being made, its mark is not there yet) or Stuck."""
        config = self._config(ct)
        if config is None:
            return self._elsewhere(ct)
        if config.get("lock") == "destroyed":  # its mark went first; its VMID goes last
            raise errors.Busy(f"{name_of(ct)} is being destroyed.")
        if config.get("lock") == "create":
            return self._in_the_making(ct, config)
        return self._judged(ct, config)

    def running(self, mine: Mine) -> bool:
        doing = f"see whether {name_of(mine.ct)} runs"
        answer = self._call("GET", f"{path_of(mine.ct)}/status/current", doing=doing)
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
        template = f"nodes/{safe(to.node)}/lxc/{clone.template_vmid}"
        doing = f"clone CT {clone.template_vmid} to CT {to.vmid} on node {to.node}"
        return self._task("POST", f"{template}/clone", params, doing=doing)

    def change(self, mine: Mine, change: Change) -> None:
        """Of a running container some keys wait for its next boot (`pending`)."""
        self._write(mine, change, doing=f"change {name_of(mine.ct)}")

    def configure(self, mine: Mine, settings: Settings) -> None:
        self._write(mine, values.all_of(settings), doing=f"configure {name_of(mine.ct)}")

    def set_onboot(self, mine: Mine, onboot: bool) -> None:
        """Whether it starts with its node."""
        doing = f"write into {name_of(mine.ct)} whether it starts with its node"
        self._write(mine, Change(onboot=onboot), doing=doing)

    def set_env(self, mine: Mine, env: tuple[str, ...]) -> None:
        """Of a running container: it waits in the configuration for the next boot."""
        self._write(mine, Change(env=env), doing=f"set the environment of {name_of(mine.ct)}")

    def _write(self, mine: Mine, change: Change, *, doing: str) -> None:
        params = values.change_of(change) | {"digest": mine.digest}
        self._call("PUT", f"{path_of(mine.ct)}/config", params, doing=doing)

    def pending(self, mine: Mine) -> frozenset[str]:
        """The keys of the configuration (`cores`, `net0` ...) whose value waits for the next boot."""
        doing = f"see what waits for the next boot of {name_of(mine.ct)}"
        rows = self._call("GET", f"{path_of(mine.ct)}/pending", doing=doing)
        with self._understood(doing):
            return values.pending_of(rows)

    def set_firewall(self, mine: Mine) -> None:
        doing = f"set the firewall of {name_of(mine.ct)}"
        self._call("PUT", f"{path_of(mine.ct)}/firewall/options", dict(FIREWALL), doing=doing)

    def grow(self, mine: Mine, *, disk_gib: int) -> Upid:
        """To this size. Proxmox refuses the same or a smaller one (Invalid)."""
        params: Params = {"disk": "rootfs", "size": f"{disk_gib}G", "digest": mine.digest}
        doing = f"grow the disk of {name_of(mine.ct)} to {disk_gib} GiB"
        return self._task("PUT", f"{path_of(mine.ct)}/resize", params, doing=doing)

    def start(self, mine: Mine) -> Upid:
        return self._task("POST", f"{path_of(mine.ct)}/status/start", doing=f"start {name_of(mine.ct)}")

    def shutdown(self, mine: Mine, *, timeout_s: int) -> Upid:
        """Ask its first process to end. The task fails if that takes longer; the container then runs on."""
        doing = f"shut down {name_of(mine.ct)}"
        return self._task("POST", f"{path_of(mine.ct)}/status/shutdown", {"timeout": timeout_s}, doing=doing)

    def stop(self, mine: Mine) -> Upid:
        return self._task("POST", f"{path_of(mine.ct)}/status/stop", doing=f"stop {name_of(mine.ct)}")

    def destroy(self, mine: Mine) -> Upid:
        """With `purge`, so that no backup job, replication job or HA entry still names the VMID."""
        return self._task("DELETE", path_of(mine.ct), {"purge": 1}, doing=f"destroy {name_of(mine.ct)}")

    def migrate(self, mine: Mine, *, to_node: str) -> Upid:
        """Of a stopped container: Proxmox refuses a running one. The task runs on the node that it leaves."""
        doing = f"move {name_of(mine.ct)} to node {to_node}"
        return self._task("POST", f"{path_of(mine.ct)}/migrate", {"target": to_node}, doing=doing)

    def resources(self) -> Resources:
        """Guests, nodes and storages in one call. What is odd in it is left out (resources.py)."""
        doing = "list its resources"
        rows = self._call("GET", "cluster/resources", doing=doing)
        with self._understood(doing):
            return resources_of(rows)

    # What `look` is made of.

    def _config(self, ct: Ct) -> dict[str, Any] | None:
        doing = f"read {name_of(ct)}"
        try:
            config = self._call("GET", f"{path_of(ct)}/config", doing=doing)
        except errors.NotFound:
            return None
        with self._understood(doing):
            return dict(config)

    def _judged(self, ct: Ct, config: dict[str, Any], *, task: Upid | None = None) -> Mine | Stranger:
        reason = self._stranger(ct, config)
        if reason is not None:
            return Stranger(ct.node, ct.vmid, reason)
        with self._understood(f"read {name_of(ct)}"):
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
        raise errors.Busy(f"{name_of(ct)} is just being made or removed: the node lacks it, the cluster lists it.")

    def _in_the_making(self, ct: Ct, config: dict[str, Any]) -> Mine | Stranger | None:
        """It carries the lock `create`. For an instant it does so without its description."""
        if self._stranger(ct, config) is not None:
            raise errors.Busy(f"{name_of(ct)} is being made and does not show yet whose it is.")
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
            f"{name_of(ct)} is locked (create) and no task is making it: its clone was killed on the node."
            f" Only an administrator can clear that; on node {ct.node}, type: {unlock}",
            detail="lock: create",
        )
