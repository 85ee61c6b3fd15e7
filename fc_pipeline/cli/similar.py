"""`fustercluck similar`: the documents of a track's corpus that a text is nearly equal to."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.corpus.dedup.similar import KEPT, Hit, detection_odds, find_similar
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import Line, columns, visible

_BASE = "base"
"""The documents that were there before all dumps, as later dumps call them."""
_FILE_NAME = re.compile(r"\S*(/\S*|\.[A-Za-z0-9]{1,8})")
"""What is meant as one: with a separator or a file ending, and without white space."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The most similar documents, and what was searched."""

    hits: list[Hit]
    """Their `state` goes beyond deduplication: `contaminated`, `holdout`, `train`; `kept` before there is a split."""
    total: int
    """Documents of at least the similarity that was asked for."""
    documents: int
    """Kept documents in the indexes."""
    odds: float
    """The probability that a document of exactly that similarity was compared."""
    not_built: list[str]
    """Keys of dumps that were not searched."""


def find_answer(graph: Graph, resolver: Resolver, track: str, text: str, *, at_least: float, most: int) -> Answer:
    """Raises UserError when the corpus is not built or damaged, or the text is too short to be compared."""
    if not 0 < at_least <= 1:
        raise UserError("--at-least takes a similarity above 0 and up to 1")
    keys = _by_dump(graph.track(track), "deduplicated")
    if _BASE not in keys:
        raise UserError(f"{track} has no deduplicated documents, and so no index of them")
    built = {dump: artifact for dump, key in keys.items() if (artifact := resolver.artifact(key)) is not None}
    if _BASE not in built:
        raise UserError(f"{keys[_BASE]} is not built: {graph.run_command(keys[_BASE])}")
    for artifact in built.values():
        if problems := artifact.problems(read="none"):
            raise UserError(f"{artifact.key} is damaged: {'; '.join(problems)}: {graph.run_command(artifact.key)}")
    hits, total = find_similar(built, text, at_least=at_least, most=most)
    return Answer(
        hits=_with_states(hits, graph.track(track), resolver),
        total=total,
        documents=sum(artifact.manifest.counters.kept for artifact in built.values()),
        odds=detection_odds(built[_BASE], at_least),
        not_built=[key for dump, key in keys.items() if dump not in built],
    )


def answer_lines(answer: Answer, *, at_least: float) -> list[Line]:
    """A line for each hit (Jaccard similarity, state, source, licence, dump, id), and one on what was searched."""
    rows = [
        [f"{hit.jaccard:.4f}", hit.state, visible(hit.source), visible(hit.licence), hit.dump, _name(hit)]
        for hit in answer.hits
    ]
    total = f"{answer.total:,}" if answer.total else "nothing"
    shown = f", {len(answer.hits)} shown" if answer.total > len(answer.hits) else ""
    odds = f"one at just {at_least:g} is found with odds {answer.odds:.2g}" if answer.odds < 0.99 else ""
    return [
        *(("", text) for text in columns(rows)),
        (
            "bold",
            f"{total} of Jaccard similarity {at_least:g} or more in the index of {answer.documents:,} documents{shown}"
            f"{f'; {odds}' if odds else ''}",
        ),
        *(("", f"not searched, since it is not built: {key}") for key in answer.not_built),
    ]


def read_text(argument: str) -> str:
    """The text itself, that of the UTF-8 file of this name, or standard input for `-`.

    Raises UserError for what cannot be read or is no UTF-8, and for the name of a file that is not there.
    """
    if argument == "-":
        try:
            return _decoded(sys.stdin.buffer.read(), "standard input")
        except (OSError, AttributeError) as error:  # a closed one is None
            raise UserError("similar: standard input cannot be read: pipe a text in, or name a file") from error
    path = Path(argument)
    try:
        is_file, is_folder = path.is_file(), argument != "" and path.is_dir()
    except (OSError, ValueError):  # too long for a name, or of characters that none has
        is_file = is_folder = False
    if is_folder:
        raise UserError(f"similar: {visible(argument)} is a folder; name one file of it")
    if not is_file and _FILE_NAME.fullmatch(argument):
        raise UserError(
            f"similar: there is no file {visible(argument)}: correct its name, "
            "or pipe the text in: ... | fustercluck similar TRACK -"
        )
    if not is_file:
        return _decoded(argument.encode("utf-8", "surrogatepass"), "the text")
    try:
        return _decoded(path.read_bytes(), visible(argument))
    except OSError as error:
        raise UserError(f"similar: {visible(argument)} cannot be read ({error.strerror})") from error


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"similar: {name} is not UTF-8 (byte {error.start})") from error


def _by_dump(keys: Sequence[str], part: str) -> dict[str, str]:
    """Dump -> key of this part of the corpus, in the order of the work."""
    by_dump = {}
    for key in keys:
        match key.split("/"):
            case ["corpus", _, name] if name == part:
                by_dump[_BASE] = key
            case ["corpus", _, "dumps", name, dump] if name == part:
                by_dump[dump] = key
    return by_dump


def _with_states(hits: list[Hit], keys: Sequence[str], resolver: Resolver) -> list[Hit]:
    """What became of the kept documents, as far as the steps behind deduplication are built."""
    ids = {hit.id for hit in hits if hit.state == KEPT}
    states: dict[str, str] = {}
    for key in _by_dump(keys, "split").values() if ids else ():
        if (artifact := resolver.artifact(key)) is None:
            continue
        held_out = read_records(artifact.path("holdout.jsonl.zst"))
        states = dict.fromkeys(ids, "train")
        states |= dict.fromkeys(ids & {record["id"] for record in held_out}, "holdout")
    for key in _by_dump(keys, "decontaminated").values() if ids else ():
        if (artifact := resolver.artifact(key)) is not None:
            hits_in_evalsets = read_records(artifact.path("hits.jsonl.zst"))
            dropped = {hit["document"] for hit in hits_in_evalsets if hit["action"] == "drop"}
            states |= dict.fromkeys(ids & dropped, "contaminated")
    return [replace(hit, state=states.get(hit.id, hit.state)) if hit.state == KEPT else hit for hit in hits]


def _name(hit: Hit) -> str:
    of = f" of {visible(hit.duplicate_of)}" if hit.duplicate_of is not None else ""
    return f"{visible(hit.id)}{of}"
