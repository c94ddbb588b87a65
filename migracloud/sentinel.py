"""The guard of django-q2's workers: it and they end in order only, and all at once when a killed one took others along.

Decides: which signals the guard and its workers heed, and when the death of one process has to be the end of all.
Not: who starts them again (supervisor or systemd), nor what a worker does with its operation (operations/stopping.py).
"""

from __future__ import annotations

import logging
import os
import signal
from multiprocessing.process import BaseProcess

from django_q.cluster import Sentinel

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds for a worker that ran into its time-out to end by itself


class WatchfulSentinel(Sentinel):
    """Whoever waits at a queue holds its lock, and one that is killed there holds it for ever: nobody else is ever
    served again, though all look alive. Only a worker that was busy with a task held none.
    """

    def start(self) -> None:
        """systemd and terminals tell the whole group to end. The command alone listens: it asks for an orderly end, and
        should it die itself, the kernel kills us all.
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # SIGINT is ignored already; what is forked inherits both
        super().start()

    def reincarnate(self, process: BaseProcess) -> None:
        of_pool = process in self.pool
        killed = process.exitcode is not None and process.exitcode < 0
        busy = of_pool and process.timer.value > 0  # type: ignore[attr-defined]
        late = of_pool and process.timer.value == 0  # type: ignore[attr-defined]
        if killed and not busy:
            log.critical("process %s was killed while it waited at a queue: all workers have to end", process.pid)
            logging.shutdown()
            os._exit(1)  # the workers die with this process; an orderly end would wait for them in vain
        super().reincarnate(process)
        if late:  # what django-q2 sends it is ignored
            process.join(PATIENCE)
            process.kill()
