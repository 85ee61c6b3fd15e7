"""Plateau, skips, the log, the stage file, progress, signals: the small parts of a run."""

import math
import os
import signal
from pathlib import Path

import pytest
from factories.text_stage import write_stage

from fc_model.config.stage import PlateauConfig, SpikeConfig
from fc_model.errors import UserError
from fc_model.train.metrics import MetricsLog, Progress, progress_line, read_metrics
from fc_model.train.settings import read_stage_file
from fc_model.train.signals import Interrupted, StopRequest
from fc_model.train.state import Skip, batch_number, on_plateau, spike_limit


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2.0, 1.99], False),  # too short to tell
        ([2.0, 1.99, 1.98], True),
        ([2.0, 1.99, 1.90], False),  # the last window made progress
        ([2.0, 1.90, 1.89], False),
        ([3.0, 2.0, 2.1, 2.2], True),  # getting worse is no progress
    ],
)
def test_plateau(values: list[float], expected: bool) -> None:
    assert on_plateau(values, PlateauConfig(window=1, min_improvement=0.03, windows=2)) is expected


def test_plateau_averages_windows() -> None:
    config = PlateauConfig(window=2, min_improvement=0.03, windows=1)
    assert on_plateau([9.0, 2.1, 1.9, 1.8, 2.18], config)
    assert not on_plateau([2.1, 1.9, 1.8, 1.9], config)


def test_spike_limit_by_hand() -> None:
    config = SpikeConfig(window=9, deviations=2)
    losses: list[float | None] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert spike_limit(losses, config) == math.inf
    assert spike_limit([None, *losses, None, 9.0], config) == pytest.approx(5 + 2 * 1.4826 * 2)
    assert spike_limit([4.0] * 9, config) == pytest.approx(4 + 2 * 0.04)
    assert spike_limit([100.0] * 9 + [4.0] * 9, config) == pytest.approx(4 + 2 * 0.04)
    assert spike_limit([*losses, 9.0], None) == math.inf


def test_batches_jump_from_the_skip_on() -> None:
    skips = [Skip(step=4, batches=3), Skip(step=6, batches=2)]
    assert [batch_number(step, skips) for step in range(9)] == [0, 1, 2, 3, 7, 8, 11, 12, 13]


def test_log_resumes_at_any_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, step=0)
    for step in (1, 2, 3):
        log.write({"step": step, "loss": float("nan") if step == 2 else 1.0})
    log.close()
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole) + 1):
        path.write_bytes(whole[:cut])
        log = MetricsLog(path, step=2)
        log.write({"step": 3, "loss": 1.0})
        log.close()
        assert path.read_bytes() == whole
    assert [record["loss"] for record in read_metrics(path)] == [1.0, None, 1.0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device of a full disk is Linux's")
def test_a_full_disk_costs_the_log_and_not_the_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl", step=0)
    with Path("/dev/full").open("ab", buffering=0) as full:
        log._file, real = full, log._file
        for step in (1, 2):
            log.write({"step": step})
        log._file = real
    log.write({"step": 3})
    log.close()
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 3}]
    assert caplog.text.count("No space left on device; training goes on") == 1


def test_stage_file_errors_name_the_field(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_stage_file(tmp_path)
    write_stage(tmp_path, tmp_path, stage={"lr": -1, "warmup": 3})
    with pytest.raises(UserError, match=r"stage\.json: stage\.lr: must be above 0.*stage\.warmup is no field"):
        read_stage_file(tmp_path)
    write_stage(tmp_path, tmp_path, model={"context_length": 16})
    with pytest.raises(UserError, match=r"stage tiny: seq_len \(32\) exceeds the model's context_length \(16\)"):
        read_stage_file(tmp_path)
    (tmp_path / "stage.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match="no valid JSON"):
        read_stage_file(tmp_path)


METRICS = {"step": 120, "loss": 3.4119, "bpb": 1.8931, "tokens_per_second": 14203.4, "mfu": 0.214, "eta_seconds": 130.4}


def test_progress_line() -> None:
    expected = "pretrain 120/400 30% loss 3.412 bpb 1.893 14,203 tok/s mfu 21% 02:10 left"
    assert progress_line("pretrain", 400, METRICS) == expected
    assert progress_line("pretrain", 400, METRICS | {"eta_seconds": 7325}).endswith("2:02:05 left")


def test_progress_in_a_pipe_is_throttled(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("pretrain", steps=400, enabled=True)
    for step in (120, 121, 122, 400):
        progress.update(METRICS | {"step": step})
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["120/400", "400/400"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_stop_request_notes_the_signal_and_gives_the_handlers_back(signum: signal.Signals) -> None:
    before = signal.getsignal(signum)
    with StopRequest() as request:
        os.kill(os.getpid(), signum)
        assert request.signum == signum
        request.install()
    assert signal.getsignal(signum) is before
    assert Interrupted("stopped", signum).exit_code == 128 + signum


def test_a_second_interrupt_stops_at_once() -> None:
    with StopRequest(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
