"""Who is trusted: by CA file, by fingerprint, by the system; and what an Access refuses to be.

Decides: that nothing is ever sent to an endpoint that is not proven. Not: what is sent.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from clusters.dataplane import errors
from clusters.dataplane.access import Access, host_of
from clusters.dataplane.transport import Transport
from tests.clusters.dataplane.conftest import Certificate
from tests.clusters.dataplane.endpoint import Endpoint


def assert_not_trusted(access: Access, endpoint: Endpoint) -> None:
    for method in ("GET", "POST"):
        with pytest.raises(errors.CertificateNotTrusted, match="is not trusted; nothing was sent"):
            Transport(access).call(method, "version")
    assert endpoint.connections == 2
    assert endpoint.seen == []


def test_the_right_ca_file_is_enough(endpoint: Endpoint, access_to):
    Transport(access_to(endpoint)).call("GET", "version")
    assert len(endpoint.seen) == 1


def test_the_right_fingerprint_is_enough_for_a_self_signed_certificate(endpoint, certificate, access_to):
    for written in (certificate.fingerprint, certificate.fingerprint.replace(":", "").lower()):
        Transport(access_to(endpoint, ca_file=None, fingerprint=written)).call("GET", "version")
    assert len(endpoint.seen) == 2


def test_a_wrong_ca_is_not_trusted(endpoint: Endpoint, new_certificate, access_to):
    assert_not_trusted(access_to(endpoint, ca_file=str(new_certificate().file)), endpoint)


def test_a_wrong_fingerprint_is_not_trusted(endpoint: Endpoint, new_certificate, access_to):
    other = new_certificate().fingerprint
    assert_not_trusted(access_to(endpoint, ca_file=None, fingerprint=other), endpoint)


def test_a_self_signed_certificate_is_not_trusted_by_the_system(endpoint: Endpoint, access_to):
    assert_not_trusted(access_to(endpoint, ca_file=None), endpoint)


def test_no_environment_variable_widens_trust(endpoint, certificate: Certificate, access_to, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificate.file))
    assert_not_trusted(access_to(endpoint, ca_file=None), endpoint)


def test_no_environment_variable_has_the_keys_of_a_session_written(endpoint, access_to, monkeypatch, tmp_path: Path):
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    Transport(access_to(endpoint)).call("GET", "version")
    assert endpoint.seen
    assert not keys.exists() or "_SECRET" not in keys.read_text()


def test_an_expired_certificate_is_not_trusted(new_endpoint, new_certificate, access_to):
    expired = new_certificate(days=-1)
    endpoint = new_endpoint(expired.context)
    assert_not_trusted(access_to(endpoint, ca_file=str(expired.file)), endpoint)


def test_a_certificate_for_another_host_is_not_trusted(new_endpoint, new_certificate, access_to):
    elsewhere = new_certificate(address="127.0.0.2")
    endpoint = new_endpoint(elsewhere.context)
    assert_not_trusted(access_to(endpoint, ca_file=str(elsewhere.file)), endpoint)


def test_an_endpoint_that_speaks_no_tls_is_not_trusted(new_endpoint, certificate, access_to):
    endpoint = new_endpoint(None)
    assert_not_trusted(access_to(endpoint), endpoint)


def test_an_endpoint_that_is_not_trusted_is_not_passed_over(new_endpoint, new_certificate, access_to):
    suspect, good = new_endpoint(new_certificate().context), new_endpoint()
    with pytest.raises(errors.CertificateNotTrusted):
        Transport(access_to(suspect, good)).call("GET", "version")
    assert good.connections == 0


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_ca_file_that_cannot_be_used_is_named(content: str | None, endpoint, access_to, tmp_path: Path):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(errors.CertificateNotTrusted, match=r"ca\.pem"):
        Transport(access_to(endpoint, ca_file=str(file))).call("GET", "version")
    assert endpoint.connections == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"endpoints": ()}, "has no endpoint"),
        ({"endpoints": ("http://127.0.0.1:8006",)}, "is not an endpoint such as"),
        ({"endpoints": ("https://127.0.0.1:99999",)}, "is not an endpoint such as"),
        ({"endpoints": ("https://127.0.0.1/api2/json",)}, "is not an endpoint such as"),
        ({"endpoints": ("https://root:pw@127.0.0.1",)}, "is not an endpoint such as"),
        ({"fingerprint": "AA:BB"}, "both a CA file and a fingerprint"),
        ({"ca_file": None, "fingerprint": "AA:BB"}, "64 hexadecimal digits"),
        ({"token_id": "root@pam"}, "user@realm!name"),
        ({"token_secret": ""}, "token secret"),
        ({"token_secret": "a\nb"}, "token secret"),
        ({"mark_keys": ()}, "no key to sign marks with"),
    ],
)
def test_an_access_that_cannot_work_is_refused_by_name(changes, message: str, access_to: Callable[..., Access]):
    with pytest.raises(ValueError, match=message):
        access_to("https://127.0.0.1:8006", **changes)


def test_an_endpoint_without_a_port_has_proxmoxs(access_to):
    assert host_of("https://pve.example.net/") == "pve.example.net:8006"
    assert host_of("https://[fd00::1]:8443") == "[fd00::1]:8443"
