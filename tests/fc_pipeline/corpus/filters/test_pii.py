"""Personal data: what is found, what it becomes, what stays."""

import re
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from factories.documents import document
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.corpus.filters import network_addresses, personal_numbers, pii
from fc_pipeline.corpus.filters.base import note_edits
from fc_pipeline.corpus.filters.licence import LicenceSettings, permitted, wrong_licence
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


@pytest.mark.parametrize(
    "text",
    [
        "938.272 0813 MeV, 931.494 0954 MeV, 25 812.807 4555 ohm",
        "Amer. Math. Monthly 77, 259-264 1970; 1 234.567 8901",
        "\n".join(f"{a} {a + 729} {a + 1458} {a + 187}" for a in range(4000, 5000)),
        "\n".join(f"{a}-{a + 729}-{a + 1458}-{a + 187}" for a in range(4000, 5000)),
        "patents AT 404598 B, CH 345678 A, SE 123456 C",
        "part 123-45-6789, catalogue 12345678Z, X1234567L",
        "Subtilisin (EC 3.4.21.62), E.C. 3.4.33.62, Article 3.4.33.2, rule 58.134.100.0, TC 3.44.1.201",
        "CUDA 11.8.89.1, ffmpeg 58.134.100.0; see 45.32.1.7 of the code",
        "a[2000::2] and b[3000::10]",
        "w@w.at[0].set(1); V@V.mH; Q@K.mT; x@W.to; x@self.net; A@x.is",
        "+20 1000 2000 +3000 4000",
    ],
)
def test_numbers_and_products_of_science_are_no_persons(text: str) -> None:
    assert masked(text, find_pii(text, PiiSettings())) == text


@pytest.mark.parametrize(
    "module", ["scipy.constants._codata", "scipy.special._basic", "numpy.linalg._linalg", "sympy.matrices.eigen"]
)
def test_the_code_of_science_has_no_numbers_of_persons(module: str) -> None:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    numbers = PiiSettings(types=sorted(set(PII_TYPES) - {"email"}))
    text = Path(spec.origin).read_text()
    assert [text[span.start : span.end] for span in find_pii(text, numbers)] == []


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("66.249.66.1 - - [10/Oct/2000:13:55:36]", "[IP] - - [10/Oct/2000:13:55:36]"),
        ("client_ip=66.249.66.1", "client_ip=[IP]"),
        ("Received: from [66.249.66.1]", "Received: from [[IP]]"),
        ("https://u@66.249.66.1/x and 66.249.66.1:8080", "https://u@[IP]/x and [IP]:8080"),
        ("2001:500:2f:1:2:3:4:f", "[IP]"),
        ("call 1 212 555-0147", "call [PHONE]"),
        ("1-212-555-0147, (212) 555-0147, 212.555.0147", "[PHONE], [PHONE], [PHONE]"),
        ("National Insurance: AB 12 34 56 C", "National Insurance: [NATIONAL_ID]"),
        ("mail Ada@IBM.COM, ada@x.org, 123@qq.com or a@o2.pl", "mail [EMAIL], [EMAIL], [EMAIL] or [EMAIL]"),
    ],
)
def test_a_word_or_a_format_of_its_own_says_what_a_number_is(text: str, hidden: str) -> None:
    assert masked(text, find_pii(text, PiiSettings())) == hidden


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


