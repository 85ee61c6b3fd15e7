"""Every filter on labelled texts: what must stay and what must go, with the reason."""

import re
from functools import partial

import pytest
from factories.documents import document
from factories.filter_chains import crawled_filters
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.corpus.filters.chain import Chain
from fc_pipeline.corpus.filters.fineweb import FinewebSettings, web_noise
from fc_pipeline.corpus.filters.language import LanguageSettings, wrong_language
from fc_pipeline.corpus.filters.length import LengthSettings, wrong_length
from fc_pipeline.corpus.filters.quality import QualitySettings, low_quality
from fc_pipeline.corpus.filters.repetition import RepetitionSettings, repetitive
from fc_pipeline.corpus.filters.secrets import SecretsSettings, has_secret
from fc_pipeline.corpus.filters.unicode import UnicodeSettings, normalise

PROSE = """The Fourier transform of a function of time is a complex-valued function of frequency, whose magnitude
represents the amount of that frequency present in the original function. It is named after Joseph Fourier, who showed
that representing a function as a sum of trigonometric functions greatly simplifies the study of heat transfer. The
transform is linear, and for suitable functions it has an inverse that recovers the original from its spectrum. When
the function is sampled at equal steps, the discrete transform takes its place, and the fast algorithms that compute
it are among the most used in all of numerical work. Signals that are short in time are spread out in frequency, and
those that are narrow in frequency last long; the product of both widths can never fall below a fixed bound."""

GERMAN = """Die Fourier-Transformation ist eine mathematische Methode aus dem Bereich der Analysis, mit der aperiodische
Signale in ein kontinuierliches Spektrum zerlegt werden. Die Funktion, die dieses Spektrum beschreibt, nennt man auch
Fourier-Transformierte oder Spektralfunktion. Es handelt sich dabei um eine Integraltransformation."""

doc = partial(document, "x")


def test_good_text_passes() -> None:
    """Through all filters, unchanged; the labelled cases have code, lists and formulas."""
    document = doc(PROSE)
    assert Chain(crawled_filters()).judge(document) is None
    assert document["text"] == PROSE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cafe\u0301", "café"),
        ("a\x00b\x07c", "abc"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark", "softhyphen zerowidth mark"),
        ("tab\tstays\nand lines  \n\n", "tab\tstays\nand lines"),
        ("family 👨‍👩‍👧 stays, Ångström, ２ stays", "family 👨‍👩‍👧 stays, Ångström, ２ stays"),
        ("    indented code stays", "    indented code stays"),
        ("e\u200b\u0301", "\u00e9"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("title\x0bsubtitle \x0c\x0cnext page", "title\nsubtitle\n\nnext page"),
    ],
)
def test_unicode(before: str, after: str) -> None:
    document = doc(before)
    assert normalise(document, UnicodeSettings()) is None
    assert document["text"] == after


def test_unicode_counts_what_it_changed() -> None:
    document = doc("one\r\ntwo\x85three\x1ffour \x07\ufefffive\nsix")
    assert normalise(document, UnicodeSettings()) is None
    assert document["meta"] == {"edits": {"unicode": {"deleted": 2, "line_ends": 2}}}


@given(st.lists(st.text("ab\u00e9\U0001f469\u4e2d", min_size=1), min_size=1), st.data())
def test_unicode_glues_no_words(words: list[str], data: st.DataObject) -> None:
    spaces = [character for character in map(chr, range(0x3001)) if character.isspace()]
    text = "".join(word + data.draw(st.sampled_from(spaces)) for word in words)
    document = doc(text)
    assert normalise(document, UnicodeSettings()) is None
    assert document["text"].split() == words


@settings(max_examples=200)
@given(st.text())
def test_unicode_idempotent(text: str) -> None:
    document = doc(text)
    if normalise(document, UnicodeSettings(max_replacement_fraction=1)) is None:
        once = document["text"]
        normalise(document, UnicodeSettings(max_replacement_fraction=1))
        assert document["text"] == once


@pytest.mark.parametrize(
    ("num_chars", "domain", "reason"),
    [(99, "code", "too_short"), (100, "code", None), (1001, "code", "too_long"), (10, "chat", None),
     (9, "chat", "too_short")],
)  # fmt: skip
def test_length_by_domain(num_chars: int, domain: str, reason: str | None) -> None:
    settings = LengthSettings(min_chars=100, max_chars=1000, min_chars_of={"chat": 10})
    assert wrong_length(doc("x" * num_chars, domain), settings) == reason


def test_language_by_domain() -> None:
    assert [domain for domain in ("code", "chess", "data") if LanguageSettings().acts_on(domain)] == ["data"]


MENU_LINE = "The same line of the menu is shown again and again.\n"


@pytest.mark.parametrize(
    ("judge", "settings", "text", "reason"),
    [
        (wrong_language, LanguageSettings(), GERMAN, "language_de"),
        (wrong_language, LanguageSettings(languages=["en", "de"]), GERMAN, None),
        (low_quality, QualitySettings(), "Too few words here.", "gopher_short_doc"),
        (low_quality, QualitySettings(), "12345 67890 11 22 33 44 55 66 77 " * 20, "gopher_below_alpha_threshold"),
        (low_quality, QualitySettings(), "- an item of the list\n" * 60, "gopher_too_many_bullets"),
        (low_quality, QualitySettings(), " ".join(f"zq{n}xv" for n in range(400)), "gopher_enough_stop_words"),
        (repetitive, RepetitionSettings(), PROSE + "\n" + MENU_LINE * 40, "dup_line_frac"),
        (repetitive, RepetitionSettings(), "buy cheap watches now " * 200, "top_[234]_gram"),
        (repetitive, RepetitionSettings(), (PROSE.replace("\n", " ") + "\n\n") * 4, ".+"),
        (repetitive, RepetitionSettings(), "spam spam spam", None),  # too short to tell
        (repetitive, RepetitionSettings(), "\n\n\n\n" + PROSE.replace("\n", "\n\n\n\n") + "\n\n\n\n", None),
        (low_quality, QualitySettings(min_stop_words=0), "\u6f22\u5b57 \u304b\u306a " * 40, None),  # letters, no Latin
        (web_noise, FinewebSettings(), "Home\nProducts\nAbout us\nContact\nLogin\n" * 10, "line_punct_ratio"),
    ],
)
def test_reasons(judge, settings, text: str, reason: str | None) -> None:
    answer = judge(doc(text), settings)
    assert answer is None if reason is None else re.fullmatch(reason, answer)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("aws_key", "aws_access_key_id = AKIA" + "Q7RT" * 4),
        ("github_token", "token: ghp_" + "a1B2" * 9),
        ("private_key", "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA" * 8),
        ("slack_token", "xoxb-" + "123456789012-abcdefABCDEF"),
        ("google_key", "AIza" + "xY3kQ" * 7),
        ("huggingface_token", "hf_" + "k" * 34),
        ("json_web_token", "Bearer eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20),
        (None, "the documented example AKIAIOSFODNN7EXAMPLE is public"),
        (None, "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"),
        (None, "ghp_short"),
        ("telegram_token", "https://api.telegram.org/bot" + "123456789:AA" + "hG3k" * 8 + "x/getMe"),
        (None, "interaction a0d694967460:AA" + "caf0" * 8 + "e"),  # the end of an id
    ],
)
def test_secrets(kind: str | None, text: str) -> None:
    assert has_secret(doc(f"{PROSE}\n{text}\n{PROSE}"), SecretsSettings()) == (kind and f"secret_{kind}")
