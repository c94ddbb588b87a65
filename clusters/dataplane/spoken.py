"""How the port's calls are spoken to a Proxmox cluster: one HTTP call each, its answer understood or a typed error.

Decides: what an answer of an odd shape is, how a node or container is named in a path. Not: which call is made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from clusters.dataplane import errors, values
from clusters.dataplane.access import Access
from clusters.dataplane.port import Ct, Upid
from clusters.dataplane.transport import Method, Params, Transport


class Speaker:
    """Speaks to one cluster. `before_call` runs before each HTTP call; what it raises prevents the call."""

    def __init__(self, access: Access, *, before_call: Callable[[], None] | None = None) -> None:
        self.access = access
        self._transport = Transport(access, before_call)

    def _call(self, method: Method, path: str, params: Params | None = None, *, doing: str) -> Any:
        return self._transport.call(method, path, params, doing=doing)

    def _task(self, method: Method, path: str, params: Params | None = None, *, doing: str) -> Upid:
        answer = self._call(method, path, params, doing=doing)
        with self._understood(doing):
            return values.upid_of(answer)

    @contextmanager
    def _understood(self, doing: str) -> Iterator[None]:
        """An answer of a shape that Proxmox never gives is an error of its type too."""
        try:
            yield
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as odd:
            raise errors.Unexpected(
                f"Cluster {self.access.name}: could not {doing}: the answer is not one that Proxmox gives.",
                detail=f"{type(odd).__name__}: {odd}",
            ) from odd


def name_of(ct: Ct) -> str:
    return f"CT {ct.vmid} on node {ct.node}"


def path_of(ct: Ct) -> str:
    return f"nodes/{safe(ct.node)}/lxc/{ct.vmid}"


def safe(part: str) -> str:
    """One segment of a path, whatever it holds."""
    return quote(part, safe=":@!")
