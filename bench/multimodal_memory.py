"""A multimodal stage of the whole fustercluck_450 on a CPU: peak memory, seconds, and what was trained.

    python -m bench.multimodal_memory [--folder DIR] [--gigabytes 16]

A real stage of four optimizer steps at its real shapes runs in a process of its own, from weights on disk to a
checkpoint, the held-out figures and the files that it hands on: captions at 224 (twice, since the first finds no
negatives of InfoNCE in the queue), a window of text, a page at 448. fp32 weights, bf16 autocast, AdamW, an average of
the weights, micro-batches of 1, gradient checkpointing; the encoder is frozen, its last block from the third step on
not. Needs 20 GB of disk. Ends with an error where the peak is above `--gigabytes`, or a weight changed that is frozen,
or one had no gradient that is not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from safetensors import safe_open

from bench.multimodal_data import write_images, write_json, write_start, write_text
from bench.timing import report
from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.errors import UserError
from fc_pipeline.engine.resource_usage import own_peak_memory_bytes
from fc_pipeline.track.config import read_attributes

TRACK = "fustercluck_450"
_STEPS, _CHECKPOINT = 4, 2
_LATE = ("encoder.encoder.layers.{last}.", "encoder.post_layernorm.")
_STAGE: dict[str, Any] = {
    "name": "bench",
    "kind": "multimodal",
    "steps": _STEPS,
    "seq_len": 2048,
    "batch_tokens": 2048,
    "lr": 1e-4,
    "optimizer": {"kind": "adamw"},
    "precision": "bf16",
    "gradient_checkpointing": True,
    "ema_decay": 0.999,
    "schedule": {"kind": "cosine", "warmup_steps": 0},
    "eval_tokens": 2048,
    "checkpoint_every": _CHECKPOINT,
    "images": {
        # The four steps are: caption, caption, text, page.
        "groups": [
            {"kinds": ["photo"], "task": "caption", "height": 224, "width": 224, "images": 2, "text_tokens": 64,
             "share": 2.0},
            {"kinds": ["document/*"], "task": "read", "height": 448, "width": 448, "images": 2, "text_tokens": 256,
             "share": 0.99},
        ],
        "text_share": 1.0,
        "frozen": ["encoder"],
        "unfreeze_encoder_layers": 1,
        "unfreeze_at": _CHECKPOINT / _STEPS,
    },
}  # fmt: skip


def main() -> None:
    """Make the inputs, train, compare, print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="an empty folder, kept; by default a temporary one")
    parser.add_argument("--gigabytes", type=float, default=16.0, help="what the process may hold at its peak")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        weights = prepare(folder)
        words = [sys.executable, "-m", "bench.multimodal_memory", "--train", str(folder)]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        found = trained(folder)
    report(bench="multimodal_memory", parameters=weights, **figures, **found)
    if figures["peak_gb"] > arguments.gigabytes:
        raise UserError(f"the peak of {figures['peak_gb']} GB is above {arguments.gigabytes:g}")
    if found["wrong"]:
        raise UserError(f"not trained as the stage says: {', '.join(found['wrong'])}")


def prepare(folder: Path) -> int:
    """Shards, images, weights and the stage file; returns the number of weights of decoder, encoder and fusion."""
    attributes = read_attributes(TRACK)
    model = ModelConfig(vocab_size=attributes["tokenizer"]["vocab_size"], **attributes["model"])
    vision = VisionConfig.model_validate(attributes.get("vision") or {})
    stage = StageConfig.model_validate(_STAGE)
    assert stage.images is not None
    write_text(folder / "shards", vocab_size=model.vocab_size, tokens=10 * stage.seq_len)
    images = write_images(folder / "store")
    weights = write_start(folder / "start", model, vision, stage.images)
    stage_file = {
        "model": model.model_dump(mode="json"),
        "vision": vision.model_dump(mode="json"),
        "stage": stage.model_dump(mode="json"),
        "runtime": {"device": "cpu", "micro_batch": 1, "log_every": 1, "compile": False, "progress": False},
        "shards": str(folder / "shards"),
        "images": str(images),
        "start": str(folder / "start" / "model.safetensors"),
        "start_vision": str(folder / "start" / "vision.safetensors"),
    }
    write_json(folder / "stage" / "stage.json", stage_file)
    return weights


