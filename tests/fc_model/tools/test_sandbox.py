"""The caps of a call, and what becomes of the child."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw

from fc_model.errors import UserError
from fc_model.tools.call import Outcome, run_tool
from fc_model.tools.sandbox import Sandbox

ONE = '{"expression": "1"}'


@pytest.fixture
def bare() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def child(sandbox: Sandbox) -> psutil.Process:
    assert run_tool("calculate", ONE, sandbox) == Outcome(value=1)
    [process] = [process for process in psutil.Process().children() if "fc_model.tools.child" in process.cmdline()]
    return process


def test_one_child_serves_all_calls(bare: Sandbox) -> None:
    assert child(bare) == child(bare)


def test_cap_of_processor_time() -> None:
    with Sandbox(cpu_seconds=0.02) as hurried:
        first = child(hurried)
        slow = json.dumps({"text": "a" * 5000 + "!", "pattern": "^(a|aa)+$"})
        assert run_tool("find_pattern", slow, hurried).error == "find_pattern: took more time or memory than is allowed"
        assert not first.is_running() and child(hurried) != first


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not heed RLIMIT_AS")
def test_cap_of_memory(tmp_path: Path) -> None:
    Image.new("RGB", (1600, 1200)).save(tmp_path / "a.png")
    with Sandbox(folder=tmp_path, reader=str) as roomy:
        at_rest = child(roomy).memory_info().vms
        assert run_tool("read_image", '{"path": "a.png"}', roomy).error is None
    with Sandbox(folder=tmp_path, reader=str, memory_bytes=at_rest + (8 << 20)) as tight:
        first = child(tight)
        assert "memory" in (run_tool("read_image", '{"path": "a.png"}', tight).error or "")
        assert run_tool("calculate", ONE, tight) == Outcome(value=1) and (
            child(tight) == first or not first.is_running()
        )


def test_a_killed_child_is_replaced(bare: Sandbox) -> None:
    first = child(bare)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert run_tool("calculate", ONE, bare).error == "calculate: took more time or memory than is allowed"
    assert child(bare) != first


def test_a_stopped_child_is_given_up_by_the_clock() -> None:
    with Sandbox(seconds=0.3) as bare:
        first = child(bare)
        first.suspend()
        start = time.monotonic()
        assert run_tool("calculate", ONE, bare).error == "calculate: took more time or memory than is allowed"
        assert time.monotonic() - start < 5 and not first.is_running()


def test_the_child_ends_with_its_parent() -> None:
    code = """
import os, psutil
from fc_model.tools.call import run_tool
from fc_model.tools.sandbox import Sandbox
sandbox = Sandbox()
run_tool("calculate", '{"expression": "1"}', sandbox)
print(psutil.Process().children()[0].pid, flush=True)
os.kill(os.getpid(), 9)
"""
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert parent.returncode == -signal.SIGKILL
    until = time.monotonic() + 10
    while psutil.pid_exists(int(parent.stdout)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not psutil.pid_exists(int(parent.stdout))


def test_no_connection_and_no_process_in_the_child() -> None:
    """The audit hook in a process of its own: it cannot be taken out again."""
    code = """
import os, socket, subprocess, sys
from fc_model.tools.child import refuse_connections_and_processes
refuse_connections_and_processes()
for attempt in (socket.socket, os.fork, lambda: subprocess.run(["true"]), lambda: os.system("true"),
                lambda: os.execv("/bin/true", ["true"]), lambda: os.posix_spawn("/bin/true", ["true"], {})):
    try:
        attempt()
    except PermissionError:
        print("refused")
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.split() == ["refused"] * 6, answer.stderr


