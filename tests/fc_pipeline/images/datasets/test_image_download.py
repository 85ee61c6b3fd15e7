"""Downloads from a real server on the loopback address, which has to be allowed for that; with https, too."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from factories.dataset_files import encoded
from factories.image_server import Answer, ImageServer

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets import download as module
from fc_pipeline.images.datasets.catalogue import DownloadLimits
from fc_pipeline.images.datasets.download import download, download_all, is_public

LIMITS = DownloadLimits(allow_private=True, attempts=1, timeout_seconds=2, max_bytes=100_000)
IMAGE = encoded()
INSIDE = (
    "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]",
    "169.254.169.254", "10.0.0.1", "[fe80::1]", "[64:ff9b::7f00:1]",
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with ImageServer() as running:
        yield running


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(module, "time", type("Clock", (), {"sleep": staticmethod(waited.append)}))
    return waited


def reason(url: str, limits: DownloadLimits = LIMITS) -> str:
    answer = download(url, limits)
    assert isinstance(answer, BadInput) and "\n" not in answer.detail
    return answer.reason


def test_bytes_come_as_they_are(server):
    packed = gzip.compress(IMAGE)  # its header has the time
    server.files |= {
        "/a.jpg": IMAGE,
        "/typed": Answer(IMAGE, headers={"Content-Type": "text/html"}),
        "/chunked": Answer(IMAGE, chunked=True),
        "/unstated": Answer(IMAGE, stated=None),
        "/a%20b/%C3%A9.jpg?x=1&y=%202": IMAGE,
        "/packed": Answer(packed, headers={"Content-Encoding": "gzip"}),
        "/empty": b"",
    }
    for path in ("/a.jpg", "/typed", "/chunked", "/unstated", "/a b/é.jpg?x=1&y= 2", "/a.jpg#fragment"):
        assert download(server.url + path, LIMITS) == IMAGE, path
    assert download(server.url + "/packed", LIMITS) == packed  # never unpacked here: no bomb
    assert download(server.url + "/empty", LIMITS) == b""
    assert download(server.url.replace("127.0.0.1", "localhost") + "/a.jpg", LIMITS) == IMAGE


def test_refusals(server):
    big = bytes(100_001)
    server.files |= {
        "/big": big,
        "/big-chunked": Answer(big, chunked=True),
        "/big-unstated": Answer(big, stated=None),
        "/lie": Answer(IMAGE, stated=10**12),
        "/short": Answer(IMAGE[:50], stated=len(IMAGE)),
        "/negative": Answer(IMAGE, stated=-5),
        "/noai": Answer(IMAGE, headers={"X-Robots-Tag": "noarchive, NoAI"}),
        "/loop": Answer(status=302, headers={"Location": "/loop"}),
        "/file": Answer(status=302, headers={"Location": "file:///etc/passwd"}),
        "/nowhere": Answer(status=301),
        "/forbidden": Answer(status=403),
        "/partial": Answer(IMAGE, status=206),
    }
    expected = {
        "/big": "too_many_bytes",
        "/big-chunked": "too_many_bytes",
        "/big-unstated": "too_many_bytes",
        "/lie": "too_many_bytes",
        "/short": "truncated",
        "/noai": "opted_out",
        "/loop": "too_many_redirects",
        "/file": "invalid_url",
        "/nowhere": "too_many_redirects",
        "/forbidden": "http_error",
        "/gone": "http_error",
        "/partial": "http_error",
    }
    assert {path: reason(server.url + path) for path in expected} == expected
    assert server.asked["/loop"] == LIMITS.max_redirects + 1


@pytest.mark.parametrize(
    "url",
    ["", "a.jpg", "ftp://example.org/a.jpg", "file:///etc/passwd", "http://", "http://[::1", "http://a:b/", "//host/a",
     "http://" + "a" * 300 + ".org/", "javascript:alert(1)", "data:image/png;base64,AAAA"],
)  # fmt: skip
def test_addresses_that_are_none(url):
    assert reason(url) == "invalid_url"


def test_control_characters_do_not_reach_the_server(server):
    server.files["/"] = IMAGE
    answer = download(server.url + "/a\r\nX-Evil: 1", LIMITS)
    assert isinstance(answer, BadInput)
    assert not any("Evil" in path and "\n" in path for path in server.asked)


def test_the_network_is_closed_unless_it_is_opened(server):
    server.files |= {"/a.jpg": IMAGE}
    limits = DownloadLimits(attempts=1)
    port = server.url.rsplit(":", 1)[1]
    for host in INSIDE:
        assert reason(f"http://{host}:{port}/a.jpg", limits) in {"private_address", "unreachable"}, host
    assert reason(f"http://127.0.0.1:{port}/a.jpg", limits) == "private_address"
    assert reason("http://169.254.169.254/latest/meta-data", limits) == "private_address"
    assert not server.asked


def test_a_redirect_into_the_network_is_judged_anew(server, monkeypatch):
    """The server plays a public host: its own address passes, the one that it redirects to does not."""
    server.files["/start"] = Answer(
        status=302, headers={"Location": server.url.replace("127.0.0.1", "localhost") + "/a.jpg"}
    )
    server.files["/a.jpg"] = IMAGE
    real = module.resolved
    monkeypatch.setattr(
        module, "resolved", lambda host, port: [(a, p or host == "127.0.0.1") for a, p in real(host, port)]
    )
    assert reason(server.url + "/start", DownloadLimits(attempts=1)) == "private_address"
    assert server.asked == {"/start": 1}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False),
        ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1", False),
        ("fc00::1", False), ("ff02::1", False), ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False), ("64:ff9b::a00:1", False), ("64:ff9b::808:808", True),
    ],
)  # fmt: skip
def test_public_addresses(address, public):
    assert is_public(ipaddress.ip_address(address)) == public


def test_busy_servers_are_asked_again(server, waits):
    limits = DownloadLimits(allow_private=True, attempts=3)
    server.files["/a.jpg"] = IMAGE
    server.faults["/a.jpg"] = [503, 429]
    assert download(server.url + "/a.jpg", limits) == IMAGE and waits == [1.0, 2.0]
    server.faults["/a.jpg"] = [500] * 9
    assert reason(server.url + "/a.jpg", limits) == "http_error" and server.asked["/a.jpg"] == 6
    assert reason("http://127.0.0.1:1/a.jpg", limits) == "unreachable"


@pytest.mark.parametrize("answer", [Answer(IMAGE, drip_seconds=0.02), Answer(drip_headers=True)])
def test_a_server_that_drips_is_left(server, answer):
    server.files["/slow"] = answer
    began = time.monotonic()
    limits = DownloadLimits(allow_private=True, attempts=3, timeout_seconds=5, total_seconds=0.3)
    assert reason(server.url + "/slow", limits) == "timeout"
    assert time.monotonic() - began < 2 and server.asked["/slow"] == 1


def test_a_silent_server_times_out(server):
    server.files["/silent"] = Answer(IMAGE, drip_seconds=3.0)
    limits = DownloadLimits(allow_private=True, attempts=1, timeout_seconds=0.2)
    assert reason(server.url + "/silent", limits) == "timeout"


def test_many_come_in_order(server):
    images = {f"/{number}.jpg": encoded(64 + number, 48) for number in range(40)}
    server.files |= images
    entries = [(number, server.url + f"/{number}.jpg") for number in range(50)]
    patient = LIMITS.model_copy(update={"timeout_seconds": 60.0})  # a busy machine may keep one waiting
    results = list(download_all(iter(entries), patient))
    assert [number for number, _ in results] == list(range(50))
    assert [data for _, data in results[:40]] == list(images.values())
    assert {data.reason for _, data in results[40:] if isinstance(data, BadInput)} == {"http_error"}


def test_little_is_fetched_ahead(server):
    asked: list[int] = []

    def entries() -> Iterator[tuple[int, str]]:
        for number in range(1000):
            asked.append(number)
            yield number, server.url + "/a.jpg"

    server.files["/a.jpg"] = IMAGE
    before = threading.active_count()
    results = download_all(entries(), DownloadLimits(allow_private=True, concurrency=3))
    assert next(results)[1] == IMAGE
    results.close()
    assert len(asked) <= 7
    assert threading.active_count() <= before + 3  # the server's own threads end by themselves


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
def tls_server(certificate: Path) -> Iterator[ImageServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ImageServer() as running:
        running.serve_tls(context)
        yield running


def test_https(tls_server, certificate, monkeypatch):
    tls_server.files["/a.jpg"] = encoded()
    untrusted = download(tls_server.url + "/a.jpg", LIMITS)
    assert isinstance(untrusted, BadInput) and untrusted.reason == "unreachable"
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted.detail
    monkeypatch.setattr(module, "_tls_context", lambda: ssl.create_default_context(cafile=certificate))
    assert download(tls_server.url + "/a.jpg", LIMITS) == encoded()
    other_name = download(tls_server.url.replace("127.0.0.1", "localhost") + "/a.jpg", LIMITS)
    assert isinstance(other_name, BadInput) and "localhost" in other_name.detail


def test_a_server_that_never_shakes_hands():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        limits = DownloadLimits(allow_private=True, attempts=2, timeout_seconds=9, total_seconds=0.3)
        assert reason(f"https://127.0.0.1:{silent.getsockname()[1]}/a.jpg", limits) == "timeout"
    assert time.monotonic() - began < 2
