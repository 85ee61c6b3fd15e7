import random
from collections import Counter
from itertools import pairwise

import pytest

from fc_model.errors import UserError
from fc_pipeline.images.strings import string_key, string_split
from fc_pipeline.images.synthesis.passages import clean_prose, running_text, titles, write_passages
from fc_pipeline.images.synthesis.text_pool import CorpusText, _common_strings, read_passages
from fc_pipeline.images.synthesis_config import StringsConfig


def documents(count: int = 50):
    return [
        {"id": f"d{n}", "source": "s", "domain": "data", "licence": "CC0-1.0",
         "text": f"The title of {'abcdefghij'[n % 10]}\n\nSentence one of {n}. Sentence two, longer, of {n}! Third?"}
        for n in range(count)
    ]  # fmt: skip


def sample(tmp_path, raw, faces, *, split="train", strings=None) -> CorpusText:
    path = tmp_path / "text.jsonl"
    digest = write_passages(raw, path, max_chars=30_000, max_document_chars=1_000, seed=0)
    return CorpusText(read_passages(path, digest), faces, split=split, strings=strings or StringsConfig())


def test_sentences_are_whole_words_of_the_corpus(text):
    text.taken()  # what other tests drew
    everything = " ".join(prose for *_, prose in text._prose.texts).replace("\n", " ")
    for seed in range(200):
        drawn = text.sentence(random.Random(seed), max_chars=30)
        assert 0 < len(drawn) <= 30 and drawn == " ".join(drawn.split())
        assert f" {drawn} " in f" {everything} "
        assert len(text.taken()) == 1 and text.taken() == []


def test_paragraphs_end_with_a_sentence_where_they_can(tmp_path, faces):
    pool = sample(tmp_path, documents(), faces)
    drawn = {pool.paragraph(random.Random(seed), max_chars=45) for seed in range(50)}
    assert all(len(each) <= 45 for each in drawn)
    assert 2 * sum(each.endswith((".", "!", "?")) for each in drawn) > len(drawn)


def test_titles_read_like_titles(tmp_path, faces):
    assert titles("# A heading of five words\n\ntext\n\n## x = f(y)\n\n# Ends with a dot.") == [
        "A heading of five words"
    ]
    assert sample(tmp_path, documents(), faces).title(random.Random(0)).startswith("The title of ")


@pytest.mark.parametrize(
    "line",
    [
        "User: How do I make Texas toast", "Chess openings of ECO `A00`", "What is $x_1$ in this line",
        "See https://example.org for it", "Q: Who wrote the book", "The function f(x) in a heading",
    ],
)  # fmt: skip
def test_what_someone_says_and_mark_up_are_no_titles(line):
    assert titles(line) == []


def test_a_talk_has_no_titles_and_patterns_do_not_outweigh_headings(tmp_path, faces):
    talk = [{**raw, "id": f"t{n}", "domain": "chat"} for n, raw in enumerate(documents(5))]
    names = "abcdefghijklmnopqrst"
    one = [
        {**raw, "id": f"e{n}", "text": f"Chess openings of kind {names[n % 20]}\n\nSome prose here."}
        for n, raw in enumerate(documents(40))
    ]
    pool = sample(tmp_path, [*talk, *one, *documents(30)], faces, strings=StringsConfig(held_out_share=0))
    titles_drawn = [pool.title(random.Random(seed)) for seed in range(60)]
    assert {each.split()[0] for each in titles_drawn} == {"Chess", "The"}
    assert len({each for each in titles_drawn if each.startswith("Chess")}) <= 3
    assert not sample(tmp_path, talk, faces)._titles


