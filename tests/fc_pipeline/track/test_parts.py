"""A part that did not exist is added as docs/architecture.md shows: a folder and a line, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "architecture.md"

BUILD = """
import json, sys
from pathlib import Path
from factories.report_pages import Page
from fc_model.artifacts import Store
from fc_pipeline.components.metadata import artifact_metadata
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.step import Runtime
from fc_pipeline.experiments.graph import project_graph
from dataclasses import replace

whole = project_graph()
key = "pico/word_count"
report = replace(whole["pico/report"], inputs={"word_count": key}, requires=())
graph = Graph([whole[key], report], {key: whole.gates(key)})
store = Store(Path(sys.argv[1]))
built = materialize(graph, store, key, Runtime(home=store.root)).artifact
page = Page(materialize(graph, store, "pico/report", Runtime(home=store.root)).artifact.path("report.html").read_text())
print(json.dumps({
    "metrics": built.metrics,
    "gates": [gate.name for gate in whole.gates(key)],
    "page": artifact_metadata(whole[key], built, pages=whole[key].page(built), reused=False)["count"].value,
    "report": page.text,
    "in_report": key in whole["pico/report"].inputs.values(),
    "own_code": sorted(part.split(":")[1] for part in whole.code("pico/report")["parts"] if "word_count" in part),
}))
"""

CHECK = """
import sys
from pathlib import Path
from fc_pipeline.cli.main import main

for text in sys.argv[2:]:
    Path(sys.argv[1]).write_text(text, "utf-8")
    print("status", main(["check"]))
"""
TRACK = Path("fc_pipeline", "defs", "tracks", "pico", "defs.yaml")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the worked example's part in it."""
    root = tmp_path_factory.mktemp("project")
    for package in ("fc_model", "fc_pipeline"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    example = EXAMPLE.read_text("utf-8").partition("## Add a part")[2]
    for name, text in re.findall(r"`(fc_pipeline/[\w/.]+)`:\n+```\w+\n(.*?)```", example, flags=re.DOTALL):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    parts = root / "fc_pipeline" / "track" / "parts.py"
    parts.write_text(parts.read_text("utf-8").replace('    "corpus",\n', '    "corpus",\n    "word_count",\n'), "utf-8")
    return root


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(project), str(ROOT / "tests")))}
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=240)


def test_a_part_brings_fields_steps_gates_a_page_and_a_section(project: Path, tmp_path: Path) -> None:
    with (project / TRACK).open("a") as track:
        track.write("\n  word_count: {text: one two three}\n")
    result = python(project, "-c", BUILD, str(tmp_path))
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["metrics"] == {"words": 3}
    assert answer["page"] == "3 words"
    assert "Word count" in answer["report"] and "The text has 3 words." in answer["report"]
    assert answer["in_report"]
    assert answer["own_code"] == ["words"]


def test_a_wrong_field_is_named_with_the_remedy_and_a_track_without_it_is_as_before(project: Path) -> None:
    text = (ROOT / TRACK).read_text("utf-8")
    fields = ("\n  word_count: {txet: one}\n", "\n  word_count: {text: ' '}\n", "")
    result = python(project, "-c", CHECK, str(TRACK), *(text + field for field in fields))
    assert [line for line in result.stdout.splitlines() if line.startswith("status")] == ["status 2"] * 2 + ["status 0"]
    unknown, empty = result.stderr.splitlines()
    assert "word_count.txet is no field; did you mean 'text'?" in unknown
    assert f"{TRACK}: word_count.text has no words: give it some" in empty
    assert "valid" in result.stdout
