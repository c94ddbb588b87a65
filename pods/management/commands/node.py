"""`manage.py node`: lists the nodes, writes one off that is lost for good, and declares one wiped.

Decides: the words, and that what cannot be undone is confirmed. Not: what follows (pods/writing_off.py).
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import at_the_command_line
from clusters.models import Node
from core.errors import Refused
from pods.models import CloudPod, VmidHold
from pods.writing_off import check_can_be_written_off, declare_wiped, pods_on, write_off_node


class Command(BaseCommand):
    help = "List the nodes, write one off that is lost for good, declare one wiped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list the nodes, and what is on them")
        off = actions.add_parser(
            "write-off", help="give a node up for lost, with all pods on it; it is not asked, and there is no way back"
        )
        wiped = actions.add_parser(
            "declare-wiped", help="say that nothing of a written-off node can come back: its addresses are given again"
        )
        for action in (off, wiped):
            action.add_argument("node", metavar="CLUSTER/NODE")
            action.add_argument("--reason", required=True, help="for those who read the audit trail later")
            action.add_argument("--yes", action="store_true", help="do not ask")
        off.add_argument("--dry-run", action="store_true", help="only say what would be lost")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action'].replace('-', '_')}")(options)
        except Refused as refused:
            raise CommandError(refused.message) from refused

    def _list(self, options: dict[str, Any]) -> None:
        for node in Node.objects.select_related("cluster", "observation").order_by("cluster__name", "name"):
            seen = getattr(node, "observation", None)
            standing = "written off" if node.written_off_at else seen.state if seen else "unknown"
            use = "" if node.enabled else " (not offered by placement)"
            self.stdout.write(f"{node.cluster}/{node}  {standing}  {pods_on(node).count()} pods{use}")

    def _write_off(self, options: dict[str, Any]) -> None:
        node = _node(options["node"])
        check_can_be_written_off(node, options["reason"])
        pods = list(pods_on(node))
        for pod in pods:
            self.stdout.write(f"lost: {pod.tenant.reference}  {pod.hostname}  CT {pod.vmid}  {pod.phase}")
        self.stdout.write(f"{len(pods)} pods are lost with node {node}. Their addresses and VMIDs are held back.")
        if options["dry_run"]:
            return
        self._confirm(options)
        lost = write_off_node(by=at_the_command_line(), node=node, reason=options["reason"])
        self.stdout.write(f"Node {node} is written off, {len(lost)} pods with it.")

    def _declare_wiped(self, options: dict[str, Any]) -> None:
        node = _node(options["node"])
        held = VmidHold.objects.filter(pod__node=node, pod__phase=CloudPod.Phase.LOST, held_back=True).count()
        self.stdout.write(f"What {held} containers of node {node} held is given to others, after its rest.")
        self._confirm(options)
        addresses = declare_wiped(by=at_the_command_line(), node=node, reason=options["reason"])
        self.stdout.write(f"{addresses} addresses of node {node} rest from now on, and are then given again.")

    def _confirm(self, options: dict[str, Any]) -> None:
        if options["yes"]:
            return
        self.stdout.write(f"There is no way back. To go on, type {options['node']}: ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip() != options["node"]:
            raise CommandError("Nothing was changed.")


def _node(name: str) -> Node:
    cluster, _, node = name.partition("/")
    found = Node.objects.select_related("cluster").filter(cluster__name=cluster, name=node).first()
    if found is None:
        raise CommandError(f"There is no node {name}. See: manage.py node list")
    return found
