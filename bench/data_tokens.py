"""Records to packed shards: megabytes a second, beside SentencePiece alone and datatrove's tokenizing stage.

    python -m bench.data_tokens [--megabytes 20] [--rounds 3]

Every side gets the same texts and the same vocabulary. `sentencepiece` only encodes, from memory into lists, as its
plain `encode` does, and `sentencepiece_arrays` into arrays; ours and datatrove read records, encode and write.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before libraries read them: the threads that count are those that are asked for here.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sentencepiece

from bench.corpus import documents
from bench.timing import Seconds, report, round_robin
from fc_model.artifacts import Artifact, Recipe, Store
from fc_model.export.huggingface_tokenizer import unigram_tokenizer
from fc_model.export.vocabulary import read_vocabulary
from fc_model.special_tokens import EOS
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.tokens.mixture_config import MixtureConfig
from fc_pipeline.tokens.pack import pack_shards
from fc_pipeline.tokens.train_tokenizer import TokenizerConfig, train_tokenizer

DOMAIN = "code"
VOCAB_SIZE = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=20.0, help="of documentation text of installed packages")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), megabytes=arguments.megabytes, rounds=arguments.rounds)


def measure(folder: Path, *, megabytes: float, rounds: int) -> None:
    """Time every side and print one line."""
    records = list(take(megabytes * 1e6))
    texts = [record["text"] for record in records]
    num_bytes = sum(len(text.encode()) for text in texts)
    store = Store(folder)
    split = build(store, "corpus/bench/split", lambda step: write_split(step, records), {}, {})
    config = {
        "tokenizer": TokenizerConfig(vocab_size=VOCAB_SIZE, input_bytes=5_000_000).model_dump(mode="json"),
        "weights": {DOMAIN: 100.0},
    }
    tokenizer = build(store, "bench/tokenizer", train_tokenizer, config, {"documents": split})
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer.path("tokenizer.model")))
    num_tokens = sum(map(len, processor.encode(texts, return_type="numpy")))
    vocabulary = read_vocabulary(tokenizer.path("tokenizer.model"), vocab_size=VOCAB_SIZE)
    unigram_tokenizer(vocabulary).save(str(folder / "tokenizer.json"))

    contenders: dict[str, Callable[[], object]] = {}
    for threads in (1, 2):
        contenders |= {
            f"sentencepiece_{threads}": encoder(processor, texts, threads, int),
            f"sentencepiece_arrays_{threads}": encoder(processor, texts, threads, "numpy"),
            f"ours_{threads}": packer(store, split, tokenizer, num_tokens=num_tokens, workers=threads),
        }
    contenders["datatrove"] = datatrove_stage(folder, split.path("train.jsonl.zst"), folder / "tokenizer.json")
    seconds = round_robin(contenders, rounds=rounds)
    report(
        bench="data_tokens",
        megabytes=round(num_bytes / 1e6, 2),
        documents=len(texts),
        bytes_per_token=round(num_bytes / num_tokens, 3),
        results={name: figures(one, num_bytes) for name, one in seconds.items()},
        ours_of_sentencepiece={
            kind: {
                "cpu": round(seconds[f"{kind}_2"].cpu / seconds["ours_2"].cpu, 3),
                "wall": round(seconds[f"{kind}_2"].wall / seconds["ours_2"].wall, 3),
            }
            for kind in ("sentencepiece", "sentencepiece_arrays")
        },
        ours_over_datatrove=round(seconds["datatrove"].cpu / seconds["ours_2"].cpu, 2),
    )


def take(num_bytes: float) -> list[dict[str, Any]]:
    """Documents of installed packages, until there are enough bytes."""
    taken: list[dict[str, Any]] = []
    for name, text in documents():
        if num_bytes <= 0:
            break
        num_bytes -= len(text.encode())
        about = {"source": "docstrings", "domain": DOMAIN, "licence": "various", "meta": {}}
        taken.append({"id": name, "text": text, **about})
    return taken


def write_split(step: Step, records: list[dict[str, Any]]) -> None:
    for side, mine in (("train", records), ("holdout", records[:20])):
        with step.out.records(f"{side}.jsonl.zst") as write:
            for record in mine:
                write(record)


def build(
    store: Store,
    key: str,
    function: Callable[[Step], None],
    config: dict[str, Any],
    inputs: dict[str, Artifact],
    *,
    workers: int = 1,
    version: int = 0,
) -> Artifact:
    recipe = Recipe(config=config, code={"version": str(version), "parts": {}}, inputs={})
    runtime = Runtime(home=store.root, workers=workers, threads=workers)
    with store.write(key, recipe) as out:
        function(Step(key=key, config=config, inputs=inputs, out=out, runtime=runtime))
    artifact = store.find(key, recipe.identity(key))
    assert artifact is not None
    return artifact


def encoder(processor: Any, texts: list[str], threads: int, kind: Any) -> Callable[[], object]:
    return lambda: processor.encode(texts, num_threads=threads, return_type=kind)


def packer(
    store: Store, split: Artifact, tokenizer: Artifact, *, num_tokens: int, workers: int
) -> Callable[[], object]:
    """Packs all documents once; a new artifact each time."""
    settings = {"tokens": num_tokens, "weights": {DOMAIN: 100.0}, "max_epochs": 4}
    config = MixtureConfig.model_validate(settings).model_dump(mode="json")
    inputs = {"documents": split, "tokenizer": tokenizer}
    version = itertools.count()
    key = f"bench/shards_{workers}"
    return lambda: build(store, key, pack_shards, config, inputs, workers=workers, version=next(version))


def datatrove_stage(folder: Path, records: Path, tokenizer_json: Path) -> Callable[[], object]:
    """datatrove's reader and DocumentTokenizer in one process; Hugging Face tokenizers uses its own threads."""
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.tokens import DocumentTokenizer
    from loguru import logger

    logger.remove()
    number = itertools.count()

    def run() -> None:
        reader = JsonlReader(str(records.parent), glob_pattern=records.name, compression="zstd")
        stage = DocumentTokenizer(
            output_folder=str(folder / f"datatrove-{next(number)}"),
            tokenizer_name_or_path=str(tokenizer_json),
            eos_token=EOS,
            batch_size=1000,
            seed=0,
        )
        stage.run(reader.run(), 0, 1)

    return run


def figures(seconds: Seconds, num_bytes: int) -> dict[str, float]:
    return {
        "mb_per_cpu_second": round(num_bytes / 1e6 / seconds.cpu, 2),
        "mb_per_second": round(num_bytes / 1e6 / seconds.wall, 2),
    }


if __name__ == "__main__":
    main()
