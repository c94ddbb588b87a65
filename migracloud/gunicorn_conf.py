"""gunicorn's settings. Decides: workers, time-outs, that the server dies with its supervisor, and its heartbeat."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from migracloud.logs import formatter
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
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns of each start without it
    for handler in server.log.error_log.handlers:  # gunicorn's own lines look like all others
        handler.setFormatter(formatter(settings.LOG_FORMAT))


def post_worker_init(worker: Any) -> None:
    """Each process of the site has a thread that beats; django is set up by now."""
    from migracloud.site_heart import SiteHeart

    worker.heart = SiteHeart()
    worker.heart.start()


def worker_exit(server: Any, worker: Any) -> None:
    if hasattr(worker, "heart"):  # it may have ended before it began
        worker.heart.stop()
