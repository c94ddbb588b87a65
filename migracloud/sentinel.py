"""The guard of django-q2's workers, which also knows when a killed process has taken the others along.

Decides: when the death of one process has to be the end of all. Not: who starts them again (supervisor or systemd).
"""

from __future__ import annotations

import logging
import os
from multiprocessing.process import BaseProcess

from django_q.cluster import Sentinel

log = logging.getLogger(__name__)


class WatchfulSentinel(Sentinel):
    """Whoever waits at a queue holds its lock, and one that is killed there holds it for ever: nobody else is ever
    served again, though all look alive. Only a worker that was busy with a task held none.
    """

    def reincarnate(self, process: BaseProcess) -> None:
        killed = process.exitcode is not None and process.exitcode < 0
        busy = process in self.pool and process.timer.value > 0  # type: ignore[attr-defined]
        if killed and not busy:
            log.critical("process %s was killed while it waited at a queue: all workers have to end", process.pid)
            logging.shutdown()
            os._exit(1)  # the workers die with this process; an orderly end would wait for them in vain
        super().reincarnate(process)
