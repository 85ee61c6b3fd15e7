"""Greedy completions by llama.cpp's own server: an independent check of the logits that `LlamaCpp` reads.

The server is the stock code path that users run (its default F16 key/value cache, prompt in one batch). It lives in a
process of its own and listens on an ephemeral loopback port only.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_model.export.llama_cpp.worker import DEFAULT_TIMEOUT_S, Worker


def server_completions(
    gguf_file: Path, prompts: Sequence[Sequence[int]], *, num_tokens: int, context_length: int, threads: int = 1
) -> list[list[int]]:
    """Ids of the most likely continuation of each prompt; shorter than `num_tokens` where the model ends the document.

    Raises UserError when the server can't run the file.
    """
    with Worker(_Server, gguf_file, context_length, threads, program="llama.cpp's server") as server:
        return [server.call("complete", list(prompt), num_tokens) for prompt in prompts]


def server_chat_prompts(
    gguf_file: Path, records: Sequence[dict[str, Any]], *, context_length: int, threads: int = 1
) -> list[list[int]]:
    """The ids that the server answers to each record, `{"messages", "tools"}` in OpenAI's format.

    A record ends with user or tool: the server continues an assistant's message that stands last.
    Raises UserError when the server can't run the file or render a record.
    """
    with Worker(_Server, gguf_file, context_length, threads, program="llama.cpp's server") as server:
        return [server.call("chat_prompt", record) for record in records]


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

    def chat_prompt(self, record: dict[str, Any]) -> list[int]:
        # The template is only to be had through the port: the wheel's own interface answers with the reply's text.
        prompt = self._post("/apply-template", record)["prompt"]
        tokens = self._post("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"]
        return [int(token) for token in tokens]

    def _post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            self._server.listening_address + path, json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the environment names
        try:
            with direct.open(request, timeout=DEFAULT_TIMEOUT_S) as reply:
                answer: dict[str, Any] = json.load(reply)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise UserError(f"llama.cpp's server: {path}: {error.read().decode(errors='replace')}") from None
