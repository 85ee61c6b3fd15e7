"""Images by address, from lists that nobody vouches for: any URL may be dead, huge, endless, or aimed at this network.

The address that a name stands for is looked up once, judged and connected to, so that a second look-up cannot turn
public into private; every redirect is judged anew. Proxies of the environment are not used, since what they connect to
could not be judged. What the server calls the content does not matter: whoever decodes sees what it is.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.retry import RETRIED
from fc_pipeline.executors.local import results_in_order
from fc_pipeline.images.datasets.catalogue import DownloadLimits

T = TypeVar("T")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Translates to the IPv4 address in its last 32 bits (RFC 6052)."""

_REDIRECTS = {301, 302, 303, 307, 308}
_CHUNK_BYTES = 1 << 16
_OPTED_OUT = {"noai", "noimageai", "noindex", "noimageindex"}
"""Directives of X-Robots-Tag by which an owner asks not to be collected; img2dataset heeds the same."""
_HEADERS = {"User-Agent": "FusterCluck image loader", "Accept": "image/*", "Accept-Encoding": "identity"}


def download_all(entries: Iterable[tuple[T, str]], limits: DownloadLimits) -> Iterator[tuple[T, bytes | BadInput]]:
    """Yields each entry with the bytes at its URL or why there are none, in the order of the entries.

    At most twice `limits.concurrency` answers are held in memory.
    """

    def ask(entry: tuple[T, str]) -> tuple[T, bytes | BadInput]:
        return entry[0], download(entry[1], limits)

    with ThreadPoolExecutor(limits.concurrency, thread_name_prefix="download") as pool:
        yield from results_in_order(lambda entry: pool.submit(ask, entry), entries, ahead=2 * limits.concurrency - 1)


def download(url: str, limits: DownloadLimits) -> bytes | BadInput:
    """The bytes at an address, or why there are none.

    Reasons: invalid_url, private_address, opted_out, http_error, too_many_redirects, too_many_bytes, truncated,
    timeout, unreachable.
    """
    for attempt in range(limits.attempts):
        if attempt:
            time.sleep(2.0 ** (attempt - 1))
        with _Deadline(limits.total_seconds) as deadline:
            try:
                return _follow(url, limits, deadline)
            except _Passing as error:
                bad = BadInput(error.reason, error.detail)
            except BadInput as error:
                return error
            except (http.client.HTTPException, OSError) as error:
                late = deadline.passed or isinstance(error, TimeoutError)
                bad = BadInput("timeout" if late else "unreachable", f"{url[:200]}: {type(error).__name__}: {error}")
                if deadline.passed:
                    return bad
    return bad


class _Passing(BadInput):
    """A failure that may be another one at the next try."""


class _Deadline:
    """Shuts the socket when the time for one image is over: timeouts alone start anew with every byte that drips in."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, opened: socket.socket) -> None:
        """Raises TimeoutError when it is over already."""
        self._socket = opened  # before the look at `passed`, which is set before the look at the socket: one sees it
        if self.passed:
            raise TimeoutError("the time for this image is over")

    def _expire(self) -> None:
        self.passed = True
        if self._socket is not None:
            with suppress(OSError):  # closed in the meantime
                self._socket.shutdown(socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    """Connects to the address that was judged."""

    def __init__(self, host: str, port: int, *, tls: bool, limits: DownloadLimits, deadline: _Deadline) -> None:
        super().__init__(host, port, timeout=limits.timeout_seconds)
        self._tls, self._limits, self._deadline = tls, limits, deadline

    def connect(self) -> None:
        """Raises BadInput("private_address"), or OSError."""
        places = resolved(self.host, self.port)
        refused = [address for address, public in places if not public]
        if refused and not self._limits.allow_private:
            raise BadInput("private_address", f"{self.host} stands for {refused[0]}, which is inside a network")
        self.sock = plain = socket.create_connection((places[0][0], self.port), timeout=self._limits.timeout_seconds)
        if self._tls:
            self.sock = _tls_context().wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self._deadline.watch(self.sock)
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()


def _tls_context() -> ssl.SSLContext:
    from certifi import where

    return ssl.create_default_context(cafile=where())


def _follow(url: str, limits: DownloadLimits, deadline: _Deadline) -> bytes:
    for _ in range(limits.max_redirects + 1):
        scheme, host, port, target = _parts(url)
        connection = _Connection(host, port, tls=scheme == "https", limits=limits, deadline=deadline)
        try:
            connection.request("GET", target, headers=_HEADERS)
            with connection.getresponse() as answer:
                if answer.status not in _REDIRECTS:
                    return _body(url, answer, limits, deadline)
                url = urljoin(url, answer.getheader("Location", ""))
        finally:
            connection.close()
    raise BadInput("too_many_redirects", f"{url[:200]}: more than {limits.max_redirects}")


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and what is asked of the host, all in ASCII."""
    from requests.utils import requote_uri

    try:
        split = urlsplit(requote_uri(url.strip()))
        host = (split.hostname or "").encode("idna").decode()
        port = split.port or (443 if split.scheme == "https" else 80)
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        target.encode("ascii")
    except (ValueError, OSError) as error:  # requests' InvalidURL is an OSError
        raise BadInput("invalid_url", f"{url[:200]!r}: {error}") from error
    if split.scheme not in {"http", "https"} or not host:
        raise BadInput("invalid_url", f"{url[:200]!r} is no http or https address")
    return split.scheme, host, port, target


def _body(url: str, answer: http.client.HTTPResponse, limits: DownloadLimits, deadline: _Deadline) -> bytes:
    shown = url[:200]
    if answer.status != 200:
        kind = _Passing if answer.status in RETRIED else BadInput
        raise kind("http_error", f"{shown}: the server answered {answer.status}")
    directives = {word.strip().lower() for word in (answer.getheader("X-Robots-Tag") or "").split(",")}
    if directives & _OPTED_OUT:
        raise BadInput("opted_out", f"{shown}: X-Robots-Tag says {', '.join(sorted(directives & _OPTED_OUT))}")
    stated = answer.length
    if stated is not None and stated > limits.max_bytes:
        raise BadInput("too_many_bytes", f"{shown}: {stated} bytes exceed {limits.max_bytes}")
    data = bytearray()
    while chunk := answer.read1(_CHUNK_BYTES):
        data += chunk
        if len(data) > limits.max_bytes:
            raise BadInput("too_many_bytes", f"{shown}: more than {limits.max_bytes}")
    if deadline.passed:
        raise TimeoutError(f"not complete after {limits.total_seconds:g} seconds")
    if stated is not None and len(data) < stated:
        raise _Passing("truncated", f"{shown}: {len(data)} of {stated} bytes")
    return bytes(data)


def is_public(address: Address) -> bool:
    """False for loopback, private, link-local, multicast and reserved ones, also inside an IPv6 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, address.teredo[1] if address.teredo else None]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(embedded is not None and not is_public(embedded) for embedded in inner):
            return False
        if address.ipv4_mapped:
            return True
    return address.is_global and not address.is_multicast


def resolved(host: str, port: int) -> list[tuple[str, bool]]:
    """(numeric address, is it public) of everything that the name stands for. Raises OSError when it is unknown."""
    names = [str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    return [(name, is_public(ipaddress.ip_address(name.split("%")[0]))) for name in names]
