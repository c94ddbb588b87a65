"""What tests of clusters share.

Decides: the environment that the demo's declaration is read in.
"""

from __future__ import annotations

import pytest

from demo.handle import FakeHandle
from tests.clusters.declared import SECRET


@pytest.fixture
def environ(db: None, plane: FakeHandle, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that the demo's file is read in: the tests' own Proxmox API."""
    values = {
        "DEMO_PVE_URL": plane.ready.url,
        "DEMO_PVE_CA": plane.ready.ca_file,
        SECRET: plane.ready.token_secret,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values
