"""A terminal conversation with a model: a Hugging Face folder (our decoder) or a GGUF file (llama.cpp).

Around what is typed to a base model nothing is wrapped: it continues the text, and the next line goes on from there
until the model ends the document or /reset does. A model that was trained on conversations replies (agent.py).
"""

import codecs
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from fc_model.chat.agent import Agent
from fc_model.chat.assistant import Assistant
from fc_model.chat.grounding.mode import Grounding
from fc_model.chat.modelfile import MODELFILE
from fc_model.errors import UserError
from fc_model.inference.generate import Runtime, Sampler, Sampling, generate
from fc_model.inference.grammar import CUT_JSON, JsonGrammar
from fc_model.inference.text_codec import TextCodec
from fc_model.tools.sandbox import Sandbox
from fc_model.tools.tool import Tool

HELP = "/reset begins a new document, /seed N fixes the next draws, /quit (or end of input) leaves"
HISTORY_LENGTH = 1000


class Partner(Protocol):
    """Who one talks to: a document that goes on (`Conversation`), or `fc_model.chat.assistant.Assistant`."""

    sampling: Sampling

    def reset(self) -> None: ...

    def reply(self, text: str) -> Iterator[str]: ...


@dataclass
class Conversation:
    """The document so far, and how it goes on. `seed` counts up, so that each reply draws anew but repeatably.

    With a `grammar` a reply is JSON of its schema, and nothing else.
    """

    runtime: Runtime
    codec: TextCodec
    sampling: Sampling
    num_tokens: int
    grammar: JsonGrammar | None = None

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a new document: in training every document is predicted from BOS on."""
        self._ids = [self.codec.bos]

    def reply(self, text: str) -> Iterator[str]:
        """Add `text` to the document and yield the continuation as it is drawn.

        Control tokens are never drawn, but for the one that ends the document; then the next reply begins a new one.
        Raises UserError when JSON is not whole after `num_tokens`.
        """
        self._ids += self.codec.tokenize([text])[0]
        constraint = None if self.grammar is None else self.grammar.begin()
        forbidden = set(self.codec.control_tokens) - {self.codec.eos}
        sampler = Sampler(self.sampling, forbidden=forbidden, constraint=constraint)
        self.sampling = replace(self.sampling, seed=self.sampling.seed + 1)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        count = 0
        for token in generate(self.runtime, self._ids, sampler, num_tokens=self.num_tokens, stop={self.codec.eos}):
            self._ids.append(token)
            count += 1
            yield decoder.decode(self.codec.pieces([token])[0])
        yield decoder.decode(b"", final=True)
        if count < self.num_tokens:
            self.reset()
        elif constraint is not None and not constraint.is_complete:
            raise UserError(CUT_JSON.format(count))


def chat(
    model: Path,
    *,
    sampling: Sampling | None = None,
    num_tokens: int = 200,
    schema: dict[str, Any] | None = None,
    tools: Sequence[Tool] = (),
    sandbox: Sandbox | None = None,
    grounding: Grounding = "none",
    show_reasoning: bool = False,
    threads: int = 1,
    history_file: Path | None = None,
) -> None:
    """Talk until /quit or end of input; off a terminal, read one line, print the reply and return.

    A model that was trained on conversations answers, and may call `tools`, which run in `sandbox`; `grounding` says
    what its calls quote. Another one goes on with what is typed, which is printed before its completion off a terminal.
    With a JSON `schema` each reply is JSON of it and nothing else. `threads` is for llama.cpp; torch keeps its own
    setting. Lines are remembered in `history_file` if there is one.

    Raises:
        UserError: `model` is neither a folder written by the Hugging Face export nor a GGUF file, standard input is
            empty, the schema cannot be enforced, or a model that was not trained on conversations is to have tools.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):  # whatever the locale, and lines may end as on Windows
        sys.stdin.reconfigure(encoding="utf-8", errors="replace", newline=None)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    with open_model(model, threads=threads) as (runtime, codec):
        grammar = None if schema is None else JsonGrammar(schema, codec)
        sampling, is_chat = sampling or Sampling(), has_chat_format(model)
        if tools and not is_chat:
            raise UserError(f"{model}: not trained on conversations, so it calls no tools; give a stage of kind sft")
        conversation: Partner = Conversation(runtime, codec, sampling, num_tokens, grammar)
        if is_chat:
            agent = Agent(
                runtime, codec, sampling, num_tokens, tools=tools, sandbox=sandbox, grounding=grounding, grammar=grammar
            )
            conversation = Assistant(agent, show_reasoning=show_reasoning)
        if sys.stdin is not None and sys.stdin.isatty():
            with _history(history_file):
                _converse(conversation)
            return
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            raise UserError("no prompt on standard input: pipe in a line, or run chat in a terminal")
        text = line.removesuffix("\n")
        if schema is None and not is_chat:
            print(text, end="", flush=True)
        _print_reply(conversation, text)


