"""What is judged of the parts that pods are made of: tiers, bridges, template copies, locks.

Decides: state, words and remedy of each. Not: what is asked (asking.py), nor the cluster as a whole (access_rules.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.check.access_rules import OTHERWISE
from clusters.check.asking import NoAnswer, Seen, is_ours
from clusters.check.finding import Finding, failed, ok, unknown
from clusters.check.target import Target
from clusters.dataplane.grants import Grants
from clusters.dataplane.port import Task
from clusters.dataplane.survey import Bridge, Container, Listed, Storage
from clusters.declaration import shape


def parts_findings(target: Target, seen: Seen) -> Iterator[Finding]:
    for tier in target.declared.tiers:
        yield from _tier(tier, target, seen)
    yield from _bridges(target, seen)
    for copy in target.declared.template_copies:
        yield _copy(copy, seen)
    yield from _locks(target, seen)


# Tiers


def _tier(tier: shape.Tier, target: Target, seen: Seen) -> Iterator[Finding]:
    """Each thing that is wrong once, with the nodes on which it is; or one line that all is well."""
    wrong: dict[tuple[str, str], list[str]] = {}
    unasked: dict[str, list[str]] = {}
    nodes = [node.name for node in target.declared.nodes if tier.is_on(node.name)]
    for node in nodes:
        answer = _storages(tier, node, seen)
        if isinstance(answer, NoAnswer):
            unasked.setdefault(answer.why, []).append(node)
            continue
        storage = next((one for one in answer if one.name == tier.name), None)
        for problem in _problems(tier, storage):
            wrong.setdefault(problem, []).append(node)
    for (words, remedy), found_on in wrong.items():
        yield failed("tier", tier.name, f"{words} (on {', '.join(found_on)}).", remedy)
    for why, of in unasked.items():
        yield unknown("tier", tier.name, f"{why} ({', '.join(of)})", OTHERWISE)
    if not wrong and not unasked:
        yield ok("tier", tier.name, f"{tier.type} with {', '.join(tier.content)}, on {', '.join(nodes)}.")


def _storages(tier: shape.Tier, node: str, seen: Seen) -> list[Storage] | NoAnswer:
    """Proxmox leaves out what the token may not see."""
    if isinstance(seen.grants, Grants) and "Datastore.Audit" not in seen.grants.at(f"/storage/{tier.name}"):
        return NoAnswer("The token may not see it: it lacks Datastore.Audit.")
    return seen.storages.get(node, NoAnswer("It was not asked."))


def _problems(tier: shape.Tier, storage: Storage | None) -> Iterator[tuple[str, str]]:
    correct = "Correct the declaration and run bootstrap"
    if storage is None:
        yield "The cluster has no such storage", f"{correct}; or add the storage on a node (pvesm add ...)."
        return
    if not storage.enabled:
        remedy = f"{correct} (nodes); or on a node, type: pvesm set {tier.name} --disable 0 --delete nodes"
        yield "It is switched off, or not meant for this node", remedy
    elif not storage.active:
        yield (
            "It is not active: its disks or its server cannot be used",
            f"On such a node, type: pvesm status --storage {tier.name}",
        )
    missing = sorted(set(tier.content) - storage.content)
    if missing:
        content = ",".join(sorted(storage.content | set(missing)))
        remedy = f"On a node, type: pvesm set {tier.name} --content {content}; or correct the declaration."
        yield f"Its contents lack {', '.join(missing)}", remedy
    if storage.type != tier.type:
        yield f"It is of type {storage.type}, declared is {tier.type}", f"{correct}: type."
    if storage.shared != tier.shared:
        words = (
            "It is shared, declared is that it is not" if storage.shared else "It is not shared, declared is that it is"
        )
        yield words, f"{correct}: shared."


# Bridges


def _bridges(target: Target, seen: Seen) -> Iterator[Finding]:
    """Where pods can be: a node without a template copy needs none."""
    nodes = list(dict.fromkeys(copy.node for copy in target.declared.template_copies))
    for attachment in target.declared.attachments:
        for node in nodes:
            yield _bridge(attachment, node, seen.bridges.get(node, NoAnswer("It was not asked.")), seen)


def _bridge(attachment: shape.Attachment, node: str, answer: list[Bridge] | NoAnswer, seen: Seen) -> Finding:
    name = f"{attachment.bridge} on {node}"
    path = f"/sdn/zones/localnetwork/{attachment.bridge}"
    if isinstance(answer, NoAnswer):
        return unknown("bridge", name, answer.why, OTHERWISE)
    found = next((bridge for bridge in answer if bridge.name == attachment.bridge), None)
    if found is None and isinstance(seen.grants, Grants) and "SDN.Use" not in seen.grants.at(path):
        return unknown("bridge", name, "The token may not see it: it lacks SDN.Use.", OTHERWISE)
    if found is None:
        remedy = f"Make it on the node ({node} > System > Network), or correct the attachment in the declaration."
        return failed("bridge", name, f"The node has no such bridge; network {attachment.network} needs it.", remedy)
    if not found.active:
        return failed("bridge", name, "It is not active.", f"On node {node}, type: ifreload -a")
    return ok("bridge", name, f"It is active, for network {attachment.network}.")


# Template copies and locks


def _copy(copy: shape.TemplateCopy, seen: Seen) -> Finding:
    name = f"CT {copy.vmid} on {copy.node}"
    answer = seen.containers.get((copy.node, copy.vmid), NoAnswer("It was not asked."))
    if isinstance(answer, NoAnswer):
        return unknown("template", name, answer.why, OTHERWISE)
    if answer is None:
        elsewhere = _node_of(copy.vmid, seen)
        words = f"It is on node {elsewhere}, not here." if elsewhere else "There is no such container."
        remedy = f"Build the template {copy.template} there under this VMID, or correct the copy in the declaration."
        return failed("template", name, words, remedy)
    if not answer.template:
        remedy = f"Once it is as pods shall be, on node {copy.node}, type: pct template {copy.vmid}"
        return failed(
            "template", name, "It is no template, so nothing can be cloned from it quickly or safely.", remedy
        )
    if answer.storage != copy.tier:
        words = f"Its disk is on {answer.storage}, declared is {copy.tier}."
        return failed("template", name, words, "Correct the copy's tier in the declaration and run bootstrap.")
    return ok("template", name, f"The template {copy.template} stands ready on {copy.tier}.")


def _node_of(vmid: int, seen: Seen) -> str:
    guests = [] if isinstance(seen.guests, NoAnswer) else seen.guests
    return next((guest.node for guest in guests if guest.vmid == vmid and guest.kind == "lxc"), "")


def _locks(target: Target, seen: Seen) -> Iterator[Finding]:
    hidden = "VM.Audit" not in seen.grants.at("/vms") if isinstance(seen.grants, Grants) else False
    if isinstance(seen.guests, NoAnswer) or hidden:
        why = seen.guests.why if isinstance(seen.guests, NoAnswer) else "The token may not see containers: VM.Audit."
        yield unknown("lock", "containers", why, OTHERWISE)
        return
    ours = [guest for guest in seen.guests if is_ours(guest, target)]
    findings = [finding for guest in ours if guest.lock for finding in _lock(guest, seen)]
    yield from findings
    if not findings:
        yield ok("lock", "containers", f"No lock without a task, on {len(ours)} containers in our ranges of VMIDs.")


def _lock(guest: Listed, seen: Seen) -> Iterator[Finding]:
    name, tasks = f"CT {guest.vmid} on {guest.node}", seen.tasks.get(guest.node, NoAnswer("It was not asked."))
    now = seen.containers.get((guest.node, guest.vmid))
    if isinstance(seen.grants, Grants) and "Sys.Audit" not in seen.grants.at(f"/nodes/{guest.node}"):
        tasks = NoAnswer("The token may not see the tasks of others: it lacks Sys.Audit.")
    if isinstance(tasks, NoAnswer) or isinstance(now, NoAnswer):
        why = tasks.why if isinstance(tasks, NoAnswer) else now.why if isinstance(now, NoAnswer) else ""
        yield unknown("lock", name, f"It is locked ({guest.lock}). {why}", OTHERWISE)
    elif isinstance(now, Container) and now.lock and not any(_holds(task, guest, now.lock) for task in tasks):
        verb = "unmount" if now.lock == "mounted" else "unlock"
        words = f"It is locked ({now.lock}) and no running task holds the lock; it will not go away by itself."
        yield failed("lock", name, words, f"On node {guest.node}, type: pct {verb} {guest.vmid}")


def _holds(task: Task, guest: Listed, lock: str) -> bool:
    """A clone is filed under its source, so any may be making this one; a backup of several under no VMID."""
    if lock == "create" and task.kind == "vzclone":
        return True
    return task.id == str(guest.vmid) or (lock == "backup" and task.kind == "vzdump" and not task.id)
