"""Every write about pods: one public function an intent, one transaction each; what runs later chooses nothing.

Decides: which functions others may call. Not: what they do (a file each).
"""

from pods.services.create import Size, Wish, create_pod
from pods.services.destroy import destroy_pod
from pods.services.keys import COUNT_FROM, replace_ssh_keys
from pods.services.move import move_pod
from pods.services.power import reboot_pod, start_pod, stop_pod
from pods.services.rename import rename_pod
from pods.services.resize import resize_pod
from pods.services.snapshots import delete_snapshot, roll_back, take_snapshot

__all__ = [
    "COUNT_FROM",
    "Size",
    "Wish",
    "create_pod",
    "delete_snapshot",
    "destroy_pod",
    "move_pod",
    "reboot_pod",
    "rename_pod",
    "replace_ssh_keys",
    "resize_pod",
    "roll_back",
    "start_pod",
    "stop_pod",
    "take_snapshot",
]
