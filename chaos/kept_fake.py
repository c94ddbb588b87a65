"""The fake's state, kept at a moment and brought back.

Decides: how. Not: when (saved.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from demo.handle import FakeHandle

CALL_TIMEOUT = 10.0
HIDDEN = ("digest", "lock")  # what the fake shows of a container and makes itself


def keep(plane: FakeHandle) -> Callable[[], None]:
    """Keep it; the function brings it back, without record, tasks and faults."""
    plane.clear_record()
    if save := getattr(plane, "save", None):
        save()
        bring_back: Callable[[], None] = plane.load  # type: ignore[attr-defined]
        return bring_back
    cts = [ct for ct in plane.cts().values() if not ct["template"]]
    return lambda: _put_back(plane, cts)


def _put_back(plane: FakeHandle, cts: list[dict[str, Any]]) -> None:
    """Piece by piece, with a fake that cannot keep itself; the firewall goes in by Proxmox's own call."""
    plane.reset()
    ready = plane.ready
    token = {"Authorization": f"PVEAPIToken={ready.token_id}={ready.token_secret}"}
    for ct in cts:
        config = {key: value for key, value in ct["config"].items() if key not in HIDDEN}
        config["description"] = str(config.get("description", "")).rstrip("\n")
        plane.put_ct(ct["node"], ct["vmid"], status=ct["status"], lock=ct["lock"], **config)
        if ct["firewall"]:
            requests.put(
                f"{ready.url}/api2/json/nodes/{ct['node']}/lxc/{ct['vmid']}/firewall/options",
                data=ct["firewall"],
                headers=token,
                verify=ready.ca_file,
                timeout=CALL_TIMEOUT,
            ).raise_for_status()
    plane.clear_record()
