"""Texts made to be slow: every filter's time grows with the length, not with its square."""

import time

import pytest
from factories.documents import document
from factories.filter_chains import crawled_filters

from fc_pipeline.corpus.filter_documents import scrub
from fc_pipeline.corpus.filters.chain import Chain
from fc_pipeline.corpus.filters.length import LengthSettings
from fc_pipeline.corpus.filters.licence import LicenceSettings
from fc_pipeline.corpus.filters.url import UrlSettings

CHARS = 100_000
SECONDS_PER_MILLION_CHARS = 60  # CPU time, on a slow and busy machine; a quadratic pattern takes minutes

PATTERNS = {
    "spaces": "x" + " " * 9_999,
    "trailing_spaces": " " * 199 + "x\n",
    "one_word": "a",
    "dots": "." * 999 + "x",
    "ellipses": "... ",
    "digits": "7",
    "digit_groups": "1234 ",
    "digits_and_dots": "1.",
    "digits_and_letters": "1234567a",
    "signs": "+1-",
    "colons": "2001:",
    "at_signs": "@a.b",
    "addresses": "a@a.",
    "long_hosts": "a@" + "a" * 63 + ".",
    "spelled_addresses": "a(at)a dot ",
    "upper_case": "AB12",
    "quotes": "\"'",
    "apostrophes": "a'",
    "tags": "<a ",
    "open_tags": "<a href=",
    "entities": "&#1",
    "brackets": "{",
    "braces": ".a {",
    "hashes": "# ",
    "underscores": "_",
    "key_heads": "-----BEGIN RSA PRIVATE KEY-----\n",
    "tokens": ".eyJaaaaaaaaaaaaaaaa",
    "slack": "xoxb-",
    "openai": "sk-T3BlbkFJ",
    "connections": "postgres://a:",
    "newlines": "\n",
    "carriage_returns": "\r",
    "zero_width": "\u200b",
    "combining": "e\u0301",
    "question_marks": "?!",
    "cookies": "cookie policy ",
}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_filters_hostile_text(name: str) -> None:
    pattern = PATTERNS[name]
    text = (pattern * (CHARS // len(pattern) + 1))[:CHARS]
    chain = Chain([chosen for chosen in crawled_filters() if not isinstance(chosen, UrlSettings | LengthSettings)])
    for settings in chain.filters:
        begin = time.process_time()
        chain.ask(settings, document("x", text))
        seconds = time.process_time() - begin
        assert seconds < SECONDS_PER_MILLION_CHARS * CHARS / 1e6 + 0.5, f"{settings.kind}: {seconds:.1f} s"
    begin = time.process_time()
    scrub(text)
    assert time.process_time() - begin < SECONDS_PER_MILLION_CHARS * CHARS / 1e6 + 0.5


@pytest.mark.parametrize(
    "url", ["http://" + "a." * 50_000, "http://" + "(" * 50_000, "%" * 50_000, "http://[" + ":" * 9_999]
)
def test_url_hostile(url: str) -> None:
    begin = time.process_time()
    Chain([]).ask(UrlSettings(integrated_lists=False), document("x", "x", url=url))
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("licence", ["(" * 100_000, "MIT OR " * 50_000, ") AND (" * 30_000, "A WITH " * 50_000, ""])
def test_licence_hostile(licence: str) -> None:
    begin = time.process_time()
    Chain([]).ask(LicenceSettings(), document("x", "x") | {"licence": licence})
    assert time.process_time() - begin < 1
