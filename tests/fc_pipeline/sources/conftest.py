"""A loopback server with Range and broken connections, and a way to run a step against a real store."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fc_model.artifacts import Artifact, Recipe, Store
from fc_pipeline.step import Runtime, Step


class Loopback:
    """Serves `files` ({path: bytes} or {path: (bytes, headers)}) on 127.0.0.1.

    `break_after` cuts every answer of a file short after so many bytes, as often as it says: {path: [n, n, ...]}.
    """

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}
        self.break_after: dict[str, list[int]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.accepts_ranges = True
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                loopback.answer(self)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        self.requests.append((handler.path, asked))
        if handler.path not in self.files:
            handler.send_error(404)
            return
        entry = self.files[handler.path]
        data, headers = entry if isinstance(entry, tuple) else (entry, {})
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.accepts_ranges else 0
        if start and start >= len(data):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - start))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        cuts = self.break_after.get(handler.path, [])
        handler.wfile.write(data[start : start + cuts.pop(0)] if cuts else data[start:])
        handler.close_connection = True

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


RunStep = Callable[..., Artifact]


@pytest.fixture
def run_step(tmp_path: Path) -> RunStep:
    """run_step(function, key, config, workers=1, **inputs) -> the committed artifact."""
    store = Store(tmp_path / "home")

    def run(
        function: Callable[[Step], None], key: str, config: dict[str, Any], workers: int = 1, **inputs: Artifact
    ) -> Artifact:
        code = {"version": f"test with {workers} workers", "parts": {}}
        recipe = Recipe(config=config, code=code, inputs={})
        runtime = Runtime(home=store.root, workers=workers)
        with store.write(key, recipe) as out:
            function(Step(key=key, config=config, inputs=inputs, out=out, runtime=runtime))
        artifact = store.find(key, recipe.identity(key))
        assert artifact is not None
        return artifact.verify()

    return run
