"""An exported folder in Hugging Face transformers, offline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from fc_model.errors import UserError


class TransformersModel:
    """A `Runtime` on LlamaForCausalLM in float32 on the CPU."""

    def __init__(self, folder: Path) -> None:
        """Load as any user would. Raises UserError when the folder loads as something else."""
        transformers.utils.logging.disable_progress_bar()
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        if not isinstance(model, transformers.LlamaForCausalLM):
            raise UserError(f"{folder} loads as {type(model).__name__}, not as LlamaForCausalLM")
        self._model = model.eval()
        self.context_length: int = model.config.max_position_embeddings
        self.reset()

    def reset(self) -> None:
        self._cache: transformers.Cache | None = None

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return self._feed(ids)[-1]

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        self.reset()
        return self._feed(ids)

    @torch.inference_mode()
    def _feed(self, ids: Sequence[int]) -> NDArray[np.float32]:
        output = self._model(input_ids=torch.tensor([list(ids)]), past_key_values=self._cache, use_cache=True)
        self._cache = output.past_key_values
        array: NDArray[np.float32] = output.logits[0].numpy()
        return array


def tokenize_with_transformers(folder: Path, lines: Sequence[str]) -> list[list[int]]:
    """Ids of each line as text, without the BOS that the tokenizer begins it with."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    first = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    ids_of_lines = [tokenizer(line, split_special_tokens=True)["input_ids"] for line in lines]
    if any(ids[: len(first)] != first for ids in ids_of_lines):
        raise UserError(f"{folder}: its tokenizer does not begin a text with BOS; export it again")
    return [ids[len(first) :] for ids in ids_of_lines]
