"""A track of eight tiny artifacts whose two stages are trained for real, to see what MLflow is told of a build."""

import json
import sys
from pathlib import Path
from typing import Any

from factories.gates import waived
from factories.models import MODEL, STAGE
from factories.steps import step
from factories.text_stage import write_tiny_shards
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import Milestone
from fc_pipeline.engine.step import Step

_STEPS = "tests.factories.tracked_track"
_TRAIN = "fc_pipeline.training.stage:train_stage"
FIGURES = ("bits_per_byte", "unigram_gain")


def tracked_graph(*, second: float = 1.5, parity: float = 0.0, waive: str | None = None, steps: int = 4) -> Graph:
    """shards -> first -> eval -> second (from first's weights) -> eval -> export -> parity, gated -> report.

    Args:
        second: bits per byte of the second stage, which must be at most 2.
        parity: difference of the export, which must be at most 0.1.
        waive: reason to waive the gate on parity.
        steps: of each stage.
    """
    judged_by = Gate(artifact="evals/second", metric="bits_per_byte", max=2.0)
    gate = Gate(artifact="parity", metric="difference", max=0.1)
    milestone = Milestone(
        track="toy",
        name="M5",
        means="The second stage is good.",
        before=("toy/exports/huggingface",),
        gates=(("toy/evals/second", judged_by),),
    )
    config = {"model": MODEL, "stage": STAGE | {"steps": steps, "precision": "fp32"}}
    stage: dict[str, Any] = {"function": _TRAIN, "kinds": ("pytorch", "mlflow"), "accelerator": True}
    judged: dict[str, Any] = {
        "function": f"{_STEPS}:evaluate",
        "key_metrics": FIGURES,
        "logged": ("samples.jsonl.zst",),
        "page": page,
    }
    start = {"shards": "toy/shards", "start": "toy/stages/first"}
    final = ("toy/stages/second", "toy/evals/second")
    return Graph(
        [
            step("toy/shards", function=f"{_STEPS}:pack"),
            step("toy/stages/first", inputs={"shards": "toy/shards"}, config=config, **stage),
            step("toy/evals/first", "toy/stages/first", judges="toy/stages/first", config={"value": 1.8}, **judged),
            step("toy/stages/second", inputs=start, requires=("toy/evals/first",), config=config, **stage),
            step("toy/evals/second", final[0], judges=final[0], config={"value": second}, **judged),
            step("toy/exports/huggingface", final[0], requires=final[1:], function=f"{_STEPS}:export", registered=True),
            step("toy/parity", "toy/exports/huggingface", function=f"{_STEPS}:compare", config={"value": parity}),
            step("toy/report", "toy/parity", function=f"{_STEPS}:report", logged=("report.html",)),
        ],
        {
            "toy/evals/second": [judged_by],
            "toy/parity": [gate if waive is None else waived(gate, waive)],
        },
        milestones=[milestone],
    )


def page(artifact: Any) -> dict[str, str]:
    """A picture of one pixel, and a table."""
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    return {"table": "| a |\n|---|\n| 1 |", "curve": f"![curve](data:image/png;base64,{pixel})"}


def pack(step: Step) -> None:
    folder = write_tiny_shards(step.out.workspace("shards"))
    for path in sorted(folder.iterdir()):
        step.out.adopt(path.name, path)
    step.out.metrics |= {"tokens": 6000, "documents": 190}


def evaluate(step: Step) -> None:
    step.out.metrics |= {"bits_per_byte": step.config["value"], "unigram_gain": 0.5, "top@1 (%)": 3.0}
    with step.out.records("samples.jsonl.zst") as write:
        write({"prompt": "The law <script>alert(1)</script>", "text": "of", "ids": [1, 2]})


def export(step: Step) -> None:
    step.out.write_text("config.json", json.dumps({"model_type": "llama"}))


def compare(step: Step) -> None:
    step.out.metrics["difference"] = step.config["value"]


def report(step: Step) -> None:
    step.out.write_text("report.html", "<h1>toy</h1>", content=False)


def database(home: Path) -> str:
    return f"sqlite:///{home}/data/mlflow/mlflow.db"


if __name__ == "__main__":
    from fc_pipeline.cli.run import build
    from tests.reliability.fake_graph import definitions_of

    graph = tracked_graph(steps=int(sys.argv[1]))
    sys.exit(build("toy", graph, list(graph), lambda: definitions_of(graph)))
