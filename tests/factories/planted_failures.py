"""A track with feedback whose dialogues are real, and an evaluation of an assistant that fails where a test says."""

from collections.abc import Callable
from pydoc_data.topics import topics
from typing import Any

from factories.build import write_text
from factories.documented_track import attributes
from fc_model.artifacts import Artifact, Store, read_records
from fc_model.evals.chat.calls import schemas_of
from fc_model.evals.chat.failures import Failures, error_of
from fc_model.evals.chat.replies import Written
from fc_model.evals.chat.turns import Turn, turns_of
from fc_model.strict_json import to_json
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.evals.chat.material import HeldOut
from fc_pipeline.feedback.proposal import FAILURES
from fc_pipeline.instructions.document import conversation_of
from fc_pipeline.track.config import TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph

DIALOGUES, EVALUATION = "talk/tool_dialogues", "talk/chat_evals/sft_tools"
IsBad = Callable[[dict[str, Any], Turn], bool]
"""Whether the assistant fails in a turn of a dialogue with this `meta`."""


def talking_track(**changes: Any) -> dict[str, Any]:
    """The attributes of a track with little dialogues, their evaluation and feedback."""
    raw = resolve_extends(attributes("instructions.md"))
    raw["instructions"] = {"sources": [], "stages": {}}
    dialogues = {"train": 300, "holdout": 40, "blind_holdout": 20, "documents": 60}
    feedback = {"least_items": 10}
    model = {**raw["model"], "context_length": 512}
    return {
        **raw, "model": model, "tool_dialogues": dialogues, "chat_evals": {}, "feedback": feedback, "gates": []
    } | changes  # fmt: skip


def parse(**changes: Any) -> TrackConfig:
    return parse_track("talk", talking_track(**changes))


def write_split(step: Step) -> None:
    for side, first in (("train", 0), ("holdout", 1)):
        with step.out.records(f"{side}.jsonl.zst") as write:
            for name in sorted(topics)[first::2]:
                write({"id": f"help/{name}", "text": topics[name], "source": "help", "licence": "PSF-2.0"})


def build_up_to_evaluation(store: Store, track: TrackConfig, is_bad: IsBad) -> Graph:
    """The graph, all of whose artifacts up to the evaluation are there: dialogues and failures for real."""
    graph = build_graph([track])
    corpus = f"corpus/{track.corpus.name}/split"
    for key in graph.closure([EVALUATION]):
        resolver = Resolver(graph, store)
        if resolver.artifact(key) is not None:
            continue
        inputs = {role: resolver.require(name, for_key=key) for role, name in graph[key].inputs.items()}
        recipe = resolver.recipe(key)
        assert recipe is not None
        with store.write(key, recipe) as out:
            step = Step(key=key, config=graph[key].config, inputs=inputs, out=out, runtime=Runtime(home=store.root))
            if key == EVALUATION:
                dialogues = resolver.require(DIALOGUES, for_key=key)
                step.out.write_text(FAILURES, to_json(failures_of(dialogues, is_bad)))
            else:
                {corpus: write_split, DIALOGUES: graph[key].function}.get(key, write_text)(step)
    return graph


def failures_of(dialogues: Artifact, is_bad: IsBad) -> dict[str, Any]:
    """What an assistant does wrong that answers as the reference does, but says nothing where it is bad."""
    failures = Failures()
    for record in read_records(dialogues.path("documents.jsonl.zst")):
        conversation = conversation_of(record)
        schemas = schemas_of(conversation.tools)
        origin = HeldOut(
            id=record["id"],
            source=record["source"],
            kinds=(),
            conversation=conversation,
            meta=record["meta"],
        )
        for turn in turns_of(conversation, name=origin.id, kinds=()):
            calls = [to_json({"name": call.name, "arguments": call.arguments}) for call in turn.expected.tool_calls]
            bad = is_bad(record["meta"], turn)
            reply = Written() if bad else Written(text=turn.expected.content, calls=tuple(calls), ended=True)
            failures.add(error_of(turn, reply, schemas), **origin.error_counts_for(turn))
    return failures.to_record()
