"""Makes pods an app: the CloudPods. Registers the kinds of operation, so that every process knows them."""

from django.apps import AppConfig


class PodsConfig(AppConfig):
    name = "pods"

    def ready(self) -> None:
        from operations.kind import register
        from pods.kinds.create import CREATE
        from pods.kinds.destroy import DESTROY

        register(CREATE)
        register(DESTROY)
