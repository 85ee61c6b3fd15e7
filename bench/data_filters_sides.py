"""One way of filtering documents, alone in its process: `python -m bench.data_filters_sides SIDE FOLDER`.

Reads FOLDER/documents.jsonl.zst and FOLDER/config.json (nano's FilterConfig), writes FOLDER/SIDE.json: {"kept",
"kept_ids", "cpu", "wall"}. Imports are not timed. Everyone gets one thread, and writes what is kept with zstd.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench.data_sides import answer

Told = dict[str, Any]
Side = Callable[[Path], Callable[[], Told]]
DOCUMENTS = "documents.jsonl.zst"
GOPHER = ("quality", "repetition")
"""The filters that datatrove has too."""


def told(documents: Path) -> Told:
    from fc_model.artifacts import read_records

    ids = [record["id"] for record in read_records(documents)]
    return {"kept": len(ids), "kept_ids": ids}


def ours_whole(folder: Path) -> Callable[[], Told]:
    """All filters of nano, as its step `filtered` runs them: Unicode, length, secrets, PII, language, and Gopher's."""
    return ours(folder, json.loads((folder / "config.json").read_text("utf-8")))


def ours_gopher(folder: Path) -> Callable[[], Told]:
    """The same step with Gopher's rules alone, and no text too short for one of them, as in datatrove."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    rules = [{**rule, "domains": None} for rule in config["filters"] if rule["kind"] in GOPHER]
    for rule in rules:
        if rule["kind"] == "repetition":
            rule["min_words"] = 0
    return ours(folder, {**config, "filters": rules})


def ours(folder: Path, config: dict[str, Any]) -> Callable[[], Told]:
    from bench.data_tokens import build
    from fc_model.artifacts import Store
    from fc_pipeline.corpus.filter_documents import filter_documents, judge_batch

    store = Store(folder / f"store-{os.getpid()}")
    source = build(store, "sources/bench", lambda step: step.out.adopt(DOCUMENTS, copied(folder)), {}, {})
    # Tables that a process builds once, as other imports do.
    about = {"source": "bench", "domain": "data", "licence": "various", "meta": {}}
    judge_batch(json.dumps(config), None, [{"id": "warm-up", "text": "Warm up with a few words. " * 9, **about}])  # type: ignore[typeddict-item]

    def run() -> Told:
        found = build(store, "corpus/bench/filtered", filter_documents, config, {"bench": source})
        return told(found.path(DOCUMENTS))

    return run


def copied(folder: Path) -> Path:
    """A copy that an artifact may take for its own."""
    copy = folder / f"copy-{os.getpid()}"
    copy.write_bytes((folder / DOCUMENTS).read_bytes())
    return copy


def datatrove(language: Any = "eng") -> Side:
    """A stock pipeline of reader, its blocks of Gopher's rules with nano's thresholds, and writer."""

    def side(folder: Path) -> Callable[[], Told]:
        from datatrove.executor import LocalPipelineExecutor
        from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
        from datatrove.pipeline.readers import JsonlReader
        from datatrove.pipeline.writers import JsonlWriter
        from datatrove.utils.word_tokenizers import load_word_tokenizer
        from loguru import logger

        from fc_pipeline.corpus.words import word_tokenizer

        logger.remove()
        words = word_tokenizer() if language is None else language
        if isinstance(words, str):
            load_word_tokenizer(words).word_tokenize("warm up")
        out = folder / f"datatrove-{os.getpid()}"
        rules = {rule["kind"]: rule for rule in json.loads((folder / "config.json").read_text("utf-8"))["filters"]}
        quality, repetition = rules["quality"], rules["repetition"]
        blocks = [
            JsonlReader(str(folder), glob_pattern=DOCUMENTS, compression="zstd"),
            GopherQualityFilter(
                min_doc_words=quality["min_words"],
                max_doc_words=quality["max_words"],
                min_avg_word_length=quality["min_mean_word_length"],
                max_avg_word_length=quality["max_mean_word_length"],
                max_symbol_word_ratio=quality["max_symbol_ratio"],
                max_bullet_lines_ratio=quality["max_bullet_lines"],
                max_ellipsis_lines_ratio=quality["max_ellipsis_lines"],
                max_non_alpha_words_ratio=quality["min_alphabetic_words"],
                min_stop_words=quality["min_stop_words"],
                language=words,
            ),
            GopherRepetitionFilter(
                dup_line_frac=repetition["max_duplicate_lines"],
                dup_line_char_frac=repetition["max_duplicate_line_chars"],
                dup_para_frac=repetition["max_duplicate_paragraphs"],
                dup_para_char_frac=repetition["max_duplicate_paragraph_chars"],
                top_n_grams=tuple((int(n), share) for n, share in repetition["max_top_ngrams"].items()),
                dup_n_grams=tuple((int(n), share) for n, share in repetition["max_duplicate_ngrams"].items()),
                language=words,
            ),
            JsonlWriter(str(out), output_filename="${rank}.jsonl.zst", compression="zstd"),
        ]

        def run() -> Told:
            LocalPipelineExecutor(blocks, tasks=1, logging_dir=f"{out}-logs").run()
            return told(out / "00000.jsonl.zst")

        return run

    return side


SIDES: dict[str, Side] = {
    "ours_whole": ours_whole,
    "ours_gopher": ours_gopher,
    "datatrove": datatrove(),
    "datatrove_regex": datatrove(language=None),  # words of our regular expression in place of spaCy's
}


def main(name: str, folder: str) -> None:
    answer(Path(folder), name, SIDES[name](Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
