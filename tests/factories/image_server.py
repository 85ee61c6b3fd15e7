"""A server on 127.0.0.1 whose answers misbehave as those of the web do."""

import ssl
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


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


class ImageServer:
    """Serves `files`: {path: bytes or Answer}; `faults[path]` are statuses that come first, one a request."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | Answer] = {}
        self.faults: dict[str, list[int]] = defaultdict(list)
        self.asked: Counter[str] = Counter()
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked[self.path] += 1
                try:
                    server.answer(self)
                except OSError:  # the client is gone, as it should
                    return
                finally:
                    self.close_connection = True

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def serve_tls(self, context: ssl.SSLContext) -> None:
        """Answer https only; called before the server starts."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        content = self.files.get(path, Answer(status=404))
        if self.faults[path]:
            content = Answer(status=self.faults[path].pop(0))
        if isinstance(content, bytes):
            content = Answer(content)
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
        if content.chunked:
            for start in range(0, len(content.body), 100):
                part = content.body[start : start + 100]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.write(b"0\r\n\r\n")
        elif content.drip_seconds:
            for number in range(len(content.body)):
                handler.wfile.write(content.body[number : number + 1])
                if self.closing.wait(content.drip_seconds):
                    return
        else:
            handler.wfile.write(content.body)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
