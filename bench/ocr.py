"""Images per CPU second of one process with one thread: our generator beside trdg and synthtiger, in one run.

    python -m bench.ocr [--lines 150] [--pages 64] [--rounds 5]

The same texts in the same font files at the same size: lines 32 pixels high and up to 256 wide, then pages of our kinds
of documents. Each side is a process of its own, they take turns, and each draws all pictures and then makes PNG files
of them, so the rates without and with PNG are of the same pictures. What a side lacks is said where it stands:
bench/ocr_ours.py, bench/ocr_trdg.py, bench/ocr_synthtiger.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.ocr_environments import PEERS, python_of
from bench.ocr_ours import pictures, write_plan
from bench.ocr_work import write_work
from bench.timing import report, whole_number
from fc_model.artifacts import Recipe, Store
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.fonts.fetch import fetch_fonts
from fc_pipeline.paths import fc_home

OURS = ("ours", "ours_cold")
SIDES = {
    "lines": (*OURS, "trdg", "trdg_boxes", "synthtiger", "synthtiger_words"),
    "pages": (*OURS, "synthtiger", "synthtiger_words"),
}
ROOT = Path(__file__).parent.parent
Rates = dict[str, dict[str, Any]]


def main(argv: list[str] | None = None) -> None:
    """Print a line of JSON for lines, and one for pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=whole_number, default=150)
    parser.add_argument("--pages", type=whole_number, default=64)
    parser.add_argument("--rounds", type=whole_number, default=5)
    parser.add_argument("--fonts", type=Path, help="folder of an images/fonts artifact; default: fetched into FC_HOME")
    arguments = parser.parse_args(argv)
    fonts = arguments.fonts or fetched_fonts()
    pythons, missing = environments(fc_home() / "cache" / "bench-ocr")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        plan = write_plan(work, fonts)
        faces = {face.name: face.file for face in load_faces(fonts).faces}
        for task, count in (("lines", arguments.lines), ("pages", arguments.pages)):
            write_work(work, task, list(pictures(task, count, plan, faces)))
            answers = race(task, work, pythons, rounds=arguments.rounds)
            rates = {side: rates_of(found) for side, found in answers.items()}
            report(bench=f"ocr_{task}", images=count, rounds=arguments.rounds, faces=len(faces), sides=rates,
                   ratios=ratios(rates), **({"missing": missing} if missing else {}))  # fmt: skip


def fetched_fonts() -> Path:
    """The whole catalogue of fonts as an artifact in FC_HOME's cache."""
    key, config, store = (
        "images/fonts",
        fonts_config().model_dump(mode="json"),
        Store(fc_home() / "cache" / "bench-ocr"),
    )
    recipe = Recipe(config=config, code={"version": "bench", "parts": {}}, inputs={})
    found = store.find(key, recipe.identity(key))
    if found is None:
        with store.write(key, recipe) as out:
            fetch_fonts(Step(key=key, config=config, inputs={}, out=out, runtime=Runtime(home=fc_home())))
        found = store.find(key, recipe.identity(key))
        assert found is not None, "it was just committed"
    return found.folder


def environments(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """({peer: interpreter}, {peer: why it could not be installed})."""
    pythons, missing = {}, {}
    for peer in PEERS:
        try:
            pythons[peer] = python_of(peer, folder)
        except subprocess.CalledProcessError as error:
            missing[peer] = " ".join(error.stderr.split())[:300]
    return pythons, missing


def race(task: str, folder: Path, pythons: dict[str, Path], *, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """What each side answered in each round. Raises CalledProcessError when one fails."""
    answers: dict[str, list[dict[str, Any]]] = {}
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    for _ in range(rounds):
        for side in SIDES[task]:
            module = side.partition("_")[0]
            python = Path(sys.executable) if module == "ours" else pythons.get(module)
            if python is None:
                continue
            words = [str(python), "-W", "ignore", "-m", f"bench.ocr_{module}", side, task, str(folder)]
            subprocess.run(words, check=True, env=one_thread, stdout=subprocess.DEVNULL, cwd=folder)
            answers.setdefault(side, []).append(json.loads((folder / f"{task}-{side}.json").read_text("utf-8")))
    return answers


def rates_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of images per CPU second, and how far the rounds lie apart as a part of the median."""
    drawn = [answer["images"] / answer["draw"] for answer in found]
    stored = [answer["images"] / (answer["draw"] + answer["png"]) for answer in found]
    return {
        "images_per_cpu_second": round(statistics.median(drawn), 1),
        "spread": spread(drawn),
        "with_png": round(statistics.median(stored), 1),
        "with_png_spread": spread(stored),
        "images": found[0]["images"],
        "mean_size": found[0]["sizes"],
        "bytes_an_image": found[0]["bytes"] // found[0]["images"],
    }


def spread(rates: list[float]) -> float:
    return round((max(rates) - min(rates)) / statistics.median(rates), 2)


def ratios(rates: Rates) -> dict[str, dict[str, float]]:
    """Of each of our sides over the fastest other one."""
    peers = [rate for side, rate in rates.items() if side not in OURS]
    kinds = ("images_per_cpu_second", "with_png")
    return {
        f"{side}_over_fastest_peer": {kind: round(rates[side][kind] / max(p[kind] for p in peers), 1) for kind in kinds}
        for side in OURS
        if side in rates and peers
    }


if __name__ == "__main__":
    main()
