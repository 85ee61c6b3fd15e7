"""A code location with the shape of a track and steps that do almost nothing."""

import os
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from fc_model.errors import UserError
from fc_pipeline.code_version import project as code_version
from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.shared import asset_keys
from fc_pipeline.definitions import policy
from fc_pipeline.engine.deferred import Deferred
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.graph import Graph
from tests.factories.steps import step

_STEPS = "tests.reliability.fake_steps"
_ROOT = Path(__file__).resolve().parents[2]

# The steps of this graph lie outside of the project's packages, and have code versions like any other.
code_version._PROJECT = code_version.Project(_ROOT, packages=("fc_model", "fc_pipeline", "tests"))


def fake_graph(*, steps: int = 3, value: float = 1.0, last: str = "measure") -> Graph:
    """source -> corpus -> stage -> eval, gated -> report."""
    train: dict[str, Any] = {"config": {"steps": steps}, "kinds": ("pytorch", "mlflow"), "accelerator": True}
    train["page"] = Deferred.of("fc_pipeline.training.pages:stage_page")
    last_step: dict[str, Any] = {"config": {"value": 1.0}, "requires": ("toy/evals/one",)}
    return Graph(
        [
            step("sources/a"),
            step("corpus/c/filtered", "sources/a"),
            step("toy/stages/one", "corpus/c/filtered", function=f"{_STEPS}:train", **train),
            step("toy/evals/one", "toy/stages/one", function=f"{_STEPS}:measure", config={"value": value}),
            step("toy/report", "toy/stages/one", function=f"{_STEPS}:{last}", **last_step),
        ],
        {"toy/evals/one": [Gate(artifact="evals/one", metric="bits_per_byte", max=2.0, why="Measured.")]},
    )


def definitions_of(graph: Graph) -> dg.Definitions:
    """The graph's assets and one job, under the project's own policy."""
    job = dg.define_asset_job("toy", selection=dg.AssetSelection.assets(*asset_keys(graph, graph)))
    return dg.Definitions.merge(dg.Definitions(assets=assets_of(graph, list(graph)), jobs=[job]), policy())


@dg.definitions
def defs() -> dg.Definitions:
    """What the code server of the process tests loads; FC_TEST_SECONDS is the length of a training step."""
    return definitions_of(slow_graph())


def slow_graph() -> Graph:
    return fake_graph(steps=int(os.environ["FC_TEST_STEPS"]))


if __name__ == "__main__":
    from fc_pipeline.cli.run import build

    graph = slow_graph()
    try:
        sys.exit(build("toy", graph, list(graph), lambda: definitions_of(graph)))
    except UserError as error:
        sys.exit(f"error: {error}")
