"""Rounded scores: little changes, and ties are broken alike everywhere."""

import random
from pathlib import Path

import sentencepiece
from factories.tiny_exports import Exports, tiny_model, train_tokenizer
from gguf import TokenType

from fc_model.export.exact_scores import round_scores
from fc_model.export.huggingface_tokenizer import unigram_tokenizer
from fc_model.export.llama_cpp.runtime import LlamaCpp
from fc_model.export.vocabulary import read_vocabulary


def test_scores_become_multiples_and_little_changes(tokenizer_file: Path) -> None:
    before = read_vocabulary(tokenizer_file.with_name("unigram.model"), vocab_size=1000)
    after = read_vocabulary(tokenizer_file, vocab_size=1000)
    for old, new in zip(before.pieces, after.pieces, strict=True):
        assert (new.text, new.type) == (old.text, old.type)
        assert abs(new.score - old.score) <= 1 / 128
        assert (new.score * 64).is_integer() or new.type is not TokenType.NORMAL
    assert round_scores(tokenizer_file.read_bytes()) == tokenizer_file.read_bytes()


def test_ties_are_broken_alike(exports: Exports) -> None:
    drawn = random.Random(1)
    texts = ["".join(drawn.choices([" ", "  ", "=", "==", "(", "))", "-", "a"], k=200)) for _ in range(300)]
    ours = sentencepiece.SentencePieceProcessor(model_file=str(exports.tokenizer_file))
    expected = [ours.encode(text) for text in texts]
    tokenizer = unigram_tokenizer(read_vocabulary(exports.tokenizer_file, vocab_size=1000))
    assert [tokenizer.encode(text, add_special_tokens=False).ids for text in texts] == expected
    with LlamaCpp(exports.gguf("f16")) as llama_cpp:
        assert llama_cpp.tokenize(texts) == expected


def test_bpe_goes_to_llama_cpp_with_its_byte_fallback(exports: Exports, tmp_path: Path) -> None:
    tokenizer_file = train_tokenizer(tmp_path, model_type="bpe")
    bpe = exports.export(tiny_model(), tmp_path / "bpe.gguf", tokenizer_file=tokenizer_file)
    texts = [*exports.texts, "é 日本 🙂\x00", "</s> <image> <0x0A>", "  a\n\t b  "]
    ours = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer_file))
    with LlamaCpp(bpe) as llama_cpp:
        assert llama_cpp.tokenize(texts) == [ours.encode(text) for text in texts]