DENIED = [
    "GPL-3.0", "GPLv3", "GPL 3", "GPL", "gpl_v3", "GPL2+", "GNU General Public License v3 (GPLv3)", "GPL v2 or later",
    "GNU GPL v2 or (at your option) any later version", "AGPLv3", "GNU Affero GPL", "LGPLv2.1", "LGPL 3",
    "GNU Lesser General Public License v2 or later (LGPLv2+)", "GNU Library General Public License",
    "License :: OSI Approved :: GNU General Public License v3 (GPLv3)", "https://www.gnu.org/licenses/gpl-3.0.en.html",
    "CC BY-NC 4.0", "cc-by-nc-sa", "CC BY-ND", "https://creativecommons.org/licenses/by-nc/4.0/",
    "creativecommons.org/licenses/by-nc-nd/3.0/deed.en", "Attribution-NonCommercial-ShareAlike 4.0 International",
    "Creative Commons Attribution Non Commercial No Derivatives", "Proprietary", "All rights reserved.", "SSPL",
    "Business Source License 1.1", "Apache 2.0 with Commons Clause", "MIT/GPL-3.0", "MIT, LGPL", "MIT & GPLv2",
]  # fmt: skip
KEPT = [
    "MIT", "mit", "The MIT License", "Expat", "MIT/Apache-2.0", "Apache 2", "Apache License, Version 2.0",
    "http://www.apache.org/licenses/LICENSE-2.0", "https://opensource.org/licenses/BSD-3-Clause", "BSD", "New BSD",
    "Simplified BSD", "bsd-new", "CC BY 4.0", "https://creativecommons.org/licenses/by-sa/4.0/", "CC0",
    "https://creativecommons.org/publicdomain/zero/1.0/", "Public Domain", "Unlicense", "PSF (GPL-compatible)",
    "Mozilla Public License 2.0", "ISC License", "ODC-By", "GPL v3 or MIT", "GPL-2.0-only OR MIT", "LicenseRef-own",
    "various", "GPL-3.0 OR (MIT AND BSD)",
]  # fmt: skip
UNKNOWN = ["unknown", "other", "see file", "MIT AND see file", "GPL-3.0 OR see file", "https://example.org/terms"]


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [(name, "licence_denied") for name in DENIED] + [(name, None) for name in KEPT]
    + [(name, "licence_unknown") for name in UNKNOWN],
)  # fmt: skip
def test_a_licence_in_any_usual_spelling(stated: str, verdict: str | None) -> None:
    assert wrong_licence({**doc("x"), "licence": stated}, LicenceSettings()) == verdict
    assert wrong_licence(doc("x", license=[stated]), LicenceSettings()) == verdict


def test_unknown_licences_may_be_kept_and_are_counted() -> None:
    document = doc("x", license="see file")
    assert wrong_licence(document, LicenceSettings(unknown="keep")) is None
    assert document["meta"]["edits"] == {"licence": {"unknown": 1}}
    assert wrong_licence(document, LicenceSettings(allow=["MIT"])) == "licence_unlisted"
    assert wrong_licence(doc("x", license="MIT License"), LicenceSettings(allow=["MIT"])) is None
    assert wrong_licence(doc("x", license="GPL-3.0"), LicenceSettings(allow=["GPL-3.0", "MIT"], deny=[])) is None


def test_url_own_lists() -> None:
    chosen = UrlSettings(
        integrated_lists=False, block_hosts=["bad.org"], allow_hosts=["good.bad.org"], block_words=["casino"]
    )
    ask = lambda url: unwanted_url(doc("x", url=url), chosen)  # noqa: E731
    assert ask("https://bad.org/") == ask("https://www.bad.org:8080/x") == "url_host"
    assert ask("https://good.bad.org/") is None and ask("https://notbad.org/") is None
    assert ask("https://x.org/best-casino/") == "url_word" and ask("https://x.org/casinos") is None
    assert unwanted_url(doc("x"), chosen) is None


@pytest.mark.parametrize(
    "pattern",
    [
        network_addresses._IPV4, network_addresses._IPV6, personal_numbers._DIGITS, personal_numbers._NINO,
        personal_numbers._CODICE_FISCALE,
    ],
)  # fmt: skip
@settings(max_examples=200)
@given(data=st.data())
def test_first_scan_finds_all_numbers(pattern: re.Pattern[str], data: st.DataObject) -> None:
    assert pii._NUMERIC.search(data.draw(st.from_regex(pattern)))


@pytest.mark.parametrize("mark", ["(at)", "[ AT ]", "{at }", "<  at  >", "(At)"])
def test_spelled_mail(mark: str) -> None:
    assert [span.type for span in find_pii(f"write to ada {mark} nowhere-inc.com", PiiSettings())] == ["email"]
