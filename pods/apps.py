"""Makes pods an app: the CloudPods. Registers the kinds of operation, so that every process knows them."""

from django.apps import AppConfig


class PodsConfig(AppConfig):
    name = "pods"

    def ready(self) -> None:
        from operations.kind import register
        from pods.kinds.create import CREATE
        from pods.kinds.destroy import DESTROY
        from pods.kinds.keys import SET_KEYS
        from pods.kinds.reboot import REBOOT
        from pods.kinds.rename import RENAME
        from pods.kinds.resize import RESIZE
        from pods.kinds.start import START
        from pods.kinds.stop import STOP

        for kind in (CREATE, DESTROY, START, STOP, REBOOT, SET_KEYS, RESIZE, RENAME):
            register(kind)
