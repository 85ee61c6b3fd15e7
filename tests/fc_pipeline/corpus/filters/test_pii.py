"""Personal data: what is found, what it becomes, what stays."""

from functools import partial
from itertools import pairwise

import pytest
from factories.documents import document
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.corpus.filters.base import note_edits
from fc_pipeline.corpus.filters.licence import permitted
from fc_pipeline.corpus.filters.pii import PII_TYPES, PiiSettings, find_pii, masked, personal_data
from fc_pipeline.corpus.filters.url import UrlSettings, unwanted_url

TEXT = "Write to ada@nowhere-inc.com, call (212) 555-0147 or come from 193.0.14.129."


doc = partial(document, "x")


def test_pii_mask() -> None:
    document = doc(TEXT, author={"mail": "ada@nowhere-inc.com"}, pages=3)
    assert personal_data(document, PiiSettings()) is None
    assert document["text"] == "Write to [EMAIL], call [PHONE] or come from [IP]."
    assert document["meta"] == {
        "author": {"mail": "[EMAIL]"},
        "pages": 3,
        "edits": {"pii": {"email": 1, "ip": 1, "phone": 1}},
    }


def test_pii_types_and_allow_list() -> None:
    assert [span.type for span in find_pii(TEXT, PiiSettings(types=["phone"]))] == ["phone"]
    relaxed = PiiSettings(allow_hosts=["nowhere-inc.com"], allow_ips=["193.0.14.129"])
    assert [span.type for span in find_pii(TEXT, relaxed)] == ["phone"]


@pytest.mark.parametrize("number", ["4012888888881881", "212 555 0147", "030 1234567"])
def test_pii_needs_a_word_before(number: str) -> None:
    assert find_pii(f"a row {number}", PiiSettings()) == []
    assert len(find_pii(f"card or phone {number}", PiiSettings())) == 1


def test_pii_drop() -> None:
    document = doc(TEXT)
    assert personal_data(document, PiiSettings(action="drop")) == "pii_email"
    assert document["text"] == TEXT
    assert personal_data(doc("nothing here"), PiiSettings(action="drop")) is None
    assert personal_data(doc("nothing here", note=TEXT), PiiSettings(action="drop")) == "pii_email"


PIECES = ["a@b.org", "+49 30 23125 012", "7", " ", "-", ".", "1.2.3.99", "GB29NWBK60161331926819", "x", "\n", "@", "é"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_pii_mask_keeps_the_rest(text: str) -> None:
    spans = find_pii(text, PiiSettings())
    assert all(first.end <= second.start for first, second in pairwise(spans))
    assert all(span.type in PII_TYPES for span in spans)
    around = [
        text[end:start]
        for end, start in zip([0, *(s.end for s in spans)], [*(s.start for s in spans), len(text)], strict=True)
    ]
    hidden = masked(text, spans)
    assert all(part in hidden for part in around)


def test_edits_add_up() -> None:
    document = doc("x")
    note_edits(document, "pii", {"email": 1})
    note_edits(document, "pii", {"email": 2, "ip": 1})
    note_edits(document, "c4", {})
    assert document["meta"]["edits"] == {"pii": {"email": 3, "ip": 1}}


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("A", True), ("B", False), ("A AND B", False), ("A OR B", True), ("B OR B", False), ("(A OR B) AND A", True),
        ("(A AND B) OR A", True), ("A AND (B OR B)", False), ("B OR A AND A", True), ("A WITH anything", True),
        ("B WITH anything", False), ("a or b", True), ("((A", True), ("A))) AND B", False), ("AND", True), ("", False),
    ],
)  # fmt: skip
def test_licence_expressions(expression: str, answer: bool) -> None:
    assert permitted(expression, lambda name: name.upper() == "A") is answer


def test_url_own_lists() -> None:
    chosen = UrlSettings(
        integrated_lists=False, block_hosts=["bad.org"], allow_hosts=["good.bad.org"], block_words=["casino"]
    )
    ask = lambda url: unwanted_url(doc("x", url=url), chosen)  # noqa: E731
    assert ask("https://bad.org/") == ask("https://www.bad.org:8080/x") == "url_host"
    assert ask("https://good.bad.org/") is None and ask("https://notbad.org/") is None
    assert ask("https://x.org/best-casino/") == "url_word" and ask("https://x.org/casinos") is None
    assert unwanted_url(doc("x"), chosen) is None