def test_image_needs_a_reader_and_gets_the_image(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, 9, 19), "black")
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "turned.jpg", exif=_turned(), quality=95)
    with Sandbox(folder=tmp_path) as bare:
        error = run_tool("read_image", '{"path": "a.png"}', bare).error
        assert error == "read_image: needs a model with vision, and this conversation has none"
    with Sandbox(folder=tmp_path, reader=lambda image: f"{image.size} {image.getpixel((0, 0))}") as reading:
        assert run_tool("read_image", '{"path": "a.png"}', reading).value == {"text": "(40, 20) (0, 0, 0)"}
        assert run_tool("read_image", '{"path": "turned.jpg"}', reading).value["text"].startswith("(20, 40)")

    def full(_: Image.Image) -> str:
        raise UserError("too much for the model's context")

    with Sandbox(folder=tmp_path, reader=full) as refusing:
        error = run_tool("read_image", '{"path": "a.png"}', refusing).error
        assert error == "read_image: too much for the model's context"


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_a_large_image_within_the_caps(tmp_path: Path) -> None:
    """Noise compresses worst: as PNG it is as long as its pixels."""
    Image.frombytes("RGB", (1600, 1250), os.urandom(6_000_000)).save(tmp_path / "noise.png", compress_level=1)
    Image.new("L", (20_000, 200)).save(tmp_path / "wide.png")
    with Sandbox(folder=tmp_path, reader=lambda image: str(image.size)) as reading:
        assert run_tool("read_image", '{"path": "noise.png"}', reading).value == {"text": "(1600, 1250)"}
        assert "too_large" in (run_tool("read_image", '{"path": "wide.png"}', reading).error or "")


def test_tables_within_the_caps(tmp_path: Path) -> None:
    rows = "".join(f"{number % 7},{number}.25\n" for number in range(100_000))
    (tmp_path / "t.csv").write_text(f"k,v\n{rows}"[: 1 << 20].rpartition("\n")[0])
    (tmp_path / "ragged.csv").write_text("a,b\n1\n")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    (tmp_path / "open.csv").write_text('a,b\n1,"2\n')
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes("a\né\n".encode("latin-1"))
    (tmp_path / "gaps.csv").write_text("\ufeffa,b\r\n,x\r\n\r\n1e2,y\r\n0.1,z\r\n0.2,z\r\n")
    with Sandbox(folder=tmp_path) as bare:

        def statistics(file: str, column: str = "a", **more: str) -> Outcome:
            return run_tool("table_statistics", json.dumps({"file": file, "column": column, **more}), bare)

        groups = statistics("t.csv", "v", group_by="k").value["groups"]
        assert sorted(groups) == list("0123456") and groups["0"]["min"] == 0.25 and groups["6"]["median"] > 1000
        assert "line 2: 1 cells, the header has 2" in (statistics("ragged.csv").error or "")
        assert "must name 1 to 200 columns, each once" in (statistics("twice.csv").error or "")
        assert "unexpected end of data" in (statistics("open.csv").error or "")
        assert "must name 1 to 200 columns" in (statistics("empty.csv").error or "")
        assert "'latin.csv' is no UTF-8 text" in (statistics("latin.csv").error or "")
        value = statistics("gaps.csv").value["statistics"]
        assert (value["count"], value["sum"], value["max"]) == (3, 100.3, 100)


def test_search_of_the_corpus(run: Callable[..., Outcome]) -> None:
    def best(query: str) -> str:
        return run("search_corpus", query=query, limit=1).value["documents"][0]["id"]

    assert best("near-duplicates") == "decisions/near-duplicates.md"
    assert best("which filters drop a document?") == "filters.md"
    [document] = run("search_corpus", query="remote artifacts", limit=1).value["documents"]
    assert document["title"] and document["excerpt"].lstrip("# ").startswith(document["title"])
    assert run("search_corpus", query="xyzzyplugh").value == {"documents": []}
    # Signs of FTS5's own language: calebevans/mulder#152, Dicklesworthstone/meta_skill#100, simonw/datasette#651.
    for query in (
        "@nasa #tag a=b",
        "multi-agent",
        'a"b',
        "AND OR NOT NEAR(",
        "title: x",
        "it's 50% *",
        "_",
        "ünïcode@x",
    ):
        assert run("search_corpus", query=query).error is None


def test_an_index_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_text("no database, but a text that is long enough to be taken for one" * 20)
    for corpus in (tmp_path / "corpus", tmp_path / "missing?mode=rwc"):
        with Sandbox(corpus=corpus) as bare:
            error = run_tool("search_corpus", '{"query": "a"}', bare).error
            assert error is not None and "the index of the corpus cannot be read" in error
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]
