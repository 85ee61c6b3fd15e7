"""Our reader and writer of records beside datatrove's: megabytes a CPU second, and what each makes of a cut file.

    python -m bench.data_records [--documents 20000] [--rounds 3]

One line of JSON: medians of the rounds, the sides in turns, in one process; and how many documents each reader gives
of the first half of the file, or the error that it raises.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from fc_pipeline.executors.quiet import quiet_datatrove

from bench.timing import report
from fc_model.artifacts.records import RecordWriter, read_records
from fc_model.errors import UserError

WORDS = [f"{a}{b}{c}" for a in "bdfglmn" for b in "aeiou" for c in ("st", "rk", "lm", "nd", "pp", "x")]


def main(argv: list[str] | None = None) -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000, help="of about 1,800 characters")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    rng = random.Random(1)
    about = {"source": "bench", "domain": "science", "licence": "MIT"}
    records = [
        {"id": f"bench/{row}", "text": " ".join(rng.choices(WORDS, k=380)), **about, "meta": {"row": row}}
        for row in range(options.documents)
    ]
    megabytes = sum(len(record["text"]) for record in records) / 1e6
    with tempfile.TemporaryDirectory() as folder, quiet_datatrove():
        file, cut = Path(folder, "records.jsonl.zst"), Path(folder, "cut.jsonl.zst")
        jobs: dict[str, Callable[[], Any]] = {
            "write": lambda: write(file, records),
            "write_datatrove": writing_with_datatrove(Path(folder), records),
            "read": lambda: sum(1 for _ in read_records(file)),
            "read_datatrove": lambda: sum(1 for _ in read_with_datatrove(file)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(options.rounds):
            for name, job in jobs.items():
                started = time.process_time()
                job()
                seconds[name].append(time.process_time() - started)
        cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        report(
            bench="records",
            documents=len(records),
            mb_per_cpu_second={name: round(megabytes / statistics.median(all_), 1) for name, all_ in seconds.items()},
            cut_file={"ours": outcome(read_records(cut)), "datatrove": outcome(read_with_datatrove(cut))},
        )


def write(file: Path, records: list[dict[str, Any]]) -> None:
    with file.open("wb") as raw:
        writer = RecordWriter(raw)
        for record in records:
            writer(record)
        writer.close()


def writing_with_datatrove(folder: Path, records: list[dict[str, Any]]) -> Callable[[], None]:
    documents = [
        Document(text=record["text"], id=record["id"], metadata={"source": record["source"], "meta": record["meta"]})
        for record in records
    ]

    def run() -> None:
        with JsonlWriter(str(folder), output_filename="theirs-${rank}.jsonl.zst", compression="zstd") as writer:
            for document in documents:
                writer.write(document, rank=0)

    return run


def read_with_datatrove(file: Path) -> Iterator[Document]:
    yield from JsonlReader(str(file.parent), glob_pattern=file.name, compression="zstd").run()


def outcome(records: Iterator[Any]) -> str:
    count = 0
    try:
        for _ in records:
            count += 1
    except (UserError, ValueError, EOFError, OSError) as error:
        return f"{count} documents, then {type(error).__name__}"
    return f"{count} documents, no error"


if __name__ == "__main__":
    main()
