"""A code location that builds by itself: inbox, schedule, dumps and automation conditions around a tiny track."""

import os
from pathlib import Path

import dagster as dg

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.automation import asset_job, changed_content_sensor, shards_schedule
from fc_pipeline.definitions import policy
from fc_pipeline.defs.inbox.sensors import inbox_sensor
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import Step
from tests.factories.steps import step
from tests.reliability import fake_graph as _versions  # noqa: F401 - steps of the tests have code versions

_HERE = "tests.reliability.automated_graph"


def inbox() -> Path:
    return Path(os.environ["FC_HOME"]) / "inbox"


def read_inbox(step: Step) -> None:
    """The texts of the inbox at this moment, in the order of their content: names and times do not matter."""
    with step.out.records("documents.jsonl.zst") as write:
        for text in sorted(path.read_text("utf-8") for path in inbox().glob("*.txt")):
            step.out.counters.read += 1
            step.out.counters.kept += 1
            write({"id": text, "text": text})


def count_documents(step: Step) -> None:
    """A step that reads its input, as packing and training do."""
    (read,) = step.inputs.values()
    step.out.metrics["documents"] = read.metrics.get("documents", read.manifest.counters.kept)
    step.out.write_text("result.txt", f"{step.out.metrics['documents']}\n")


def automated_graph() -> Graph:
    texts = sorted(path.read_text("utf-8") for path in inbox().glob("*.txt"))
    names = [path.name for path in sorted(inbox().glob("*.txt"))]

    read, count = f"{_HERE}:read_inbox", f"{_HERE}:count_documents"
    # As a local source does, it pins what lies in the folder; renaming a file builds it again, to equal bytes.
    folder = {"kind": "local", "folder": str(inbox()), "names": names, "texts": texts}
    return Graph(
        [
            step("sources/notes", function=read, config=folder),
            step("corpus/c/dumps/filtered/one", function=read, partition="one"),
            step("corpus/c/dumps/filtered/two", function=read, partition="two"),
            step("toy/shards", "sources/notes", function=count, fresh_for_days=1),
            step("toy/stages/one", "toy/shards", function=count, accelerator=True),
        ],
        {},
    )


@dg.definitions
def defs() -> dg.Definitions:
    graph = automated_graph()
    toy = dg.Definitions(
        assets=assets_of(graph, list(graph)),
        jobs=[asset_job("toy_shards", graph, graph.closure(["toy/shards"]), "The data of toy.")],
        schedules=[shards_schedule("toy", "* * * * *")],
        sensors=[inbox_sensor(graph, seconds=2), changed_content_sensor(seconds=2)],
    )
    return dg.Definitions.merge(toy, policy())
