"""Near-duplicate removal: megabytes a CPU second, recall, precision, memory, and what one more dump costs.

    python -m bench.data_dedup [--megabytes 20] [--planted 1000] [--rounds 3] [--sizes 20 40 80]

First line: everyone on the same text of installed packages with planted near-duplicates, each in a process of its own.
Stock datatrove needs spaCy for English; where it is not installed the line says so. Then a line for each size: the
whole step, from an artifact of documents to an artifact, and the memory of its process. Last a line for one percent of
new documents: deduplicated against the stored index of the others, beside a rebuild of all.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench.dedup_contenders import CONTENDERS, WORD, grams
from bench.dedup_growth import measure_growth, measure_new_dump
from bench.packages import sources
from bench.timing import report

WORDS_A_DOCUMENT = (300, 600)
FEWEST_WORDS = 150


def main(argv: list[str] | None = None) -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=20.0, help="of text of installed packages")
    parser.add_argument("--planted", type=int, default=1000, help="near-duplicates of Jaccard 0.4 to 0.95")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--sizes", type=float, nargs="*", default=[20.0, 40.0, 80.0], help="megabytes")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if arguments.contenders:
            measure(work, arguments.contenders, arguments.megabytes, arguments.planted, arguments.rounds)
        texts = list(pieces(max(arguments.sizes, default=0.0) and min(arguments.sizes) * 1e6, random.Random(1)))
        measure_growth(work, texts, arguments.sizes)
        if arguments.sizes:
            measure_new_dump(work, texts, max(arguments.sizes))


def measure(folder: Path, names: list[str], megabytes: float, planted: int, rounds: int) -> None:
    """Run every contender `rounds` times in turn and print one line."""
    texts, truth = corpus(megabytes * 1e6, planted)
    with (folder / "in.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": str(row), "text": text}) + "\n" for row, text in enumerate(texts))
    size = sum(len(text.encode()) for text in texts) / 1e6
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name in names:
            if name not in missing:
                error = child("bench.dedup_contenders", name, str(folder))
                if error:
                    missing[name] = error
                else:
                    runs[name].append(json.loads((folder / f"{name}.json").read_text("utf-8")))
    results = {
        name: {
            "mb_per_cpu_second": round(size / statistics.median(run["cpu"] for run in found), 2),
            "mb_per_second": round(size / statistics.median(run["wall"] for run in found), 2),
            **(quality(texts, truth, found[0]["pairs"]) if found[0]["pairs"] else {}),
        }
        for name, found in runs.items()
        if found
    }
    over = {
        f"ours_over_{name}": round(results["ours"]["mb_per_cpu_second"] / result["mb_per_cpu_second"], 1)
        for name, result in results.items()
        if "ours" in results and name != "ours"
    }
    about = {"megabytes": round(size, 2), "documents": len(texts), "planted": len(truth)}
    report(bench="data_dedup", **about, results=results, **over, missing=missing)


def child(*words: str) -> str:
    """Run a module in a new process; returns the last line of what went wrong, empty when nothing did."""
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]


def corpus(num_bytes: float, planted: int) -> tuple[list[str], dict[tuple[int, int], float]]:
    """(texts, {(row, row of its planted near-duplicate): exact Jaccard})."""
    rng = random.Random(0)
    texts = list(pieces(num_bytes, rng))
    truth = {}
    for row in rng.sample(range(len(texts)), min(planted, len(texts))):
        near, similarity = varied(texts[row], rng.uniform(0.4, 0.95), rng)
        truth[row, len(texts)] = similarity
        texts.append(near)
    return texts, truth


def pieces(num_bytes: float, rng: random.Random) -> Iterator[str]:
    """Source files of installed packages cut into documents of some hundred words."""
    for text in sources():
        words = text.split(" ")
        start = 0
        while len(words) - start > WORDS_A_DOCUMENT[0] and num_bytes > 0:
            length = rng.randint(*WORDS_A_DOCUMENT)
            piece = " ".join(words[start : start + length])
            start += length
            if len(WORD.findall(piece)) >= FEWEST_WORDS:
                num_bytes -= len(piece.encode())
                yield piece
        if num_bytes <= 0:
            return


def varied(text: str, target: float, rng: random.Random) -> tuple[str, float]:
    """The text with single words replaced until its similarity to itself is at most the target, and that."""
    whole, words = grams(text), text.split(" ")
    places = [place for place, word in enumerate(words) if WORD.search(word)]
    rng.shuffle(places)
    similarity = 1.0
    while similarity > target and places:
        words[places.pop()] = "q" + "".join(rng.choices("abcdefghij", k=7))
        similarity = jaccard(whole, grams(" ".join(words)))
    return " ".join(words), similarity


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def quality(texts: list[str], truth: dict[tuple[int, int], float], found: list[list[str]]) -> dict[str, Any]:
    """Against exact similarities: planted pairs that are together, and pairs of kept and removed that are alike.

    A removed document is counted as found wherever it was found to belong: its twin may itself have gone because of
    a third one, so both count as together when they have gone because of the same document.
    """
    head = {int(removed): int(kept) for kept, removed in reversed(found)}
    together = {pair: head.get(pair[0], pair[0]) == head.get(pair[1], pair[1]) for pair in truth}
    alike = [pair for pair, similarity in truth.items() if similarity >= 0.8]
    apart = [pair for pair, similarity in truth.items() if similarity < 0.5]
    true = sum(jaccard(grams(texts[int(kept)]), grams(texts[int(removed)])) >= 0.8 for kept, removed in found)
    return {
        "recall": round(sum(together[pair] for pair in alike) / max(1, len(alike)), 4),
        "precision": round(true / len(found), 4),
        "pairs_alike": len(alike),
        "joined_below_0.5": f"{sum(together[pair] for pair in apart)}/{len(apart)}",
        "joined_0.5_to_0.8": sum(together.values()) - sum(together[pair] for pair in [*alike, *apart]),
        "removed": len({removed for _, removed in found}),
    }


if __name__ == "__main__":
    main()
