"""Every filter on labelled texts: what must stay and what must go, with the reason."""

import random
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
    ],
)
def test_unicode(before: str, after: str) -> None:
    document = doc(before)
    assert normalise(document, UnicodeSettings()) is None
    assert document["text"] == after


@settings(max_examples=200, deadline=None)
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


def test_language() -> None:
    assert wrong_language(doc(GERMAN), LanguageSettings()) == "language_de"
    assert wrong_language(doc(GERMAN), LanguageSettings(languages=["en", "de"])) is None
    assert [domain for domain in ("code", "chess", "data") if LanguageSettings().acts_on(domain)] == ["data"]


def test_quality() -> None:
    settings = QualitySettings()
    assert low_quality(doc("Too few words here."), settings) == "gopher_short_doc"
    assert low_quality(doc("12345 67890 11 22 33 44 55 66 77 " * 20), settings) == "gopher_below_alpha_threshold"
    bullets = "\n".join(f"- item number {number} of the list" for number in range(60))
    assert low_quality(doc(bullets), settings) == "gopher_too_many_bullets"
    words = " ".join(random.Random(0).sample([f"zq{number}xv" for number in range(500)], 400))
    assert low_quality(doc(words), settings) == "gopher_enough_stop_words"


def test_repetition() -> None:
    settings = RepetitionSettings()
    line = "The same line of the menu is shown again and again.\n"
    assert repetitive(doc(PROSE + "\n" + line * 40), settings) == "dup_line_frac"
    assert repetitive(doc("buy cheap watches now " * 200), settings) in {"top_2_gram", "top_3_gram", "top_4_gram"}
    assert repetitive(doc((PROSE.replace("\n", " ") + "\n\n") * 4), settings) is not None
    assert repetitive(doc("spam spam spam"), settings) is None, "too short to tell"


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
    ],
)
def test_secrets(kind: str | None, text: str) -> None:
    assert has_secret(doc(f"{PROSE}\n{text}\n{PROSE}"), SecretsSettings()) == (kind and f"secret_{kind}")


def test_web_pages() -> None:
    menu = "\n".join(["Home", "Products", "About us", "Contact", "Login"] * 10)
    assert web_noise(doc(menu), FinewebSettings()) == "line_punct_ratio"
    assert web_noise(doc(PROSE), FinewebSettings()) is None
