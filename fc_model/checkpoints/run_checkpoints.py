"""Checkpoints of a run: a folder a step, whole or absent, verified before use, no pickle.

`checkpoints/step-00000123/` holds model, ema and optimizer as safetensors, state.json, and manifest.json with the
sha256 of each. The newest is the one of the highest step; clocks and modification times play no part.
"""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from fc_model.artifacts.files import crash_point, fsync_folder, move_in, sha256_file, write_json
from fc_model.checkpoints.tensor_file import write_tensors
from fc_model.errors import UserError

logger = logging.getLogger(__name__)

MANIFEST, STATE = "manifest.json", "state.json"
_PREFIX, _TEMPORARY = "step-", "writing-"


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint."""

    folder: Path
    step: int
    state: dict[str, Any]

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Tensors of `<name>.safetensors`, on the CPU."""
        return load_file(self.folder / f"{name}.safetensors")


class Checkpoints:
    """The checkpoints of one run.

    Args:
        root: their folder.
        run: fingerprint of the settings; a checkpoint of another run is not used.
        keep: how many are kept.
    """

    def __init__(self, root: Path, *, run: str, keep: int) -> None:
        self._root, self._run, self._keep = root, run, keep

    def save(self, step: int, tensors: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Write a checkpoint; `tensors` by file name. Older ones go once the new one stands."""
        self._root.mkdir(parents=True, exist_ok=True)
        for leftover in self._root.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(leftover)
        target = self._root / f"{_PREFIX}{step:08d}"
        folder = self._root / f"{_TEMPORARY}{target.name}"
        folder.mkdir()
        digests = {
            f"{name}.safetensors": save_tensors(folder / f"{name}.safetensors", tensors[name]) for name in tensors
        }
        digests[STATE] = write_json(folder / STATE, state, allow_nan=False)
        write_json(folder / MANIFEST, {"run": self._run, "step": step, "sha256": digests}, allow_nan=False)
        if target.exists():  # of a step that is trained again after a fall back
            shutil.rmtree(target)
        crash_point()
        folder.rename(target)
        crash_point()
        fsync_folder(self._root)
        # Higher steps are of a future that was given up: passed over as damaged, or rolled back from.
        standing = self._folders()
        place = standing.index(target)
        for old in standing[:place] + standing[place + self._keep :]:
            shutil.rmtree(old)

    def newest(self) -> Checkpoint | None:
        """The newest good checkpoint; None when the run has none yet.

        A damaged one is reported and passed over. Raises UserError when there are some and none is good: to train
        from scratch in silence would throw the run away.
        """
        folders = self._folders()
        for folder in folders:
            problem = self._problem(folder)
            if problem is None:
                manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
                return Checkpoint(folder, manifest["step"], json.loads((folder / STATE).read_text("utf-8")))
            logger.warning("checkpoint %s is not used: %s; falling back to the one before", folder, problem)
        if folders:
            raise UserError(
                f"{self._root}: {len(folders)} checkpoints and none is good (newest: {self._problem(folders[0])}); "
                "restore one, or remove the folder to train from the start"
            )
        return None

    def _folders(self) -> list[Path]:
        """Newest step first."""
        return sorted(self._root.glob(f"{_PREFIX}*"), reverse=True)

    def _problem(self, folder: Path) -> str | None:
        """Why a checkpoint must not be used, or None."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            if manifest["run"] != self._run:
                return "it belongs to a run with other settings"
            for name, digest in manifest["sha256"].items():
                if sha256_file(folder / name) != digest:
                    return f"{name} differs from its sha256"
            if folder.name != f"{_PREFIX}{manifest['step']:08d}":
                return f"its manifest says step {manifest['step']}"
        except FileNotFoundError as error:
            return f"{Path(error.filename).name} is missing"
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"{MANIFEST} is damaged"
        return None


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> str:
    """Write a safetensors file durably; returns its sha256. Equal tensors give equal bytes."""
    temporary = path.with_name(path.name + ".tmp")
    write_tensors(temporary, {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    return move_in(temporary, path)[1]
