"""A real S3 server (moto) in a process of its own on loopback, and a line to it that can be cut and held up."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

MISSING = [name for name in ("moto", "flask_cors", "s3fs") if find_spec(name) is None]
REASON = f"no S3 to test with: {', '.join(MISSING)} not installed (they are among the development dependencies)"
BUCKET = "bucket"
LOGIN = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "us-east-1"}


def use_server_at(monkeypatch: pytest.MonkeyPatch, port: int, **more: str) -> None:
    """The environment in which fsspec asks a server on this port of the machine, and no connection to another one."""
    import s3fs

    for name, value in (LOGIN | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"} | more).items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class S3Server:
    """Listens when the constructor returns. Its state is gone when it is stopped."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | LOGIN,
        )
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"moto did not start; see {self._log.name}")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()


class Line:
    """Forwards connections to a port of this machine.

    `cuts`: one connection each is closed after so many bytes of its answer. `hold_after`: bytes of all answers
    together after which nothing comes any more. `hold_put`: which upload is not passed on any more, from 1.
    """

    def __init__(self, target: int, *, port: int = 0) -> None:
        self._target = target
        self.cuts: list[int] = []
        self.hold_after: int | None = None
        self.num_bytes = 0
        self.hold_put: int | None = None
        self.num_puts = 0
        self._open = True
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._connections += [client, server]
            for work in (lambda a=client, b=server: self._ask(a, b), lambda a=client, b=server: self._answer(a, b)):
                thread = threading.Thread(target=work)
                thread.start()
                self._threads.append(thread)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                self.num_puts += data.startswith(b"PUT ")
                while self._open and self.hold_put is not None and self.num_puts >= self.hold_put:
                    time.sleep(0.01)
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        cut = self.cuts.pop(0) if self.cuts else None
        sent = 0
        with suppress(OSError):
            while data := server.recv(1 << 16):
                while self._open and self.hold_after is not None and self.num_bytes >= self.hold_after:
                    time.sleep(0.01)
                if cut is not None and sent + len(data) > cut:
                    break
                client.sendall(data)
                sent += len(data)
                self.num_bytes += len(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._open = False
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            pass  # wakes the listener
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for connection in self._connections:
            connection.close()
