"""Grants: what a token may do, path by path, as Proxmox tells it of itself.

Decides: which privileges count at a path. Not: which are needed (clusters/check/privileges.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Grants:
    """The effective privileges at each path that Proxmox lists, each with whether it counts below that path too.

    Proxmox lists the tops (`/`, `/vms`, `/storage` ...) and every path of its access list. Privileges at a deeper path
    replace those from above, and what is listed says so already: the nearest listed path speaks for what is below it.
    """

    paths: Mapping[str, Mapping[str, bool]]

    def at(self, path: str) -> frozenset[str]:
        """What is held at this very path."""
        if path in self.paths:
            return frozenset(self.paths[path])
        above = path
        while above != "/":
            above = above.rpartition("/")[0] or "/"
            if above in self.paths:
                return frozenset(privilege for privilege, below in self.paths[above].items() if below)
        return frozenset()

    def anywhere(self) -> frozenset[str]:
        """Every privilege that is held at some path."""
        return frozenset(privilege for held in self.paths.values() for privilege in held)
