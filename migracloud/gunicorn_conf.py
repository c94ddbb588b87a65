"""gunicorn's settings. Decides: workers, time-outs, and that the server dies with its supervisor."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from migracloud.processes import die_with_parent

workers = 2
threads = 4
worker_class = "gthread"
timeout = 30
graceful_timeout = 5
accesslog = None
errorlog = "-"
loglevel = "warning"
# gunicorn would believe X-Forwarded-Proto and SCRIPT_NAME of whoever connects from loopback, as a proxy there does on
# behalf of everybody. Whether a proxy ends TLS is said by BEHIND_TLS_PROXY alone (settings.py).
forwarded_allow_ips = ""


def on_starting(server: Any) -> None:
    die_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migracloud.settings")
    try:
        settings.SECRET_KEY  # noqa: B018 (reads all settings: a wrong one is told once, not by each worker)
    except ImproperlyConfigured as error:
        sys.exit(f"migracloud: {error}")
