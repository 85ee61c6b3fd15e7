"""Files to text: megabytes of files a CPU second, beside datatrove's extractors and the bare libraries.

    python -m bench.data_extract [--megabytes 6] [--rounds 3] [--formats html rst ipynb py docstrings]

A line for each format, everyone on the same files, each in a process of its own. Web pages and documentation come
from packages that are downloaded once into FC_HOME's cache (docs: bench/data_pages.py), the rest from what is
installed. Stock datatrove needs trafilatura, and a fork of readability with inscriptis; a side whose packages are
not there is named under "missing".
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.data_extract_sides import SIDES
from bench.data_pages import pages, raw_files
from bench.data_sides import race
from bench.timing import report
from fc_model.artifacts.records import RecordWriter
from fc_pipeline.paths import fc_home


def main(argv: list[str] | None = None) -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=6.0, help="of files of each format")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="*", default=list(SIDES), choices=list(SIDES))
    arguments = parser.parse_args(argv)
    for kind in arguments.formats:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), kind, home=fc_home(), megabytes=arguments.megabytes, rounds=arguments.rounds)


def measure(folder: Path, kind: str, *, home: Path, megabytes: float, rounds: int) -> None:
    """Lay the files out in `folder`, run every side of the format and print one line."""
    wanted = megabytes * 1e6
    files = pages(home, num_bytes=wanted) if kind == "html" else raw_files(home, kind, num_bytes=wanted)
    lay_out(folder, kind, files)
    size = sum(map(len, files.values())) / 1e6
    found = race("bench.data_extract_sides", SIDES[kind], folder, rounds=rounds)
    ours, *others = SIDES[kind]
    report(
        bench="data_extract",
        format=kind,
        megabytes=round(size, 2),
        files=len(files),
        results=found.rates(size),
        **found.over(ours, others),
        missing=found.missing,
    )


def lay_out(folder: Path, kind: str, files: dict[str, bytes]) -> None:
    """Every file as <folder>/<kind>/<number>.<kind>; web pages also as the records that datatrove reads."""
    (folder / kind).mkdir()
    for number, data in enumerate(files.values()):
        (folder / kind / f"{number:05}.{kind}").write_bytes(data)
    if kind == "html":
        with (folder / "pages.jsonl.zst").open("wb") as file:
            write = RecordWriter(file)
            for path, data in files.items():
                write({"id": path, "text": data.decode()})
            write.close()


if __name__ == "__main__":
    main()
