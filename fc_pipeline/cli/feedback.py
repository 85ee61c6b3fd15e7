"""Feedback: which kinds of dialogues and tools fail most, and how much more often the next build has them."""

import argparse
import time
from dataclasses import asdict
from typing import cast

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.feedback.accepted import Accepted, Weights, accept, feedback_file, read_accepted
from fc_pipeline.feedback.config import FeedbackFields
from fc_pipeline.feedback.proposal import Proposal, propose
from fc_pipeline.formatting import UNKNOWN, Line, columns, date, percent, print_json, print_lines
from fc_pipeline.paths import built_home

with deferred_imports():
    from fc_pipeline.experiments.graph import project_graph
    from fc_pipeline.track.config import parse_track, read_attributes

_STYLES = {"worse": "red", "better": "green"}


def feedback(options: argparse.Namespace) -> None:
    graph, home = project_graph(of=options.track), built_home()
    graph.track(options.track)
    track = cast(FeedbackFields, parse_track(options.track, read_attributes(options.track)))  # fields of all parts
    if track.feedback is None:
        raise UserError(f"tracks/{track.name} has no feedback: write `feedback: {{}}` into its file")
    accepted = read_accepted(home, track.name)
    if accepted is not None and not options.json:
        print_lines(accepted_lines(accepted))
    proposal = propose(graph, Store(home), track.name, track.feedback)
    if options.accept and proposal.is_new:
        accept(home, track.name, proposal.accepted(at=time.time()))
    if options.json:
        print_json(asdict(proposal) | {"weights": proposal.weights.model_dump()})
        return
    print_lines(proposal_lines(proposal))
    if not proposal.is_new:
        print("nothing new to accept")
    elif options.accept:
        print(f"{feedback_file(home, track.name)}: the next build has this; `fustercluck plan {track.name}` shows it")
    else:
        print("nothing was changed: add --accept, and the next build has this")


def accepted_lines(accepted: Accepted) -> list[Line]:
    return [("", f"accepted {date(accepted.at)}, of {accepted.evaluation}: {weights_text(accepted.weights)}")]


def proposal_lines(proposal: Proposal) -> list[Line]:
    """Every kind and tool with its failures, and what is proposed."""
    table = [["", "name", "turns", "failed", "95%", "most often", "weight", "because"]]
    for row in proposal.rows:
        weight = f"{row.before:g}" if row.weight == row.before else f"{row.before:g} -> {row.weight:g}"
        interval = f"{100 * row.low:.1f}-{100 * row.high:.1f}"
        share = percent(row.failed / row.items)
        cells = [row.name, str(row.items), share, interval, row.error or UNKNOWN, weight, row.why]
        table.append([row.group.removesuffix("s"), *cells])
    styles = ["bold", *(_STYLES.get(row.why, "") for row in proposal.rows)]
    return [
        ("", f"{proposal.evaluation}:"),
        *zip(styles, columns(table), strict=True),
        ("", f"proposed: {weights_text(proposal.weights)}"),
    ]


def weights_text(weights: Weights) -> str:
    """`kind missing 1.7, tool add_days 1.2`; the shares of the track where nothing is weighed."""
    named = [("kind", weights.kinds), ("tool", weights.tools)]
    texts = [f"{what} {name} {weight:g}" for what, own in named for name, weight in own.items()]
    return ", ".join(texts) or "the track's own shares"