def test_running_text_has_words_only():
    prose = "\n".join(
        (
            "User: How **do** I make [this](https://example.org) work with `numpy`?",
            ">>> import os and then run it",
            "Let $\\hat{n}_x$ be the normal of a plane",
            "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7",
            "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
            "# A heading of four",
            "- See :class:`the manual <manual>` for the rest of it.",
            "| a | b | c and more words |",
            "User: hello there Assistant: hi, how are you today",
            "Plain words that cost $5 (or less), don't they?",
        )
    )
    assert running_text(prose).split("\n") == [
        "How do I make this work with numpy?",
        "A heading of four",
        "See the manual for the rest of it.",
        "Plain words that cost $5 (or less), don't they?",
    ]


def test_code_keeps_its_indents_and_width(text):
    listings = [text.code(random.Random(seed), max_lines=8, max_columns=60) for seed in range(30)]
    assert all(1 <= len(lines) <= 8 and max(map(len, lines)) <= 60 for lines in listings)
    assert any(line.startswith("   ") for lines in listings for line in lines)


def test_the_sample_is_bounded_and_does_not_hang_on_the_order(tmp_path, faces):
    path, other = tmp_path / "a", tmp_path / "b"
    caps = {"max_chars": 800, "max_document_chars": 60, "seed": 3}
    assert write_passages(documents(), path, **caps) == write_passages(reversed(documents()), other, **caps)
    kept = read_passages(path, "")
    assert 600 < sum(len(passage["text"]) for passage in kept) <= 800
    assert all(len(passage["text"]) <= 60 for passage in kept)


def test_text_is_cleaned_of_what_cannot_be_seen():
    assert clean_prose("soft\u00adhyphen\u200b and\nline\n\n\n  cafe\u0301 \x07 ") == "softhyphen and line\ncafé"


def test_rare_characters_are_drawn_seldom_and_never_changed(tmp_path, faces):
    raw = [
        dict(each, text=each["text"].replace("o", "漢") if n % 2 else each["text"])
        for n, each in enumerate(documents())
    ]
    pool = sample(tmp_path, raw, faces)
    drawn = [pool.sentence(random.Random(seed), max_chars=40) for seed in range(400)]
    assert 0 < sum("漢" in each for each in drawn) < 60


@pytest.mark.parametrize("split", ["train", "holdout"])
def test_short_strings_are_those_of_the_split(tmp_path, faces, split):
    strings = StringsConfig(held_out_share=0.3)
    pool = sample(tmp_path, documents(200), faces, split=split, strings=strings)
    drawn = [pool.sentence(random.Random(seed), max_chars=9) for seed in range(100)]
    drawn += [pool.title(random.Random(seed)) for seed in range(20)]
    assert {string_split(each, strings) for each in drawn} == {split}


def test_common_strings_are_drawn_less_than_they_stand(tmp_path, faces):
    raw = [dict(each, text=f"the the the the word{n} other{n}") for n, each in enumerate(documents(400))]
    shares = []
    for temper in (0, 1):
        pool = sample(tmp_path, raw, faces, strings=StringsConfig(held_out_share=0, common=2, temper=temper))
        drawn = [pool.sentence(random.Random(seed), max_chars=8) for seed in range(300)]
        shares.append(sum(set(each.split()) == {"the"} for each in drawn) / 300)
    assert shares[0] > 0.4 and shares[1] < 0.1


def test_a_corpus_without_prose_is_refused(tmp_path, faces):
    with pytest.raises(UserError, match="no prose"):
        sample(tmp_path, [dict(each, domain="code") for each in documents()], faces)


def test_common_strings_are_words_and_pairs_that_have_one_key():
    """`ab c`, `a bc` and `ABC!` are one string; what has no letters is told apart; U+FE70 loses all that it is."""
    text = "ab c\na bc ABC!\n- --\n-- -\n! ?\n!?\n\ufe70 x\nx\nthe end of the end\n\n"
    for common in (0, 1, 2, 3):
        counts = Counter(
            string_key(string)
            for line in (text * 2).split("\n")
            for string in [*line.split(" "), *map(" ".join, pairwise(line.split(" ")))]
        )
        wanted = {key: count for key, count in counts.items() if count > common}
        assert _common_strings([text, text.removesuffix("\n")], StringsConfig.model_construct(common=common)) == wanted
