"""Certificates made for the run, endpoints that show them, and the access to them.

Decides: what a test of the data plane may assume to be there. Not: what the endpoints answer.
"""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clusters.dataplane.access import Access
from clusters.dataplane.mark import MarkKey
from tests.clusters.dataplane.endpoint import Endpoint

SECRET = "7b1f0c9e-not-a-real-token-4a52"
KEY = MarkKey("k1", b"a key made for these tests only")


class Certificate:
    """A self-signed certificate for 127.0.0.1; as its own CA it is what a node has."""

    def __init__(self, folder: Path, *, days: int = 30, address: str = "127.0.0.1") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pve")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.file = folder / "certificate.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = folder / "key.pem"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, key_file)


@pytest.fixture(scope="session")
def new_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Certificate]:
    def make(**how: Any) -> Certificate:
        return Certificate(tmp_path_factory.mktemp("certificate"), **how)

    return make


@pytest.fixture(scope="session")
def certificate(new_certificate: Callable[..., Certificate]) -> Certificate:
    return new_certificate()


@pytest.fixture
def new_endpoint(certificate: Certificate) -> Iterator[Callable[..., Endpoint]]:
    opened: list[Endpoint] = []

    def make(context: ssl.SSLContext | None = certificate.context) -> Endpoint:
        opened.append(Endpoint(context))
        return opened[-1]

    yield make
    for endpoint in opened:
        endpoint.close()


@pytest.fixture
def endpoint(new_endpoint: Callable[..., Endpoint]) -> Endpoint:
    return new_endpoint()


@pytest.fixture
def access_to(certificate: Certificate) -> Callable[..., Access]:
    """Access to endpoints by the certificate as CA, under a cluster of its own: no session is shared."""

    def make(*endpoints: Endpoint | str, **changes: Any) -> Access:
        values: dict[str, Any] = {
            "cluster_id": uuid4(),
            "name": "lab",
            "endpoints": tuple(one if isinstance(one, str) else one.url for one in endpoints),
            "token_id": "ctl@pve!cp",
            "token_secret": SECRET,
            "mark_keys": (KEY,),
            "ca_file": str(certificate.file),
        }
        return Access(**(values | changes))

    return make
