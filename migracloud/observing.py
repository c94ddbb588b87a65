"""One round of seeing: begin the looks that are due, record those that have ended.

Decides: that a look's cluster and pods are recorded together. Not: what of them (clusters/ and pods/observation.py).
"""

from __future__ import annotations

from django.db import transaction

from clusters import observation as clusters
from clusters.looks import Look, Looks
from pods import observation as pods


def observe(looks: Looks) -> None:
    """Waits for no cluster: what has not ended yet is recorded by a later round."""
    looks.begin()
    record_ended(looks)


def observe_now(looks: Looks) -> None:
    """All that is due; waits for each, as long as it may take to answer."""
    while looks.begin():
        looks.wait()
        record_ended(looks)


def record_ended(looks: Looks) -> None:
    for look in looks.ended():
        record(look)


def record(look: Look) -> None:
    with transaction.atomic():
        if clusters.record(look):
            pods.record(look)