def train(folder: Path) -> dict[str, Any]:
    """Run the stage in this process; its peak after each step, in GB, and seconds."""
    from fc_model.train.stage import run_stage

    steps: list[dict[str, float]] = []
    begin = time.perf_counter()

    def note(record: dict[str, Any]) -> None:
        before = sum(step["seconds"] for step in steps)
        steps.append({"loss": round(record["loss"], 3), "seconds": round(record["seconds"] - before, 1),
                      "peak_gb": peak_gb()})  # fmt: skip

    run_stage(folder / "stage", report=note)
    seconds = round(time.perf_counter() - begin, 1)
    return {"peak_gb": peak_gb(), "seconds": seconds, "steps": steps}


def peak_gb() -> float:
    """The most memory that this process has held."""
    return round(own_peak_memory_bytes() / 1e9, 2)


def trained(folder: Path) -> dict[str, Any]:
    """Tensors of the encoder and of all else that changed up to the checkpoint and to the end, and `wrong` names.

    Wrong is a frozen tensor that changed, and one that is trained and did not, or never had a gradient.
    """
    stage = folder / "stage"
    whole = f"checkpoints/step-{_CHECKPOINT:08d}/model.safetensors"
    early = changed(folder / "start", stage, after=whole)
    late = changed(folder / "start", stage)
    spec = json.loads((stage / "stage.json").read_text("utf-8"))
    last = spec["vision"]["encoder"]["num_layers"] - 1
    thawed = tuple(prefix.format(last=last) for prefix in _LATE)
    moved = _with_gradient(stage / "optimizer.safetensors")
    wrong = [name for name, differs in early.items() if _is_encoder(name) and differs]
    for name, differs in late.items():
        expected = name.startswith(thawed) or not _is_encoder(name)
        if differs != expected or (name in moved) != expected:
            wrong.append(name)
    return {
        "changed_early": _count(early),
        "changed_in_the_end": _count(late),
        "tensors": {"encoder": sum(map(_is_encoder, late)), "other": sum(not _is_encoder(name) for name in late)},
        "wrong": sorted(set(wrong)),
    }


def changed(start: Path, stage: Path, *, after: str | None = None) -> dict[str, bool]:
    """Whether each trained tensor differs between the start and a checkpoint, or the files of the end."""
    found: dict[str, bool] = {}
    for file, prefix in (("model.safetensors", "decoder."), ("vision.safetensors", "")):
        with safe_open(start / file, "pt") as before, safe_open(stage / (after or file), "pt") as then:
            for name in before.keys():  # noqa: SIM118  (no dict)
                if not name.endswith(("_queue", ".seen")):
                    there = then.get_tensor(prefix + name if after else name)
                    found[prefix + name] = not bool((before.get_tensor(name) == there).all())
    return found


def _with_gradient(path: Path) -> set[str]:
    """Names of the weights that some step gave a gradient other than zero: weight decay alone changes weights too."""
    with safe_open(path, "pt") as file:
        moments = [name for name in file.keys() if name.startswith("exp_avg/")]  # noqa: SIM118
        return {name.removeprefix("exp_avg/") for name in moments if bool(file.get_tensor(name).any())}


def _count(found: dict[str, bool]) -> dict[str, int]:
    return {
        "encoder": sum(differs for name, differs in found.items() if _is_encoder(name)),
        "other": sum(differs for name, differs in found.items() if not _is_encoder(name)),
    }


def _is_encoder(name: str) -> bool:
    return name.startswith("encoder.")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--train":
        print(json.dumps(train(Path(sys.argv[2]))))
    else:
        try:
            main()
        except UserError as error:
            sys.exit(f"multimodal_memory: {error}")
