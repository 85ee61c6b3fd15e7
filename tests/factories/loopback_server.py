"""A server on 127.0.0.1 with Range, faults on demand, and the layout of the Hugging Face hub."""

import hashlib
import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Cut:
    """Close the connection after so many bytes of the body."""

    after: int


@dataclass(frozen=True)
class Status:
    """Answer with a status instead of the file."""

    code: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Redirect:
    to: str


class Loopback:
    """Serves `files`: {path: bytes, or (bytes, headers), or a Redirect}. `faults[path]` come first, one a request."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}
        self.faults: dict[str, list[Cut | Status]] = defaultdict(list)
        self.requests: list[tuple[str, str | None]] = []
        self.posts: list[bytes] = []
        self.authorizations: dict[str, str | None] = {}
        self.accepts_ranges = True
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                loopback.answer(self)

            def do_POST(self) -> None:
                loopback.posts.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Silent."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128  # of the standard library's 5, many at once overflow: their clients time out

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        self.requests.append((handler.path, asked))
        self.authorizations[handler.path] = handler.headers.get("Authorization")
        fault = self.faults[handler.path].pop(0) if self.faults[handler.path] else None
        entry = self.files.get(handler.path, self.files.get(unquote(handler.path)))
        if isinstance(fault, Status):
            self._empty(handler, fault.code, fault.headers)
        elif entry is None:
            self._empty(handler, 404, {})
        elif isinstance(entry, Redirect):
            self._empty(handler, 302, {"Location": entry.to})
        else:
            self._body(handler, entry, asked, fault)
        handler.close_connection = True

    def _empty(self, handler: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
        handler.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()

    def _body(self, handler: BaseHTTPRequestHandler, entry: Any, asked: str | None, cut: Cut | None) -> None:
        data, headers = entry if isinstance(entry, tuple) else (entry, {})
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.accepts_ranges else 0
        if start and start >= len(data):
            self._empty(handler, 416, {})
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        for name, value in {"Content-Length": str(len(data) - start), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data[start : start + cut.after] if cut else data[start:])

    def starts(self, path: str) -> list[int]:
        """At which byte each request for the path began."""
        return [int((asked or "bytes=0-")[6:-1]) for asked_path, asked in self.requests if asked_path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """A data set as the hub lays it out: revisions, a tree in pages, files behind redirects to a store."""

    def __init__(self, loopback: Loopback, repo: str, commit: str, files: dict[str, bytes], page_size: int = 3) -> None:
        self.loopback, self.repo, self.commit, self.page_size = loopback, repo, commit, page_size
        loopback.files[f"/api/datasets/{repo}/revision/main"] = json.dumps({"id": repo, "sha": commit}).encode()
        self.contents: dict[str, bytes] = {}
        for path, data in files.items():
            self.put(path, data)

    def put(self, path: str, data: bytes, *, listed: bytes | None = None) -> None:
        """Store a file; `listed` are the bytes that the tree speaks of, when they are others."""
        self.contents[path] = data if listed is None else listed
        store = f"/store/{path}?signature=abc"
        if path.endswith(".md"):
            self.loopback.files[self.address(path)] = data
        else:
            self.loopback.files[self.address(path)] = Redirect(store)
            self.loopback.files[store] = data
        self._list()

    def address(self, path: str) -> str:
        return f"/datasets/{self.repo}/resolve/{self.commit}/{path}"

    def store(self, path: str) -> str:
        return f"/store/{path}?signature=abc"

    def _list(self) -> None:
        entries: list[dict[str, Any]] = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "data"}]
        for path, data in self.contents.items():
            entry: dict[str, Any] = {"type": "file", "oid": git_blob(data), "size": len(data), "path": path}
            if not path.endswith(".md"):
                lfs = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
                entry |= {"lfs": lfs, "oid": "f" * 40}
            entries.append(entry)
        first = f"/api/datasets/{self.repo}/tree/{self.commit}?recursive=true&expand=false"
        pages = [entries[start : start + self.page_size] for start in range(0, len(entries), self.page_size)]
        for number, page in enumerate(pages):
            headers = {"Content-Type": "application/json"}
            if number + 1 < len(pages):
                headers["Link"] = f'<{self.loopback.url}{first}&cursor={number + 1}>; rel="next"'
            self.loopback.files[f"{first}&cursor={number}" if number else first] = (json.dumps(page).encode(), headers)

    @property
    def tree(self) -> str:
        return f"/api/datasets/{self.repo}/tree/{self.commit}?recursive=true&expand=false"
