"""Makes pods an app: the CloudPods. Registers the kinds of operation, so that every process knows them."""

from typing import Any

from django.apps import AppConfig


class PodsConfig(AppConfig):
    name = "pods"

    def ready(self) -> None:
        from operations.kind import Kind, register
        from pods.kinds.create import CREATE
        from pods.kinds.delete_snapshot import DELETE_SNAPSHOT
        from pods.kinds.destroy import DESTROY
        from pods.kinds.destroy_1 import DESTROY_1
        from pods.kinds.keys import SET_KEYS
        from pods.kinds.move import MOVE
        from pods.kinds.purge import PURGE
        from pods.kinds.reboot import REBOOT
        from pods.kinds.rebuild import REBUILD
        from pods.kinds.rename import RENAME
        from pods.kinds.resize import RESIZE
        from pods.kinds.restore import RESTORE
        from pods.kinds.resume import RESUME
        from pods.kinds.rollback import ROLLBACK
        from pods.kinds.snapshot import SNAPSHOT
        from pods.kinds.start import START
        from pods.kinds.stop import STOP
        from pods.kinds.suspend import SUSPEND

        kinds: tuple[Kind[Any], ...] = (
            *(CREATE, DESTROY_1, DESTROY, PURGE, RESTORE, REBUILD),
            *(START, STOP, REBOOT, SUSPEND, RESUME),
            *(SET_KEYS, RESIZE, RENAME, MOVE, SNAPSHOT, DELETE_SNAPSHOT, ROLLBACK),
        )
        for kind in kinds:
            register(kind)
