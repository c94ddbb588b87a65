"""Makes migracloud an app, for its commands. No models. Has the calls to Proxmox counted, and warnings logged."""

import logging

from django.apps import AppConfig


class MigraCloudConfig(AppConfig):
    name = "migracloud"

    def ready(self) -> None:
        from clusters.dataplane.calls import listen
        from migracloud.counters import count_call

        listen(count_call)
        logging.captureWarnings(True)  # Python would print them, in no form that a log's reader expects
