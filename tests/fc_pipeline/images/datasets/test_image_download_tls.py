"""https: certificates are checked, and a handshake cannot hold the line."""

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from factories.dataset_files import encoded
from factories.image_server import ImageServer

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets import download as module
from fc_pipeline.images.datasets.catalogue import DownloadLimits
from fc_pipeline.images.datasets.download import download

LIMITS = DownloadLimits(allow_private=True, attempts=1, timeout_seconds=2)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(key.private_bytes(*pem) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[ImageServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ImageServer() as running:
        running.serve_tls(context)
        yield running


def test_https(server, certificate, monkeypatch):
    server.files["/a.jpg"] = encoded()
    untrusted = download(server.url + "/a.jpg", LIMITS)
    assert isinstance(untrusted, BadInput) and untrusted.reason == "unreachable"
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted.detail
    monkeypatch.setattr(module, "_tls_context", lambda: ssl.create_default_context(cafile=certificate))
    assert download(server.url + "/a.jpg", LIMITS) == encoded()
    other_name = download(server.url.replace("127.0.0.1", "localhost") + "/a.jpg", LIMITS)
    assert isinstance(other_name, BadInput) and "localhost" in other_name.detail


def test_a_server_that_never_shakes_hands():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        limits = DownloadLimits(allow_private=True, attempts=2, timeout_seconds=9, total_seconds=0.3)
        answer = download(f"https://127.0.0.1:{silent.getsockname()[1]}/a.jpg", limits)
    assert isinstance(answer, BadInput) and answer.reason == "timeout"
    assert time.monotonic() - began < 2
