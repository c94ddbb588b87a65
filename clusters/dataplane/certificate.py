"""certificate_of(): the certificate that an endpoint shows, trusted or not. Nothing but a handshake is sent.

Decides: how it is read. Not: whether it is trusted (transport.py), nor what its last day means (clusters/check/).
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from clusters.dataplane.access import CONNECT_TIMEOUT, DEFAULT_PORT
from clusters.dataplane.errors import Unavailable


@dataclass(frozen=True)
class ServerCertificate:
    """`fingerprint` is SHA-256 as Proxmox shows it: pairs of digits, with colons."""

    fingerprint: str
    ends: datetime


def certificate_of(endpoint: str, *, timeout: float = CONNECT_TIMEOUT) -> ServerCertificate:
    """Raises Unavailable when none can be had."""
    parts = urlsplit(endpoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is looked at, not trusted
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or DEFAULT_PORT), timeout) as line,
            context.wrap_socket(line, server_hostname=parts.hostname) as tls,
        ):
            shown = tls.getpeercert(binary_form=True)
        certificate = x509.load_der_x509_certificate(shown or b"")
    except (OSError, ValueError) as error:
        raise Unavailable(f"No certificate could be read from {endpoint}.", detail=str(error)) from error
    return ServerCertificate(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        ends=certificate.not_valid_after_utc,
    )
