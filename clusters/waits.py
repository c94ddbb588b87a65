"""The key by which an operation waits for a Proxmox task: which cluster, and the task's UPID.

Decides: the key's form. To the engine it is opaque.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from clusters.dataplane.port import Upid

PREFIX = "pve:"


@dataclass(frozen=True)
class AwaitedTask:
    """A task that somebody waits for. Proxmox writes node and start into the UPID: UPID:node:pid:pstart:start:..."""

    cluster_id: UUID
    upid: Upid

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.cluster_id}:{self.upid}"

    @classmethod
    @lru_cache(maxsize=4096)  # the same keys are read at every look, by the thousand
    def of(cls, key: str) -> AwaitedTask:
        cluster_id, upid = key.removeprefix(PREFIX).split(":", 1)
        return cls(UUID(cluster_id), Upid(upid))

    @property
    def node(self) -> str:
        return self.upid.split(":")[1]

    @property
    def started(self) -> int:
        """Seconds since 1970, by the node's clock."""
        return int(self.upid.split(":")[4], 16)
