"""A project of four steps on disk: sources/letters -> corpus/toy/cleaned -> toy/score (gated) -> toy/report."""

import importlib
import sys
from pathlib import Path

import pytest

from factories.steps import step
from fc_model.artifacts import Artifact, Store
from fc_pipeline.code_version import project as code_version
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import Outcome, materialize
from fc_pipeline.engine.step import Runtime

HELPERS = '''
def shout(text):
    """Loud."""
    return text.upper()


def unused(text):
    return text
'''

STEPS = """
from fc_model.artifacts import read_records
from toyfactory.helpers import shout


def letters(step):
    with step.out.records("documents.jsonl.zst") as write:
        for number in range(step.config["count"]):
            write({"id": f"letters/{number}", "text": chr(97 + number) * (number + 1)})
    step.out.counters.read = step.out.counters.kept = step.config["count"]
    step.out.licences = [{"licence": "CC0-1.0", "source": "letters", "documents": step.config["count"]}]


def cleaned(step):
    counters = step.out.counters
    with step.out.records("documents.jsonl.zst") as write:
        for record in read_records(step.inputs["documents"].path("documents.jsonl.zst")):
            counters.read += 1
            if len(record["text"]) < step.config["filters"]["min_chars"]:
                counters.drop("too_short")
            else:
                counters.kept += 1
                write(record)


def score(step):
    texts = [record["text"] for record in read_records(step.inputs["documents"].path("documents.jsonl.zst"))]
    step.out.write_text("score.txt", shout("done") + str(len(texts)))
    step.out.metrics["documents"] = len(texts)


def report(step):
    step.out.write_text("report.md", f"{step.inputs['score'].metrics['documents']} documents")
"""


KEYS = ["sources/letters", "corpus/toy/cleaned", "toy/score", "toy/report"]


class ToyProject:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.package = folder / "source" / "toyfactory"
        self.package.mkdir(parents=True)
        self.write("__init__.py", "")
        self.write("helpers.py", HELPERS)
        self.write("steps.py", STEPS)
        self.store = Store(folder / "home")
        self.count, self.min_chars = 6, 3
        self.gates = [Gate(artifact="score", metric="documents", min=2)]
        monkeypatch.syspath_prepend(str(folder / "source"))
        monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second would not be seen otherwise
        project = code_version.Project(folder / "source", packages=("toyfactory",))
        monkeypatch.setattr(code_version, "_PROJECT", project)
        self._forget()

    def write(self, name: str, text: str) -> None:
        (self.package / name).write_text(text, "utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.package / name).read_text("utf-8")
        assert old in text
        self.write(name, text.replace(old, new))
        self._forget()

    def _forget(self) -> None:
        for name in [name for name in sys.modules if name.split(".")[0] == "toyfactory"]:
            del sys.modules[name]
        importlib.invalidate_caches()

    @property
    def graph(self) -> Graph:
        source, cleaned, score = "sources/letters", "corpus/toy/cleaned", "toy/score"
        config, inputs = {"filters": {"min_chars": self.min_chars}}, {"documents": source}
        steps = [
            step(source, function="toyfactory.steps:letters", config={"count": self.count}),
            step(cleaned, function="toyfactory.steps:cleaned", config=config, inputs=inputs),
            step(score, function="toyfactory.steps:score", inputs={"documents": cleaned}),
            step("toy/report", function="toyfactory.steps:report", config={"title": "Toy"}, inputs={"score": score}),
        ]
        return Graph(steps, {score: self.gates})

    def materialize(self, key: str) -> Outcome:
        return materialize(self.graph, self.store, key, Runtime(home=self.store.root))

    def build(self) -> list[str]:
        """Materialize everything; returns the keys that were built, not reused."""
        return [key for key in self.graph if not self.materialize(key).reused]

    def move_elsewhere(self) -> Store:
        """From here on another machine works: the same project, an empty store; returns the one before."""
        before, self.store = self.store, Store(self.store.root.with_name("elsewhere"))
        return before

    def present(self, key: str) -> Artifact:
        return self.materialize(key).artifact