def has_chat_format(model: Path) -> bool:
    """Whether an export was written for a model that was trained on conversations."""
    from fc_model.export.huggingface_tokenizer import CHAT_TEMPLATE_FILE

    return (model / CHAT_TEMPLATE_FILE if model.is_dir() else model.with_name(MODELFILE)).is_file()


@contextmanager
def open_model(model: Path, *, threads: int) -> Iterator[tuple[Runtime, TextCodec]]:
    """The runtime and tokenizer of an export; heavy imports and the load happen here."""
    if model.is_dir():
        from fc_model.export.huggingface import load_huggingface
        from fc_model.inference.decoder_runtime import DecoderRuntime

        decoder = load_huggingface(model)
        yield DecoderRuntime(decoder), SentencePieceCodec(model / "tokenizer.model", decoder.config.vocab_size)
    elif model.suffix == ".gguf":
        from fc_model.export.llama_cpp.runtime import LlamaCpp

        with LlamaCpp(model, threads=threads) as llama_cpp:
            yield llama_cpp, llama_cpp
    else:
        raise UserError(f"{model} is neither a folder nor a .gguf file: give a Hugging Face export or a GGUF file")


class SentencePieceCodec:
    """Our tokenizer as a `TextCodec`."""

    def __init__(self, tokenizer_file: Path, vocab_size: int) -> None:
        from fc_model.tokenizer import Tokenizer

        self._tokenizer = Tokenizer(tokenizer_file)
        self.bos, self.eos = self._tokenizer.bos_id, self._tokenizer.eos_id
        self.vocab_size = vocab_size
        num_bytes = self._tokenizer.token_bytes.tolist()
        self.control_tokens = [token for token in range(vocab_size) if token >= len(num_bytes) or not num_bytes[token]]

    def special(self, name: str) -> int:
        return self._tokenizer.special(name)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text; special tokens are not parsed."""
        return [self._tokenizer.encode(text) for text in texts]

    def pieces(self, ids: Sequence[int]) -> list[bytes]:
        """Bytes that each id stands for."""
        return [self._tokenizer.decode_bytes([token]) for token in ids]


def _converse(conversation: Partner) -> None:
    print(HELP)
    while True:
        try:
            line = input("> ")
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            continue
        command, _, argument = line.partition(" ")
        if command == "/quit":
            return
        if command == "/reset":
            conversation.reset()
        elif command == "/seed" and argument.strip().isdecimal():
            conversation.sampling = replace(conversation.sampling, seed=int(argument))
        elif command.startswith("/"):
            print(HELP)
        else:
            try:
                _print_reply(conversation, line)
            except UserError as error:
                print(error)


def _print_reply(conversation: Partner, text: str) -> None:
    """Print the continuation as it is drawn; Ctrl-C ends it early."""
    try:
        for part in conversation.reply(text):
            print(part, end="", flush=True)
    except KeyboardInterrupt:
        print(" [stopped]", end="")
    print(flush=True)


@contextmanager
def _history(history_file: Path | None) -> Iterator[None]:
    """Line editing for `input`, with the lines of earlier conversations where they can be read and kept."""
    import readline

    if history_file is None:
        yield
        return
    with suppress(OSError):
        readline.read_history_file(history_file)
    readline.set_history_length(HISTORY_LENGTH)
    try:
        yield
    finally:
        with suppress(OSError):
            history_file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history_file)
