"""Makes pods an app: the CloudPods. Registers the kinds of operation, so that every process knows them."""

from django.apps import AppConfig


class PodsConfig(AppConfig):
    name = "pods"

    def ready(self) -> None:
        from operations.kind import register
        from pods.kinds.create import CREATE
        from pods.kinds.delete_snapshot import DELETE_SNAPSHOT
        from pods.kinds.destroy import DESTROY
        from pods.kinds.keys import SET_KEYS
        from pods.kinds.move import MOVE
        from pods.kinds.reboot import REBOOT
        from pods.kinds.rename import RENAME
        from pods.kinds.resize import RESIZE
        from pods.kinds.rollback import ROLLBACK
        from pods.kinds.snapshot import SNAPSHOT
        from pods.kinds.start import START
        from pods.kinds.stop import STOP

        for kind in (CREATE, DESTROY, START, STOP, REBOOT, SET_KEYS, RESIZE, RENAME, MOVE):
            register(kind)
        for of_snapshots in (SNAPSHOT, DELETE_SNAPSHOT, ROLLBACK):
            register(of_snapshots)
