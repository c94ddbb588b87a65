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


def on_starting(server: Any) -> None:
    die_with_parent()
