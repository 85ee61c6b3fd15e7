"""Our side of the bench of images: `python -m bench.ocr_ours SIDE TASK FOLDER`. One process, one thread.

`ours` draws as a long run does, with its caches of glyphs filled by the thousands of images before; `ours_cold` after a
few. Timed is all that the step `<track>/synthetic` does for an image: text from the corpus, a face that covers it, a
layout, degradations, boxes of words and lines by their ink, questions, the record as JSON, its checks.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

from bench.ocr_work import Picture, time_side
from bench.packages import sources
from fc_model.data.images.record import ImageRecord
from fc_pipeline.images.synthesis.kinds import kinds
from fc_pipeline.images.synthesis.passages import write_passages
from fc_pipeline.images.synthesis.renderer import Job, Plan, draw_page, encode
from fc_pipeline.images.synthesis_config import KindConfig, SynthesisConfig

WARM = {"ours": {"lines": 4000, "pages": 480}, "ours_cold": {"lines": 20, "pages": 8}}
"""Images before the timed ones."""
FIRST = 100_000
"""Number of the first timed image, beyond all that warm up."""
CONFIG = SynthesisConfig(
    kinds={name: KindConfig(train=0) for name in kinds(SynthesisConfig(kinds={"line": KindConfig(train=0)}))}
)


def main(side: str, task: str, folder: Path) -> None:
    """Time one side."""
    plan = Plan(**json.loads((folder / "plan.json").read_text("utf-8")))
    chosen = jobs(task, len((folder / f"{task}.jsonl").read_text("utf-8").splitlines()), first=FIRST)

    def draw(number: int) -> Any:
        page, record, _ = draw_page(chosen[number], plan=plan)
        return page.image, json.dumps(record.to_json(), ensure_ascii=False), record.kind

    time_side(
        folder,
        task,
        side,
        draw=draw,
        png=lambda drawn: encode(drawn[0], CONFIG.kinds[drawn[2]]),
        count=len(chosen),
        warmup=lambda: [draw_page(job, plan=plan) for job in jobs(task, WARM[side][task], first=0)],
    )


def write_plan(folder: Path, fonts: Path, config: SynthesisConfig = CONFIG) -> Plan:
    """FOLDER/plan.json: text from Python's manual, code from an installed package."""
    path = folder / "passages.jsonl"
    digest = write_passages(documents(), path, max_chars=4_000_000, max_document_chars=20_000, seed=0)
    plan = Plan(config.model_dump_json(), str(fonts), {"train": (str(path), digest)})
    (folder / "plan.json").write_text(json.dumps(plan._asdict()), "utf-8")
    return plan


def documents() -> Iterator[dict[str, Any]]:
    manual = (("manual", name, topics[name], "prose") for name in sorted(topics))
    code = (("numpy", str(number), text, "code") for number, text in enumerate(sources(("numpy",))))
    for source, name, text, domain in (*manual, *code):
        yield {
            "id": f"{source}/{name}", "source": source, "licence": "PSF-2.0", "domain": domain, "text": text, "meta": {}
        }  # fmt: skip


def jobs(task: str, count: int, *, first: int) -> list[Job]:
    """Lines, or the kinds of documents in turn."""
    names = ["line"] if task == "lines" else sorted(name for name in CONFIG.kinds if name.startswith("document/"))
    return [Job(names[number % len(names)], "train", first + number // len(names)) for number in range(count)]


def pictures(task: str, count: int, plan: Plan, faces: dict[str, Path]) -> Iterator[Picture]:
    """What ours draws, for the others."""
    for job in jobs(task, count, first=FIRST):
        page, record, _ = draw_page(job, plan=plan)
        font = faces[record.meta["fonts"][0]]
        yield Picture(by_line(record), str(font), em(record), page.image.width, page.image.height)


def by_line(record: ImageRecord) -> list[list[str]]:
    lines: list[list[str]] = [[] for _ in record.lines]
    for word in record.words:
        lines[word.line].append(word.text)
    return lines


def em(record: ImageRecord) -> int:
    """Pixels an em. A line says it; on a page it is guessed: the ink of most lines is nine tenths of it high."""
    heights = [line.box[3] - line.box[1] for line in record.lines]
    return int(record.meta["size"]) if record.kind == "line" else round(statistics.median(heights) / 0.9)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
