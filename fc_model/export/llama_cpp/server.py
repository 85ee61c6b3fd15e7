"""Greedy completions by llama.cpp's own server: an independent check of the logits that `LlamaCpp` reads.

The server is the stock code path that users run (its default F16 key/value cache, prompt in one batch). It lives in a
process of its own and listens on an ephemeral loopback port only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_model.export.llama_cpp.worker import Worker


def server_completions(
    gguf_file: Path, prompts: Sequence[Sequence[int]], *, num_tokens: int, context_length: int, threads: int = 1
) -> list[list[int]]:
    """Ids of the most likely continuation of each prompt; shorter than `num_tokens` where the model ends the document.

    Raises UserError when the server can't run the file.
    """
    with Worker(_Server, gguf_file, context_length, threads, program="llama.cpp's server") as server:
        return [server.call("complete", list(prompt), num_tokens) for prompt in prompts]


class _Server:
    def __init__(self, gguf_file: Path, context_length: int, threads: int) -> None:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(gguf_file)
        parameters.n_ctx = context_length
        parameters.n_parallel = 1
        parameters.n_gpu_layers = 0
        parameters.warmup = False
        parameters.hostnames = ["127.0.0.1"]
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        self._server: Any = xllamacpp.Server(parameters)

    def complete(self, prompt: list[int], num_tokens: int) -> list[int]:
        reply = self._server.handle_completions(
            {"prompt": prompt, "max_tokens": num_tokens, "temperature": 0, "logprobs": 1, "cache_prompt": False}
        )
        if "error" in reply:
            raise UserError(f"llama.cpp's server: {reply['error']}")
        logprobs = reply["choices"][0]["logprobs"]  # null when the first token ends the document
        return [token["id"] for token in logprobs["content"]] if logprobs else []
