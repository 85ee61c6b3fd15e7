"""The tokenizer: any bytes round trip, and no text gives a special token."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_model.special_tokens import CONTROL_TOKENS, CORE_TOKENS, SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_pipeline.tokens.sentencepiece_counts import LINE_SYMBOLS, count_units, train_sentencepiece

TEXT = Path(__file__).read_text("utf-8") + "éèü 日本語 привет\n" * 3 + " ".join(map(str, range(200)))


@pytest.fixture(scope="module", params=["unigram", "bpe"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokenizer]:
    # The corpus names special tokens many times, which must not make pieces of them.
    text = TEXT + " ".join(SPECIAL_TOKENS) * 50 + "<0x41>" * 50
    model = train_sentencepiece(
        count_units([text]), kind=request.param, vocab_size=600, character_coverage=1.0, symbols=LINE_SYMBOLS
    )
    file = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    file.write_bytes(model)
    yield Tokenizer(file)


@given(st.binary(max_size=200))
@example(b"\xe2\x96\x81 \xe2\x96\x81\xe2\x96")
@example(b"\xed\xa0\x80\xff\x00\xfe  \xc3")
@example(b"\xef\xbf\xbd\xef\xbb\xbf")
@settings(max_examples=200)
def test_any_bytes_round_trip(tokenizer: Tokenizer, data: bytes) -> None:
    ids = tokenizer.encode_bytes(data)
    assert tokenizer.decode_bytes(ids) == data
    assert tokenizer.token_bytes[ids].sum() == len(data)


@given(st.lists(st.text() | st.sampled_from([*SPECIAL_TOKENS, "▁", " ", "\n", "<0x41>", "\ud800"]), max_size=12))
@example(["  see\tHTTP://ÜNICODE.example/ﬁ/Å?x=①²&r=%E2%82%AC#frag-1.2\r\n\n\n"])  # NFKC would change it
@example([f"a {name} b" for name in SPECIAL_TOKENS])
@settings(max_examples=200)
def test_no_text_gives_a_special_token(tokenizer: Tokenizer, parts: list[str]) -> None:
    text = "".join(parts)
    ids = tokenizer.encode(text)
    assert not set(ids) & {tokenizer.special(name) for name in SPECIAL_TOKENS}
    assert tokenizer.decode_bytes(ids) == text.encode("utf-8", "surrogatepass")
    assert ids == tokenizer.encode_bytes(text.encode("utf-8", "surrogatepass"))


def test_special_ids_are_where_other_runtimes_expect_them(tokenizer: Tokenizer) -> None:
    assert (tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id) == (0, 1, 2, 3)
    assert SPECIAL_TOKENS[len(CORE_TOKENS) :] == CONTROL_TOKENS and len(CORE_TOKENS) == 4
    assert [tokenizer.special(name) for name in SPECIAL_TOKENS] == list(range(len(SPECIAL_TOKENS)))
    assert tokenizer.decode_bytes(range(len(SPECIAL_TOKENS))) == b""
    with pytest.raises(UserError, match="no special token 'def'"):
        tokenizer.special("def")


@given(st.text(alphabet="0123456789 .,-ae", max_size=40))
def test_digits_are_split_one_by_one(tokenizer: Tokenizer, text: str) -> None:
    pieces = [tokenizer.decode([token]) for token in tokenizer.encode(text)]
    assert all(sum(char.isdigit() for char in piece) <= 1 for piece in pieces)
    assert "".join(pieces) == text


@pytest.mark.parametrize("count", range(1, 12))
def test_runs_of_line_ends_are_cut_longest_first(tokenizer: Tokenizer, count: int) -> None:
    pieces = [tokenizer.decode([token]) for token in tokenizer.encode("a" + "\n" * count + "b")]
    expected = ["\n\n\n"] * (count // 3) + ["\n" * (count % 3)] * (count % 3 > 0)
    assert pieces == ["a", *expected, "b"]


def test_batches_equal_single_texts(tokenizer: Tokenizer) -> None:
    texts = [TEXT[start : start + 97] for start in range(0, 3000, 61)] + ["", "▁x", "a\ud800b", "\0", "\n" * 9]
    batch = tokenizer.encode_batch(texts)
    assert [ids.tolist() for ids in batch] == [tokenizer.encode(text) for text in texts]
    assert {ids.dtype for ids in batch} == {np.dtype(np.int32)}
    assert tokenizer.encode_batch([]) == []


def test_a_long_line_is_no_trouble(tokenizer: Tokenizer) -> None:
    text = "x=[1,2]; " * 200_000
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_ids_out_of_range_are_refused(tokenizer: Tokenizer) -> None:
    for ids in ([-1], [tokenizer.vocab_size]):
        with pytest.raises(UserError, match="ids must be 0 to 599"):
            tokenizer.decode(ids)
    assert tokenizer.decode([]) == ""


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="no such file"):
        Tokenizer(tmp_path / "tokenizer.model")
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model_file.read_bytes()[:1000])
    with pytest.raises(UserError, match="not a SentencePiece model"):
        Tokenizer(tmp_path / "tokenizer.model")
