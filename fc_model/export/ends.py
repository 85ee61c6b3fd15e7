"""Which tokens end a reply, as the files of an export say: a runtime that misses one writes on after the turn."""

import json
import re
from pathlib import Path

from gguf import GGUFReader

_STOP = re.compile(r'^PARAMETER stop "(.*)"$', re.MULTILINE)


def huggingface_ends(folder: Path) -> set[int]:
    """Of generation_config.json, by which transformers and vLLM stop."""
    ends = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))["eos_token_id"]
    return set(ends) if isinstance(ends, list) else {ends}


def gguf_ends(file: Path) -> set[int]:
    """End of the document and of the turn, by which llama.cpp stops."""
    reader = GGUFReader(file)
    fields = [reader.get_field(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot")]
    return {int(field.contents()) for field in fields if field is not None}


def modelfile_stops(file: Path) -> set[str]:
    """Stop parameters of a Modelfile, which Ollama takes beside the ends of the GGUF file."""
    return set(_STOP.findall(file.read_text(encoding="utf-8")))
