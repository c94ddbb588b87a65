"""How one cluster is reached: endpoints, what makes their certificates trusted, token, keys that sign marks.

Decides: which combinations are sound (ValueError otherwise). Not: where the values come from.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from clusters.dataplane.mark import MarkKey

CONNECT_TIMEOUT = 5.0  # seconds until TCP and TLS stand; a node that is off is passed over after that
READ_TIMEOUT = 30.0  # seconds without a byte of the answer; Proxmox itself gives up a proxied call after 30
DEFAULT_PORT = 8006  # Proxmox's own; taken when an endpoint names none


@dataclass(frozen=True)
class Access:
    """Certificates are verified always: by `ca_file`, by `fingerprint`, or else by the system's trust store.

    A CA proves the endpoint's name and the certificate's dates. A pinned fingerprint (SHA-256) stands for
    exactly one certificate, so its name and its dates are not asked.
    """

    cluster_id: UUID
    name: str
    endpoints: tuple[str, ...]
    token_id: str  # user@realm!name
    token_secret: str = field(repr=False)
    mark_keys: tuple[MarkKey, ...]  # the first signs, all verify
    ca_file: str | None = None
    fingerprint: str | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ValueError(f"Cluster {self.name} has no endpoint.")
        for endpoint in self.endpoints:
            host_of(endpoint)
        if self.ca_file and self.fingerprint:
            raise ValueError(f"Cluster {self.name} has both a CA file and a fingerprint; keep one.")
        if self.fingerprint and not re.fullmatch(r"[0-9a-f]{64}", plain_fingerprint(self.fingerprint)):
            raise ValueError(f"The fingerprint of cluster {self.name} is not a SHA-256 one (64 hexadecimal digits).")
        if not re.fullmatch(r"[^\s@!:/=]+@[^\s@!:/=]+![^\s@!:/=]+", self.token_id):
            raise ValueError(f"The token id of cluster {self.name} is not of the form user@realm!name.")
        if not re.fullmatch(r"[!-~]+", self.token_secret):
            raise ValueError(f"The token secret of cluster {self.name} is empty or has characters no token has.")
        if not self.mark_keys:
            raise ValueError(f"Cluster {self.name} has no key to sign marks with.")


def host_of(endpoint: str) -> str:
    """`host:port` of an endpoint's URL, as proxmoxer takes it."""
    parts = urlsplit(endpoint)
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = 0
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme != "https" or not parts.hostname or not port or not plain:
        raise ValueError(f"{endpoint!r} is not an endpoint such as https://pve.example.net:8006.")
    return f"[{parts.hostname}]:{port}" if ":" in parts.hostname else f"{parts.hostname}:{port}"


def plain_fingerprint(text: str) -> str:
    """A fingerprint without colons, in lower case."""
    return text.replace(":", "").strip().lower()
