"""What a run began with: a resumed run must have the same settings, and keeps the choices of its first attempt."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from fc_model.artifacts.files import write_bytes
from fc_model.config.differences import differences
from fc_model.device import autocast_dtype, pick_device, set_threads
from fc_model.errors import UserError
from fc_model.train.compile import should_compile
from fc_model.train.spec import StageFile

logger = logging.getLogger(__name__)

BEGIN_FILE = "begin.json"
_MICRO_TOKENS = {"cpu": 16_384, "cuda": 65_536, "mps": 8_192}
"""Tokens of a first forward pass where micro_batch is left open."""


@dataclass(frozen=True)
class Beginning:
    """Settings of a run, and the choices that were made for them on this machine."""

    settings: dict[str, Any]
    device: str
    precision: str
    compile: bool
    micro_batch: int
    threads: int
    torch_version: str

    @property
    def fingerprint(self) -> str:
        """sha256 of the settings."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()

    @property
    def torch_device(self) -> torch.device:
        """Where the run computes."""
        return torch.device(self.device)

    @property
    def autocast_dtype(self) -> torch.dtype | None:
        """What it computes in; None for fp32."""
        return autocast_dtype(self.precision, self.torch_device)


def begin(folder: Path, spec: StageFile) -> Beginning:
    """The beginning of the run in `folder`: written by the first attempt, compared by later ones.

    Raises UserError when the settings differ from those that the run began with, naming each difference.
    Other choices that change rounding (threads, device, versions) only warn.
    """
    path = folder / BEGIN_FILE
    settings, runtime = spec.settings(), spec.runtime
    threads = set_threads(runtime.threads)
    if not path.is_file():
        beginning = _choose(settings, spec, threads)
        write_bytes(path, (json.dumps(asdict(beginning), indent=1, sort_keys=True) + "\n").encode())
        return beginning
    before = Beginning(**json.loads(path.read_text("utf-8")))
    if changed := differences(before.settings, settings):
        raise UserError(
            f"{folder}: the run began with other settings ({'; '.join(changed)}): "
            "set them back, or remove the folder to begin anew"
        )
    wanted: dict[str, Any] = {"threads": threads, "torch_version": torch.__version__}
    if runtime.device != "auto":
        wanted["device"] = runtime.device
    if runtime.compile != "auto":
        wanted["compile"] = runtime.compile
    if changed := differences({name: getattr(before, name) for name in wanted}, wanted):
        logger.warning("%s: resumed with %s; results may differ in rounding", folder, "; ".join(changed))
    return Beginning(**{**asdict(before), **wanted})


def _choose(settings: dict[str, Any], spec: StageFile, threads: int) -> Beginning:
    stage, runtime = spec.stage, spec.runtime
    device = pick_device(runtime.device)
    dtype = autocast_dtype(stage.precision, device)
    names = {None: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
    micro_batch = runtime.micro_batch or max(1, _MICRO_TOKENS[device.type] // _row_tokens(spec))
    return Beginning(
        settings=settings,
        device=device.type,
        precision=names[dtype],
        compile=should_compile(runtime.compile, model=spec.model, stage=stage, device=device, dtype=dtype),
        micro_batch=_divisor(stage.batch_size, at_most=micro_batch) if stage.images is None else micro_batch,
        threads=threads,
        torch_version=torch.__version__,
    )


def _row_tokens(spec: StageFile) -> int:
    """Tokens of the longest row of a batch: a window of text, or the patches of an image with the text behind it."""
    rows = [spec.stage.seq_len] if spec.stage.text_steps else []
    if spec.stage.images is not None and spec.vision is not None:
        patch = spec.vision.encoder.patch_size
        rows += [
            (group.height // patch) * (group.width // patch) + group.text_tokens for group in spec.stage.images.groups
        ]
    return max(rows)


def _divisor(number: int, *, at_most: int) -> int:
    """The largest divisor up to a bound: micro-batches of one shape need one compilation."""
    return next(size for size in range(min(number, at_most), 0, -1) if number % size == 0)
