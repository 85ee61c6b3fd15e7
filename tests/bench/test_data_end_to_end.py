"""The bench of the whole data half builds a tiny track from the package index to its shards."""

import json
from pathlib import Path

import pytest
from factories.built_experiment import tiny_track

from bench import data_end_to_end
from fc_pipeline.track.config import parse_track
from fc_pipeline.track.graph import build_graph


def test_tiny_track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    track = tiny_track()
    track["corpus"]["sources"] += ["pico_openings"]
    track["mixture"]["weights"] |= {"chess": 10}
    monkeypatch.setenv("FC_HOME", str(tmp_path))
    monkeypatch.setattr(data_end_to_end, "project_graph", lambda: build_graph([parse_track("tiny", track)]))
    data_end_to_end.main(["--track", "tiny", "--workers", "1"])
    output, errors = capsys.readouterr()
    assert "it is downloaded first" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["cache"], "what is built goes elsewhere, and away"
    line = json.loads(output)
    steps = line["steps"]
    assert list(steps)[-2:] == ["tokenizer", "shards"] and steps.keys() > {"sources", "filtered", "deduplicated"}
    assert steps["filtered"]["megabytes"] == steps["sources"]["megabytes"] > 0.1
    assert line["total"]["cpu_seconds"] == pytest.approx(sum(step["cpu_seconds"] for step in steps.values()), abs=0.1)
    assert line["total"]["mb_per_cpu_second"] > 0
