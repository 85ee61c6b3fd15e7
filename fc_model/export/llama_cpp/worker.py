"""The process that llama.cpp runs in: requests on standard input, replies on standard output.

A request is one line of JSON; a reply is one line of JSON, followed by float32 logits when it has a `shape`.
Started by `llama_cpp.LlamaCpp` as `python -m fc_model.export.llama_cpp.worker <gguf> <context length> <threads>`.
"""

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_model.export.llama_cpp.library import LlamaCppModel

Reply = tuple[dict[str, Any], NDArray[np.float32] | None]


def main() -> None:
    replies = _claim_standard_output()
    gguf_file, context_length, threads = sys.argv[1:]
    try:
        model = LlamaCppModel(Path(gguf_file), context_length=int(context_length), threads=int(threads))
    except UserError as error:
        _send(replies, ({"error": str(error)}, None))
        return
    _send(replies, (model.vocabulary(), None))
    for line in sys.stdin.buffer:
        try:
            reply = answer(model, json.loads(line))
        except UserError as error:
            reply = ({"error": str(error)}, None)
        _send(replies, reply)


def answer(model: LlamaCppModel, request: dict[str, Any]) -> Reply:
    """Reply to one request; see `llama_cpp.LlamaCpp` for what each method means."""
    match request["method"]:
        case "tokenize":
            return {"ids": [model.tokenize(text) for text in request["texts"]]}, None
        case "pieces":
            return {"pieces": [model.piece(token).hex() for token in request["ids"]]}, None
        case "logits":
            model.reset()
            return {}, np.stack([model.decode([token]) for token in request["ids"]])
        case "greedy":
            return {"ids": greedy(model, request["ids"], request["num_tokens"])}, None
        case "reset":
            model.reset()
            return {}, None
        case "next":
            return {}, model.decode(request["ids"])[np.newaxis]
        case method:
            raise UserError(f"llama.cpp worker: no method {method!r}")


def greedy(model: LlamaCppModel, prompt: list[int], num_tokens: int) -> list[int]:
    """The most likely continuation, `num_tokens` ids; the lowest id wins a tie."""
    model.reset()
    logits = [model.decode([token]) for token in prompt][-1]
    ids: list[int] = []
    while len(ids) < num_tokens:
        ids.append(int(logits.argmax()))
        if len(ids) < num_tokens:
            logits = model.decode(ids[-1:])
    return ids


def _claim_standard_output() -> IO[bytes]:
    """Keep standard output for replies; whatever native code prints goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def _send(replies: IO[bytes], reply: Reply) -> None:
    fields, logits = reply
    if logits is not None:
        fields = {**fields, "shape": list(logits.shape)}
    replies.write(json.dumps(fields).encode() + b"\n")
    if logits is not None:
        replies.write(logits.astype("<f4").tobytes())
    replies.flush()


if __name__ == "__main__":
    main()
