"""A server on 127.0.0.1 whose answers misbehave as those of the web do."""

import ssl
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Self

from factories.loopback_server import Loopback


@dataclass(frozen=True)
class Answer:
    """What is sent instead of 200, the length and the bytes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stated: int | None = -1
    """Content-Length; -1 for the true one, None for none."""
    drip_seconds: float = 0.0
    """Pause after each byte of the body."""
    drip_headers: bool = False
    """Never come to the end of the headers."""
    chunked: bool = False


class ImageServer(Loopback):
    """Serves `files`: {path: bytes or Answer}; `faults[path]` are statuses that come first, one a request."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.closing = threading.Event()
        self._server.daemon_threads = False
        self._server.RequestHandlerClass.protocol_version = "HTTP/1.1"

    def serve_tls(self, context: ssl.SSLContext) -> None:
        """Answer https only."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        self.asked[path] += 1
        handler.close_connection = True
        content = self.files.get(path, Answer(status=404))
        if self.faults[path]:
            content = Answer(status=self.faults[path].pop(0))
        try:
            self._send(handler, Answer(content) if isinstance(content, bytes) else content)
        except OSError:  # the client is gone, as it should
            return

    def _send(self, handler: BaseHTTPRequestHandler, content: Answer) -> None:
        handler.send_response(content.status)
        if content.drip_headers:
            handler.flush_headers()
            while not self.closing.wait(0.02):
                handler.wfile.write(b"X")
            return
        if content.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif content.stated is not None:
            handler.send_header("Content-Length", str(len(content.body) if content.stated == -1 else content.stated))
        for name, value in content.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        size = 1 if content.drip_seconds else 100 if content.chunked else len(content.body) or 1
        for start in range(0, len(content.body), size):
            part = content.body[start : start + size]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if content.chunked else part)
            if content.drip_seconds and self.closing.wait(content.drip_seconds):
                return
        if content.chunked:
            handler.wfile.write(b"0\r\n\r\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.close()
