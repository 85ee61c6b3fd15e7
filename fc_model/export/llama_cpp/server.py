"""Greedy completions by llama.cpp's own server: an independent check of the logits that `llama_cpp` reads.

The server is the stock code path that users run (its default F16 key/value cache, prompt in one batch). It lives in a
process of its own and listens on an ephemeral loopback port only.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fc_model.errors import UserError

TIMEOUT_S = 600
LOG_LINE = re.compile(r"\d+\.\d+\.\d+")


def server_completions(
    gguf_file: Path, prompts: Sequence[Sequence[int]], *, num_tokens: int, context_length: int, threads: int = 1
) -> list[list[int]]:
    """Ids of the most likely continuation of each prompt; shorter than `num_tokens` where the model ends the document.

    Raises UserError when the server can't run the file.
    """
    request = {
        "model": str(gguf_file),
        "prompts": [list(prompt) for prompt in prompts],
        "num_tokens": num_tokens,
        "context_length": context_length,
        "threads": threads,
    }
    command = [sys.executable, "-m", "fc_model.export.llama_cpp.server"]
    try:
        result = subprocess.run(
            command, input=json.dumps(request), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{gguf_file}: llama.cpp's server took more than {TIMEOUT_S} s") from error
    if result.returncode != 0:
        # llama.cpp's log lines begin with a time; what ended the process does not.
        lines = [line for line in result.stderr.splitlines() if line.strip() and not LOG_LINE.match(line)]
        last = lines[-1] if lines else "it printed nothing"
        raise UserError(f"{gguf_file}: llama.cpp's server ended with status {result.returncode} ({last})")
    # The server logs to both streams; the reply is the last line.
    completions: list[list[int]] = json.loads(result.stdout.strip().split("\n")[-1])
    return completions


def main() -> None:
    import xllamacpp

    request = json.load(sys.stdin)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = request["model"]
    parameters.n_ctx = request["context_length"]
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.warmup = False
    parameters.hostnames = ["127.0.0.1"]
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = request["threads"]
    server = xllamacpp.Server(parameters)
    completions = [_complete(server, prompt, request["num_tokens"]) for prompt in request["prompts"]]
    print(json.dumps(completions), flush=True)


def _complete(server: object, prompt: list[int], num_tokens: int) -> list[int]:
    reply = server.handle_completions(  # type: ignore[attr-defined]
        {"prompt": prompt, "max_tokens": num_tokens, "temperature": 0, "logprobs": 1, "cache_prompt": False}
    )
    if "error" in reply:
        raise UserError(f"llama.cpp's server: {reply['error']}")
    logprobs = reply["choices"][0]["logprobs"]  # null when the first token ends the document
    return [token["id"] for token in logprobs["content"]] if logprobs else []


if __name__ == "__main__":
    main()
