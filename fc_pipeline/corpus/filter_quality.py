"""The step that makes `corpus/<name>/filter_quality`: precision and recall of the filters at a track's thresholds."""

import copy
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from fc_model.errors import UserError
from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters import FilterSettings
from fc_pipeline.corpus.filters.chain import Chain
from fc_pipeline.corpus.filters.pii import PiiSettings, find_pii
from fc_pipeline.engine.step import Step

FIXTURES = Path(__file__).parent / "filters" / "fixtures"
CUT = "~cut~"
"""Stands inside the secrets of the fixtures, so that scanners of repositories find none; taken out by the reader."""
_EXCERPT_CHARS = 200


@dataclass
class Score:
    """Of one filter on its labelled cases. What is to be dropped, or masked, is positive."""

    cases: int = 0
    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    misses: list[dict[str, Any]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of what it refused that deserved it; 1 when it refused nothing."""
        refused = self.true_positives + self.false_positives
        return self.true_positives / refused if refused else 1.0

    @property
    def recall(self) -> float:
        """Share of what deserves it that it refused; 1 when nothing does."""
        positives = self.true_positives + self.false_negatives
        return self.true_positives / positives if positives else 1.0


def fixtures_digest() -> str:
    """Hash of the labelled cases, for the config of the step: the code version sees no file that is not Python."""
    parts = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in sorted(FIXTURES.iterdir())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def measure_filters(step: Step) -> None:
    """Writes filter_quality.json: {kind: {"cases", "precision", "recall", "misses": [...]}}; the same as metrics.

    config: {"filtering": FilterConfig, "fixtures": `fixtures_digest()`}. inputs: `perplexity_model`, when the filters
    ask for it. Metrics: precision_<kind>, recall_<kind>, cases_<kind>, and the lowest of each over all filters.
    """
    config = FilterConfig.model_validate(step.config["filtering"])
    model = step.inputs.get("perplexity_model")
    chain = Chain(config.filters, model.path("models.npy") if model else None)
    scores = {kind: score_filter(chain, kind) for kind in dict.fromkeys(chosen.kind for chosen in config.filters)}
    report: dict[str, dict[str, Any]] = {
        kind: {"cases": score.cases, "precision": score.precision, "recall": score.recall, "misses": score.misses}
        for kind, score in scores.items()
    }
    step.out.write_text("filter_quality.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    step.out.counters.read = step.out.counters.kept = sum(score.cases for score in scores.values())
    for kind, entry in report.items():
        step.out.metrics |= {f"{figure}_{kind}": entry[figure] for figure in ("precision", "recall", "cases")}
    for figure in ("precision", "recall"):
        step.out.metrics[f"{figure}_min"] = min((entry[figure] for entry in report.values()), default=1.0)


def score_filter(chain: Chain, kind: str) -> Score:
    """The chain's settings of one kind on its labelled cases, each case alone.

    A case is {"text", "label", "why"} and what the filter looks at (`domain`, `licence`, `meta`). `drop` and `keep`
    count by document, `mask` by span; a kept text that is to be edited says how in `expected`, and a wrong edit
    counts as a false positive.
    """
    settings = [chosen for chosen in chain.filters if chosen.kind == kind]
    score = Score()
    for case in labelled_cases(kind):
        score.cases += 1
        if any(isinstance(chosen, PiiSettings) and chosen.action == "mask" for chosen in settings):
            _score_spans(score, case, settings)
        else:
            _score_document(score, case, chain, settings)
    return score


def labelled_cases(kind: str) -> Iterator[dict[str, Any]]:
    """The fixture of a filter, its texts written out. Raises UserError when there is none."""
    path = FIXTURES / f"{kind}.jsonl"
    if not path.is_file():
        raise UserError(
            f"filter {kind}: it has no labelled cases to be measured by; write {path.name} in {path.parent}"
        )
    for line in path.read_text("utf-8").splitlines():
        case: dict[str, Any] = json.loads(line.replace(CUT, ""))
        case["text"] *= case.pop("repeat", 1)
        yield case


def _score_document(score: Score, case: dict[str, Any], chain: Chain, settings: Iterable[FilterSettings]) -> None:
    document = document_of(case)
    reason = next(filter(None, (chain.ask(chosen, document) for chosen in settings)), None)
    wrongly_edited = reason is None and document["text"] != case.get("expected", document["text"])
    positive = case["label"] != "keep"
    if reason is not None and positive:
        score.true_positives += 1
    elif reason is not None or wrongly_edited:
        score.false_positives += 1
        _miss(score, case, "edited wrongly" if wrongly_edited else f"refused: {reason}")
    elif positive:
        score.false_negatives += 1
        _miss(score, case, "not refused")


def _score_spans(score: Score, case: dict[str, Any], settings: Iterable[FilterSettings]) -> None:
    wanted = Counter((kind, text) for kind, text in case.get("spans", []))
    masked: Counter[tuple[str, str]] = Counter()
    for chosen in settings:
        if isinstance(chosen, PiiSettings) and chosen.acts_on(case.get("domain", "science")):
            masked.update((span.type, case["text"][span.start : span.end]) for span in find_pii(case["text"], chosen))
    score.true_positives += (wanted & masked).total()
    for (kind, text), times in (masked - wanted).items():
        score.false_positives += times
        _miss(score, case, f"masked: {kind} {text!r}")
    for (kind, text), times in (wanted - masked).items():
        score.false_negatives += times
        _miss(score, case, f"not masked: {kind} {text!r}")


def document_of(case: dict[str, Any]) -> Document:
    """The document that a labelled case stands for."""
    fields = {name: case[name] for name in ("text", "domain", "licence", "meta") if name in case}
    plain = {"id": "fixtures/case", "source": "fixtures", "domain": "science", "licence": "MIT", "meta": {}}
    return cast(Document, copy.deepcopy({**plain, **fields}))


def _miss(score: Score, case: dict[str, Any], what: str) -> None:
    score.misses.append({"miss": what, "why": case["why"], "excerpt": case["text"][:_EXCERPT_CHARS]})
