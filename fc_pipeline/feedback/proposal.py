"""What the last evaluation of a track asks for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fc_model.artifacts import Artifact, Store
from fc_model.errors import UserError
from fc_model.strict_json import parse_json
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.feedback.accepted import Accepted, Weights, read_accepted
from fc_pipeline.feedback.config import FeedbackConfig
from fc_pipeline.feedback.weigh import Weighed, weigh, weights_of

FAILURES = "failures.json"
"""Of an evaluation: {source: {"kinds": Counts, "tools": Counts}}."""
WEIGHED = "tool_dialogues"
"""The part that is weighed, and its source of conversations."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Weights, and where they come from.

    Attributes:
        rows: every kind and tool that is trained on.
        is_new: whether accepting it would change anything.
    """

    track: str
    evaluation: str
    rows: list[Weighed]
    weights: Weights
    is_new: bool

    def accepted(self, *, at: float) -> Accepted:
        return Accepted(weights=self.weights, evaluation=self.evaluation, at=at)


def weighed_key(track: str) -> str:
    """Key of the artifact that is weighed."""
    return f"{track}/{WEIGHED}"


def evaluation_key(graph: Graph, track: str) -> str:
    """Key of the evaluation after the last stage that has one."""
    return [key for key in graph if key.startswith(f"{track}/chat_evals/")][-1]


def propose(graph: Graph, store: Store, track: str, settings: FeedbackConfig) -> Proposal:
    """What the evaluation of the present track and code asks for.

    Weights are part of the recipe of what is weighed, so an evaluation that led to some is no longer the present one.
    Where it still is, since they weigh nothing that is made, it is not asked again: accepting twice is as once.

    Raises:
        UserError: the evaluation is not built, or the file of accepted weights is damaged.
    """
    accepted = read_accepted(store.root, track)
    artifact = Resolver(graph, store).require(evaluation_key(graph, track), for_key="feedback").verify()
    evaluation = f"{artifact.key}@{artifact.identity}"
    before = Weights() if accepted is None else accepted.weights
    rows = _rows(artifact, graph[weighed_key(track)].config, before, settings)
    weights = before if accepted is not None and accepted.evaluation == evaluation else weights_of(rows, before)
    return Proposal(track=track, evaluation=evaluation, rows=rows, weights=weights, is_new=weights != before)


def _rows(artifact: Artifact, config: dict[str, Any], before: Weights, settings: FeedbackConfig) -> list[Weighed]:
    trained = {
        "kinds": lambda name: config["kinds"].get(name, 0) > 0,
        "tools": lambda name: name not in config["blind"] and (config["tools"] is None or name in config["tools"]),
    }
    counted = _failures(artifact.path(FAILURES)).get(WEIGHED, {"kinds": {}, "tools": {}})
    rows = []
    for group, is_trained in trained.items():
        counts = {name: count for name, count in counted[group].items() if is_trained(name)}
        accepted = getattr(before, group)
        rows += weigh(counts, group=group, accepted=accepted, least_items=settings.least_items)
    return rows


def _failures(path: Path) -> dict[str, Any]:
    try:
        failures: dict[str, Any] = parse_json(path.read_text("utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); `fustercluck verify` names what is damaged") from error
    return failures
