"""tokenizer.json and its companions, for `AutoTokenizer`, from a SentencePiece model."""

import json
import shutil
from pathlib import Path
from typing import Any

from gguf import TokenType
from tokenizers import AddedToken, Tokenizer, decoders, models, processors

from fc_model.errors import UserError
from fc_model.export.vocabulary import Vocabulary

# SentencePiece writes a space as this character. Here the pieces hold spaces themselves, so that the character in a
# text is an unknown one and goes as bytes, as in our tokenizer, and is not read back as a space.
SPACE = "\u2581"

# `tokenizers` matches every entry of a vocabulary against the text, SentencePiece only normal pieces. Other pieces
# get this much less than the worst normal score, so that no segmentation of text is ever better with one.
SCORE_PENALTY = 1000.0

CHAT_TEMPLATE_FILE = "chat_template.jinja"
"""Where transformers 5 looks for the template."""


def export_tokenizer(
    vocabulary: Vocabulary,
    tokenizer_file: Path,
    out_folder: Path,
    *,
    context_length: int,
    chat_template: str | None = None,
) -> None:
    """Write tokenizer.json, tokenizer_config.json, special_tokens_map.json and tokenizer.model into `out_folder`.

    The call that everybody makes, `tokenizer(text)`, takes the name of a special token in a text for text, as our
    tokenizer does; whoever wants it to be the token passes `split_special_tokens=False`. With a `chat_template`
    (chat_template.jinja) it is the other way round: what the template renders is parsed by that call, and the template
    escapes the texts. Batches are padded on the left, for generation, and have no token types, which Llama's forward
    refuses.
    """
    if vocabulary.algorithm != "unigram":
        raise UserError(f"{tokenizer_file}: only a unigram tokenizer exports to Hugging Face, this one is bpe")
    (out_folder / "tokenizer.json").write_text(
        unigram_tokenizer(vocabulary).to_str(pretty=True) + "\n", encoding="utf-8"
    )
    names = _special_names(vocabulary)
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context_length,
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": chat_template is None,
        "padding_side": "left",
        "model_input_names": ["input_ids", "attention_mask"],
        **names,
    }
    for file_name, content in (("tokenizer_config.json", settings), ("special_tokens_map.json", names)):
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
        (out_folder / file_name).write_text(text + "\n", encoding="utf-8")
    if chat_template is not None:
        (out_folder / CHAT_TEMPLATE_FILE).write_text(chat_template, encoding="utf-8")
    shutil.copyfile(tokenizer_file, out_folder / "tokenizer.model")


def unigram_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The same segmentation in the `tokenizers` library."""
    worst = min(piece.score for _, piece in vocabulary.of_type(TokenType.NORMAL))
    scores = [
        (piece.text.replace(SPACE, " "), piece.score if piece.type is TokenType.NORMAL else worst - SCORE_PENALTY)
        for piece in vocabulary.pieces
    ]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=vocabulary.unk, byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    special = vocabulary.of_type(TokenType.UNKNOWN, TokenType.CONTROL)
    tokenizer.add_special_tokens([AddedToken(piece.text, special=True, normalized=False) for _, piece in special])
    if vocabulary.bos is not None:  # every document begins with it in training
        bos = vocabulary.pieces[vocabulary.bos].text
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, vocabulary.bos)]
        )
    user_defined = vocabulary.of_type(TokenType.USER_DEFINED)
    tokenizer.add_tokens(
        [AddedToken(piece.text.replace(SPACE, " "), special=False, normalized=False) for _, piece in user_defined]
    )
    return tokenizer


def _special_names(vocabulary: Vocabulary) -> dict[str, str]:
    ids = {
        "unk_token": vocabulary.unk,
        "bos_token": vocabulary.bos,
        "eos_token": vocabulary.eos,
        "pad_token": vocabulary.pad,
    }
    return {name: vocabulary.pieces[token].text for name, token in ids.items() if token is not None}
