"""gunicorn's settings. Decides: workers, time-outs, and that the server dies with its supervisor."""

from typing import Any

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
