import base64
import errno
import io
import os
from unittest.mock import Mock

import pytest
from factories.steps import step

from fc_pipeline.cli.live_progress import Terminal
from fc_pipeline.components.checks import check_names
from fc_pipeline.components.progress import MAX_OBSERVATIONS, Progress, listening
from fc_pipeline.engine.gates import Gate, bounds
from fc_pipeline.training.pages import thin

STAGE = step("toy/stages/one")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def observe(total_seconds: float, *, every: float, eta: bool) -> list[float]:
    """When observations are made by a step that reports `every` so many seconds."""
    clock, times = Clock(), []
    progress = Progress(STAGE, lambda _: times.append(clock.now), clock=clock)
    while clock.now < total_seconds:
        clock.now += every
        progress({"step": 1, "eta_seconds": total_seconds - clock.now} if eta else {"step": 1})
    return times


def test_observation_interval():
    times = observe(120.0, every=0.5, eta=True)
    assert times == [15.0 * number for number in range(1, 9)]


@pytest.mark.parametrize("eta", [True, False])
def test_observations_of_a_week(eta):
    week = 7 * 86400.0
    times = observe(week, every=60.0, eta=eta)
    assert 200 <= len(times) <= MAX_OBSERVATIONS
    assert times[-1] > (0.95 if eta else 0.5) * week


def test_observation_metadata():
    clock, seen = Clock(), []
    progress = Progress(STAGE, seen.append, clock=clock)
    for number in range(1, 5):
        clock.now += 10.0
        progress({"step": number, "loss": 5.0 / number, "tokens_per_second": 100.0, "eta_seconds": 7.0})
    metadata = {name: value.value for name, value in seen[-1].metadata.items()}
    assert (metadata["step"], metadata["loss"], metadata["tokens_per_second"]) == (4, 1.25, 100.0)
    picture = base64.b64decode(metadata["curve"].partition("base64,")[2].rstrip(")"))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 30_000


def test_observation_not_finite():
    clock, seen = Clock(), []
    progress = Progress(STAGE, seen.append, clock=clock)
    clock.now = 20.0
    progress({"step": 1, "loss": float("nan"), "lr": float("inf"), "device": "cpu", "note": None})
    assert set(seen[0].metadata) == {"step", "device"}


def test_thin():
    points = [(step, 1.0) for step in range(1001)]
    kept = thin(points, 100)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert len(kept) <= 101
    assert thin([]) == []


def test_check_names():
    gates = [
        Gate(artifact="parity", metric="logit diff", max=1),
        Gate(artifact="parity", metric="kl", min=0),
        Gate(artifact="parity", metric="kl", max=1),
        Gate(artifact="parity", metric="kl", max=2),
    ]
    assert check_names(gates) == ["logit_diff", "kl", "kl_2", "kl_3"]
    assert [bounds(gate.min, gate.max) for gate in gates[:2]] == ["at most 1", "at least 0"]
    assert bounds(1, 2.5) == "at least 1 and at most 2.5"


class Stream(io.StringIO):
    def __init__(self, *, tty: bool) -> None:
        super().__init__()
        self.isatty = lambda: tty  # type: ignore[method-assign]


def test_terminal_plain():
    clock, stream = Clock(), Stream(tty=False)
    terminal = Terminal(stream, 12, clock=clock)
    terminal.started("toy/shards")
    terminal.finished("toy/shards", reused=True, seconds=0.1)
    terminal.started("toy/stages/one")
    with listening(terminal):
        progress = Progress(STAGE, lambda _: None, clock=clock)
        for _ in range(62):
            clock.now += 1.0
            progress({"step": 7, "steps": 900, "loss": 3.25, "tokens_per_second": 12345.6, "eta_seconds": 65})
    terminal.finished("toy/stages/one", reused=False, seconds=62, quarantined={"unsafe_member": 1200, "no_text": 1})
    live = "[ 2/12] toy/stages/one  step 7/900  loss 3.250  12,346 tokens/s  1 min 5 s left\n"
    assert stream.getvalue() == (
        f"[ 1/12] toy/shards  reused\n{live}{live}[ 2/12] toy/stages/one  built in 1 min 2 s\n"
        "  1,201 quarantined, in its quarantine.jsonl.zst: unsafe_member 1,200, no_text 1\n"
    )
    assert (terminal.built, terminal.reused) == (1, 1)


@pytest.mark.parametrize(("error", "status"), [(errno.ENOSPC, 2), (errno.EPIPE, 0)])
def test_terminal_that_takes_no_line(error, status, capsys, monkeypatch):
    """What is built does not fail with it; `| head` wants no more lines, a full disk loses them."""
    stream = Stream(tty=False)
    monkeypatch.setattr(stream, "write", Mock(side_effect=OSError(error, os.strerror(error))))
    terminal = Terminal(stream, 1)
    terminal.started("a")
    terminal.finished("a", reused=False, seconds=1.0)
    assert (terminal.exit_status(0), terminal.exit_status(1)) == (status, 1)
    assert capsys.readouterr().err.count("standard output cannot be written (No space left") == status


def test_terminal_live():
    clock, stream = Clock(), Stream(tty=True)
    terminal = Terminal(stream, 3, clock=clock)
    terminal.started("a")
    clock.now += 1.0
    terminal.progress("a", {"step": 1})
    terminal.finished("a", reused=False, seconds=1.0)
    text = stream.getvalue()
    assert "\n" not in text[: text.rindex("\r")]
    assert text.endswith("\r\x1b[2K[1/3] a  built in 1.0 s\n")
