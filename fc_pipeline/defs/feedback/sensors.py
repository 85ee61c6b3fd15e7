"""A new evaluation proposes weights for the next build: told, or accepted where the track leaves it to the sensor."""

import json
import time
from typing import Any

import dagster as dg

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.components.shared import all_tracks, asset_keys
from fc_pipeline.engine.graph import Graph
from fc_pipeline.feedback.accepted import accept
from fc_pipeline.feedback.config import FeedbackConfig
from fc_pipeline.feedback.proposal import Proposal, propose, weighed_key
from fc_pipeline.paths import fc_home
from fc_pipeline.track.config import TrackConfig, load_tracks
from fc_pipeline.track.graph import build_graph


@dg.definitions
def feedback() -> dg.Definitions:
    graph = all_tracks()
    tracks = load_tracks(without=graph.broken)
    return dg.Definitions(
        sensors=[feedback_sensor(graph, {name: track for name, track in tracks.items() if track.feedback is not None})]
    )


def feedback_sensor(graph: Graph, tracks: dict[str, TrackConfig], *, seconds: int = 300) -> dg.SensorDefinition:
    """Asks the evaluation of each track once what it proposes. The cursor is JSON: {track: the evaluation asked}.

    Of a track with `feedback.automatic` the weights are accepted, and a run up to what they weigh is requested. Of
    other tracks the UI shows an observation with the weights and the command that accepts them. An evaluation that is
    not built, and a damaged file, skip the tick.
    """
    weighed = {name: graph.closure([weighed_key(name)]) for name in tracks}

    def ask(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not tracks:
            return dg.SensorResult(skip_reason="no track has `feedback`")
        asked: dict[str, str] = json.loads(context.cursor or "{}")
        requests, told, unasked = [], [], []
        for name, track in tracks.items():
            settings: FeedbackConfig = track.feedback
            try:
                # Made anew, since accepted weights are part of it, and this process may be older than they are.
                proposal = propose(build_graph([track]), Store(fc_home()), name, settings)
            except UserError as error:
                unasked.append(str(error))
                continue
            if asked.get(name) == proposal.evaluation:
                continue
            asked[name] = proposal.evaluation
            if not proposal.is_new:
                continue
            if settings.automatic:
                accept(fc_home(), name, proposal.accepted(at=time.time()))
                tags = {"fustercluck/feedback": proposal.evaluation}
                keys = asset_keys(graph, weighed[name])
                requests.append(dg.RunRequest(run_key=proposal.evaluation, asset_selection=keys, tags=tags))
            else:
                told.append(dg.AssetObservation(asset_key=weighed_key(name).split("/"), metadata=_metadata(proposal)))
        nothing = None if requests or told else "; ".join(unasked) or "no new evaluation asks for other weights"
        return dg.SensorResult(
            run_requests=requests, asset_events=told, cursor=json.dumps(asked, sort_keys=True), skip_reason=nothing
        )

    every = [key for keys in weighed.values() for key in keys]
    return dg.SensorDefinition(
        name="feedback",
        evaluation_fn=ask,
        asset_selection=dg.AssetSelection.assets(*asset_keys(graph, every)) if every else None,
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Tells which kinds of dialogues fail most, as weights for the next build; accepts them where the "
        "track says `feedback: {automatic: true}`.",
    )


def _metadata(proposal: Proposal) -> dict[str, Any]:
    return {
        "weights": proposal.weights.model_dump(),
        "evaluation": proposal.evaluation,
        "command": f"fustercluck feedback {proposal.track} --accept",
    }
