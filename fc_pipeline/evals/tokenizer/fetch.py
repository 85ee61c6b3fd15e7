"""The step that makes `tokenizers/<name>`: a public tokenizer, in one of two forms that a library reads."""

import base64
import json
from typing import TYPE_CHECKING, Any

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.tokenizer.catalogue import FileOfFormat, PublicTokenizer, parse_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

JSON_FILE = "tokenizer.json"
MODEL_FILE = "tokenizer.model"


def fetch_tokenizer(step: Step) -> None:
    """Writes tokenizer.json, as the library tokenizers reads it, or tokenizer.model of SentencePiece.

    config: a PublicTokenizer. No inputs. Metrics: vocab_size, with special tokens.

    Raises:
        UserError: the package cannot be had, or its files are not of the stated format.
    """
    entry = parse_tokenizer(step.config, step.key)
    where = f"tokenizer {entry.name}"
    contents = _contents(entry, step, where)
    try:
        if entry.format == "sentencepiece":
            from sentencepiece import SentencePieceProcessor

            with step.out.open(MODEL_FILE) as file:
                file.write(contents["model"])
            vocab_size = SentencePieceProcessor(model_proto=contents["model"]).vocab_size()
        else:
            convert = _tekken if entry.format == "tekken" else _byte_level_bpe
            tokenizer, vocab_size = convert(contents)
            step.out.write_text(JSON_FILE, tokenizer.to_str() + "\n")
    except (KeyError, ValueError, RuntimeError) as error:
        raise UserError(f"{where}: not of the format {entry.format} ({error}); correct `format` or `files`") from error
    step.out.metrics["vocab_size"] = vocab_size
    step.out.licences = [{"licence": entry.licence, "source": f"tokenizers/{entry.name}", "documents": 0}]


def _contents(entry: PublicTokenizer, step: Step, where: str) -> dict[str, bytes]:
    """The bytes of each file of the format."""
    roles = {path: role for role, path in entry.files.items()}
    wanted = Wanted(specs=list(map(FileOfFormat, roles)), where=where, home=step.runtime.home)
    contents = {}
    for path, _, content in read_files(entry, wanted):
        if isinstance(content, BadInput):
            raise UserError(f"{where}: {path}: {content.reason} ({content.detail})")
        assert isinstance(content, bytes), "packages are unpacked in memory"
        contents[roles[path]] = content
    return contents


def _byte_level_bpe(contents: dict[str, bytes]) -> "tuple[Tokenizer, int]":
    """GPT-2's tokenizer from its vocabulary {piece: id} and its merges, one a line after the line of the version."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocab: dict[str, int] = json.loads(contents["vocab"])
    lines = contents["merges"].decode("utf-8").split("\n")
    merges = [(left, right) for left, _, right in (line.partition(" ") for line in lines[1:] if line)]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer, len(vocab)


def _tekken(contents: dict[str, bytes]) -> "tuple[Tokenizer, int]":
    """Mistral's Tekken: pieces by rank and a pattern, as tiktoken takes them; the pair of lowest rank is merged first.

    The library tokenizers wants the pairs themselves, so each piece is listed with all of its cuts in two pieces.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    raw: dict[str, Any] = json.loads(contents["model"])
    settings = raw["config"]
    num_pieces = settings["default_vocab_size"] - settings["default_num_special_tokens"]
    ranks = {base64.b64decode(piece["token_bytes"]): piece["rank"] for piece in raw["vocab"][:num_pieces]}
    written = _byte_characters()

    def text(piece: bytes) -> str:
        return "".join(written[byte] for byte in piece)

    merges = []
    for piece in sorted(ranks, key=ranks.__getitem__):
        cuts = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        known = [(left, right) for left, right in cuts if left in ranks and right in ranks]
        merges += sorted(known, key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
    tokenizer = Tokenizer(
        models.BPE(
            vocab={text(piece): rank for piece, rank in ranks.items()},
            merges=[(text(left), text(right)) for left, right in merges],
            ignore_merges=True,
        )
    )
    split = pre_tokenizers.Split(Regex(settings["pattern"]), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return tokenizer, settings["default_vocab_size"]


def _byte_characters() -> list[str]:
    """The printable character that GPT-2 writes for each byte: itself where it is one, else one from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
