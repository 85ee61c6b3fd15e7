"""Names, values and files within MLflow's limits, whatever a part brings."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_tag_name

from fc_model.tracking import valid_name
from fc_pipeline.tracking.files import write_files
from fc_pipeline.tracking.links import asset_page, run_page
from fc_pipeline.tracking.run_content import eval_metrics, gate_metrics, gate_tags, table_tags

pytestmark = pytest.mark.filterwarnings("ignore")
VERDICT = {"metric": "m", "value": 1.58, "min": None, "max": 2.2, "passed": True, "waived": None}


@given(st.text(min_size=1, max_size=400))
def test_any_name_is_made_valid(name: str) -> None:
    valid = valid_name(name)
    _validate_tag_name(valid)
    assert len(valid) <= 250


@pytest.mark.parametrize("name", ["eval/image/read_exact_match", "samples_small/form", "gate/pico: corpus/x.removed"])
def test_a_valid_name_stays(name: str) -> None:
    assert valid_name(name) == name


def test_eval_metrics_by_kind() -> None:
    assert eval_metrics("evals/pretrain_b", {"bits": 1.0}) == {"eval/bits": 1.0}
    assert eval_metrics("image_evals/full", {"cer": 0.1}) == {"eval/image/cer": 0.1}
    assert eval_metrics("benchmarks/full", {"mmlu": 0.3}) == {"eval/benchmarks/mmlu": 0.3}


def test_gates_say_what_they_say() -> None:
    failed = VERDICT | {"name": "a", "value": None, "passed": False}
    waived = VERDICT | {"name": "b", "value": 3.0, "passed": False, "waived": "known"}
    both = [VERDICT | {"name": "c"}, VERDICT | {"name": "c", "passed": False, "value": 9.0}]
    assert gate_tags([failed, waived, *both]) == {
        "gate/a": "failed: no number, at most 2.2",
        "gate/b": "waived (known): 3, at most 2.2",
        "gate/c": "passed: 1.58, at most 2.2; failed: 9, at most 2.2",
    }
    assert gate_metrics([failed, waived, *both]) == {"gate/a": 0, "gate/b": 0, "gate/c": 0}


def test_tables_of_two_evaluations() -> None:
    first = table_tags({}, ["evals/samples.json"])
    both = table_tags(first, ["image_evals/samples.json", "evals/samples.json"])
    assert [entry["path"] for entry in json.loads(both["mlflow.loggedArtifacts"])] == [
        "evals/samples.json",
        "image_evals/samples.json",
    ]


def test_pages_become_files(tmp_path: Path, run_step) -> None:
    def write(step) -> None:
        step.out.write_text("a.txt", "1")

    artifact = run_step(write, "toy/a", {})
    pages = {"mix": "![one](data:image/png;base64,AAAA)\n![two](data:image/jpeg;base64,BBBB)\n\ntext"}
    assert write_files(tmp_path / "home", artifact, pages, ["a.txt", "missing.json"]) == []
    written = {path.name for path in (tmp_path / "home").iterdir() if path.is_file()}
    assert written == {"mix_1.png", "mix_2.jpeg", "mix.md", "a.txt"}


def test_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_UI", "http://127.0.0.1:5001/")
    monkeypatch.delenv("DAGSTER_UI", raising=False)
    assert run_page("7", "abc").startswith("http://127.0.0.1:5001/#/experiments/7/runs/abc?")
    assert asset_page("nano/stages/a") == "http://127.0.0.1:3000/assets/nano/stages/a"
