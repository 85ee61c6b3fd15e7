"""The bench of the whole data half builds a small track from the package index to its shards."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import data
from bench.data_end_to_end import step_name


@pytest.mark.timeout(200)
def test_pico(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FC_HOME", str(tmp_path))
    command = [sys.executable, "-m", "bench.data_end_to_end", "--track", "pico"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "it is downloaded first" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cache"], "what is built goes elsewhere, and away"
    found = json.loads(done.stdout)
    steps = found["steps"]
    assert list(steps)[-2:] == ["tokenizer", "shards"] and steps.keys() > {"sources", "filtered", "deduplicated"}
    assert steps["filtered"]["megabytes"] == steps["sources"]["megabytes"] > 1
    assert found["total"]["cpu_seconds"] == pytest.approx(sum(step["cpu_seconds"] for step in steps.values()), abs=0.1)
    assert found["total"]["mb_per_cpu_second"] > 0


def test_step_name() -> None:
    assert [step_name(key) for key in ("sources/a", "evalsets/b", "corpus/c/split", "d/shards")] == [
        "sources", "evalsets", "split", "shards",
    ]  # fmt: skip


def test_parts() -> None:
    assert [part[0].removeprefix("bench.") for part in data.parts(8)] == [
        "data_extract", "data_filters", "data_dedup", "data_tokens", "data_end_to_end",
    ]  # fmt: skip
    assert data.parts(8)[0][-1] == "2"
