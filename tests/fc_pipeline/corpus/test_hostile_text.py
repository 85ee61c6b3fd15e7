"""Texts made to be slow: every filter's time grows with the length, not with its square."""

import time
from functools import partial

import pytest
from factories.documents import document
from factories.filter_chains import crawled_filters

from fc_pipeline.corpus.filter_documents import scrub
from fc_pipeline.corpus.filters.chain import Chain
from fc_pipeline.corpus.filters.length import LengthSettings
from fc_pipeline.corpus.filters.licence import LicenceSettings
from fc_pipeline.corpus.filters.url import UrlSettings

CHARS = 100_000
SECONDS = 6.5  # CPU time, on a slow and busy machine; a quadratic pattern takes minutes

PATTERNS = [
    "x" + " " * 9_999, " " * 199 + "x\n", "a", "." * 999 + "x", "... ", "7", "1234 ", "1.", "1234567a", "+1-", "2001:",
    "@a.b", "a@a.", "a@" + "a" * 63 + ".", "a(at)a dot ", "AB12", "\"'", "a'", "<a ", "<a href=", "&#1", "{", ".a {",
    "# ", "_", "-----BEGIN RSA PRIVATE KEY-----\n", ".eyJaaaaaaaaaaaaaaaa", "xoxb-", "sk-T3BlbkFJ", "postgres://a:",
    "\n", "\r", "\u200b", "e\u0301", "?!", "cookie policy ", "1.1.1.", "123-45-", "(at) ",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_filters_hostile_text(pattern: str) -> None:
    text = (pattern * (CHARS // len(pattern) + 1))[:CHARS]
    chain = Chain([chosen for chosen in crawled_filters() if not isinstance(chosen, UrlSettings | LengthSettings)])
    calls = {settings.kind: partial(chain.ask, settings, document("x", text)) for settings in chain.filters}
    for name, call in (calls | {"scrub": partial(scrub, text)}).items():
        begin = time.process_time()
        call()
        assert time.process_time() - begin < SECONDS, name


URLS = ["http://" + "a." * 50_000, "http://" + "(" * 50_000, "%" * 50_000, "http://[" + ":" * 9_999]
LICENCES = ["(" * 100_000, "MIT OR " * 50_000, ") AND (" * 30_000, "A WITH " * 50_000, ""]


@pytest.mark.parametrize(
    ("settings", "fields"),
    [(UrlSettings(integrated_lists=False), {"meta": {"url": url}}) for url in URLS]
    + [(LicenceSettings(), {"licence": licence}) for licence in LICENCES],
)
def test_hostile_fields(settings, fields: dict) -> None:
    begin = time.process_time()
    Chain([]).ask(settings, document("x", "x") | fields)
    assert time.process_time() - begin < 1
