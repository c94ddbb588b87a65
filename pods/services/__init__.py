"""Every write about pods: one public function an intent, one transaction each; what runs later chooses nothing.

Decides: which functions others may call. Not: what they do (a file each).
"""

from pods.services.create import Size, Wish, create_pod
from pods.services.destroy import destroy_pod, purge_pod, restore_pod
from pods.services.keys import COUNT_FROM, replace_ssh_keys
from pods.services.move import move_pod
from pods.services.power import reboot_pod, start_pod, stop_pod
from pods.services.preview import preview_create, preview_resize
from pods.services.protection import protect_pod
from pods.services.purging import purge_due
from pods.services.rebuild import rebuild_pod
from pods.services.rename import rename_pod
from pods.services.resize import resize_pod
from pods.services.snapshots import delete_snapshot, roll_back, take_snapshot
from pods.services.suspension import resume_pod, resume_tenant, suspend_pod, suspend_tenant

__all__ = [
    "COUNT_FROM",
    "Size",
    "Wish",
    "create_pod",
    "delete_snapshot",
    "destroy_pod",
    "move_pod",
    "preview_create",
    "preview_resize",
    "protect_pod",
    "purge_due",
    "purge_pod",
    "reboot_pod",
    "rebuild_pod",
    "rename_pod",
    "replace_ssh_keys",
    "resize_pod",
    "restore_pod",
    "resume_pod",
    "resume_tenant",
    "roll_back",
    "start_pod",
    "stop_pod",
    "suspend_pod",
    "suspend_tenant",
    "take_snapshot",
]
