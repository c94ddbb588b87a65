"""In each of Proxmox's moods, at any call, an operation ends as is documented, and leaves what it says and no more."""

from __future__ import annotations

import pytest

from chaos.draw import draw
from chaos.faults import disturb, faults_of
from tests.chaos.matrices.conftest import SIZE

pytestmark = pytest.mark.slow

SAMPLE = 18  # of each scenario, of some fifty moods and numbers of times: all occur in all scenarios together


def test_faults(scenario, plan, strike_all, seed):
    faults = list(faults_of(plan))
    most = None if SIZE == "all" else SAMPLE
    drawn = draw(faults, most, f"{seed} faults {scenario.name}", by=lambda fault: (fault.mood.name, fault.times))
    strike_all("fault", disturb, drawn, len(faults))
