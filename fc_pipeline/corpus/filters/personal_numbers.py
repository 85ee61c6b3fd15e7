"""Phone numbers, payment cards, bank accounts and national ids in a text, by format, checksum and context.

A number is masked for a checksum that hardly passes by chance, a format that nothing else has, or a word before it: of
any columns of numbers a tenth passes the check digit of cards. Checksums are python-stdnum's. One linear search finds
stretches of digits; the patterns look only there.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from importlib import import_module
from typing import NamedTuple

from fc_pipeline.corpus.filters.base import Span, told_before

_DIGITS = re.compile(r"\d(?:[ \-.()/\u00a0]{0,3}\d){6,}", re.ASCII)
_BEFORE_CHARS, _AFTER_CHARS = 10, 26  # an IBAN and a CURP have letters around their digits

_CARD_PATTERNS = [
    re.compile(rf"(?<![\w.,+/=-])(?<!\d )(?:{digits})(?!\w|[.,/ -]\d)", re.ASCII)
    for digits in (r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|3\d{3}([ -])\d{6}\2\d{4,5}", r"\d{14,19}")
]
# Issuers: Visa, Mastercard (two ranges), American Express, Diners, Discover, UnionPay, JCB.
_ISSUER = re.compile(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|30[0-5]|3[689]|6(?:011|4[4-9]|5|2)|35")
_CARD_WORDS = re.compile(
    r"\b(?:cards?|visa|master ?card|amex|american express|payment|credit|debit|cc|ccnum|pan|discover|jcb)\b",
    re.IGNORECASE,
)

_PHONE_PLUS = re.compile(
    r"(?<![\w.+)-])(?<!\d )\+[1-9]\d{0,2}(?:[ .\-\u00a0]?\(\d{1,4}\)|[ .\-\u00a0]?\d{1,4})(?:[ .\-\u00a0]?\d{2,4}){2,4}"
    r"(?!\w|[.,]\d| [+-]?\d)",
    re.ASCII,
)
# A North American number with a space in it looks like any numbers in a row, and 938.272 0813 is a mass.
_PHONE_NORTH_AMERICA = [
    re.compile(rf"(?<![\w.+/=-])(?:{number})\d{{4}}(?!\w|[.,-]\d)", re.ASCII)
    for number in (
        r"(?:\+?1[ .-])?\([2-9][0-8]\d\) ?[2-9]\d{2}[.-]|(?:\+1[ .-]|1[.-])?[2-9][0-8]\d([.-])[2-9]\d{2}\1",
        r"(?:\+?1[ .-])?\(?[2-9][0-8]\d\)?[ .-][2-9]\d{2}[ .-]",
    )
]
_PHONE_NATIONAL = re.compile(r"(?<![\w.+/=-])\(?0\d{1,4}\)?(?:[ /-]{1,2}\d{2,8}){1,4}(?!\w|[.,-]\d)", re.ASCII)
_PHONE_WORDS = re.compile(
    r"\b(?:phone|tel|telephone|telefon|tél|teléfono|fax|mobile|mobil|cell(?: ?phone|:)|call|callback|whatsapp|sms"
    r"|text me|ring me|hotline|dial|contact|reach me|handy|ph|number is)\b",
    re.IGNORECASE,
)
_COUNTRY_CODES_TEXT = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 "
    "84 86 90 91 92 93 94 95 98 212 213 216 218 220 221 223 225 226 227 228 229 230 231 233 234 237 243 244 250 "
    "251 254 255 256 260 263 264 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 "
    "382 383 385 386 387 389 420 421 423 502 503 504 505 506 507 591 592 593 595 597 598 673 675 679 850 852 853 "
    "855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 992 993 994 995 996 998"
)
_COUNTRY_CODES = frozenset(_COUNTRY_CODES_TEXT.split())

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")

# (module of stdnum whose `is_valid` decides, pattern, words of which one must stand before or "")
_NATIONAL_IDS = (
    ("us.ssn", r"(?<![\w.-])\d{3}-?\d{2}-?\d{4}(?![\w-])", "ssn|social security|taxpayer|itin"),
    ("es.dni", r"(?<![\w./-])\d{8}-?[A-HJ-NP-TV-Z](?![\w-])", "dni|nif|identidad"),
    ("es.nie", r"(?<![\w./-])[XYZ]-?\d{7}-?[A-Z](?![\w-])", "nie|nif|identidad"),
    ("fr.nir", r"(?<![\w-])[12] ?\d\d ?[0-3]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d(?![\w-])", "nir|insee|sociale"),
    ("br.cpf", r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d\d(?![\w-])", ""),
    ("ch.ssn", r"(?<![\w.-])756\.\d{4}\.\d{4}\.\d\d(?![\w.-])", ""),
    ("mx.curp", r"(?<![\w-])[A-Z][AEIOUX][A-Z]{2}\d{6}[HM][A-Z]{5}[A-Z0-9]\d(?![\w-])", ""),
    ("in_.aadhaar", r"(?<![\w.-])\d{4} ?\d{4} ?\d{4}(?![\w-]| \d)", "aadhaar|aadhar|uidai"),
    ("pl.pesel", r"(?<![\w.-])\d{11}(?![\w-])", "pesel"),
    ("nl.bsn", r"(?<![\w.-])\d{9}(?![\w-])", "bsn|burgerservicenummer"),
    ("de.idnr", r"(?<![\w.-])\d\d ?\d{3} ?\d{3} ?\d{3}(?![\w-])", r"steuer\W?id\w*|idnr"),
    ("se.personnummer", r"(?<![\w.-])\d{6}(?:\d\d)?[-+]\d{4}(?![\w-])", "personnummer|personal identity"),
    ("ca.sin", r"(?<![\w.-])\d{3}[ -]\d{3}[ -]\d{3}(?![\w-])", "social insurance|sin number|sin:"),
)
_NINO = re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)", re.ASCII)
_NINO_WORDS = re.compile(r"\b(?:nino|ni (?:number|no)|national insurance|nin)\b", re.IGNORECASE)
_NO_NINO = frozenset(["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"])
_CODICE_FISCALE = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]")


def find_numbers(text: str, types: Collection[str]) -> Iterator[Span]:
    """Spans of the wanted types of `card`, `phone`, `iban` and `national_id`."""
    rules = [rule for rule in _rules() if rule.type in types]
    for run in _DIGITS.finditer(text):
        begin, end = max(0, run.start() - _BEFORE_CHARS), min(len(text), run.end() + _AFTER_CHARS)
        for rule in rules:
            for match in rule.pattern.finditer(text, begin, end):
                if match.end() == end < len(text):
                    continue  # it may be cut, and the next window has it whole
                if rule.holds(match[0]) and (rule.words is None or told_before(text, match.start(), rule.words)):
                    yield Span(match.start(), match.end(), rule.type)
    if "national_id" in types:
        for match in _NINO.finditer(text):
            if match[0][:2] in _NO_NINO or text[match.start() - 1 : match.start()].isalnum():
                continue
            if not told_before(text, match.start(), _NINO_WORDS):
                continue  # `AT 404598 B` is a patent
            yield Span(match.start(), match.end(), "national_id")
        for match in _CODICE_FISCALE.finditer(text):
            if _check("it.codicefiscale")(match[0]):
                yield Span(match.start(), match.end(), "national_id")


class _Rule(NamedTuple):
    """Numbers of a type: how they are written, what holds for them, and words of which one must stand before."""

    type: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    words: re.Pattern[str] | None = None


@cache
def _rules() -> list[_Rule]:
    plain, spaced = _PHONE_NORTH_AMERICA
    return [
        *(_Rule("card", pattern, _is_card, _CARD_WORDS) for pattern in _CARD_PATTERNS),
        _Rule("iban", _IBAN, _check("iban")),
        *(
            _Rule(
                "national_id",
                re.compile(pattern, re.ASCII),
                _check(module),
                re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None,
            )
            for module, pattern, words in _NATIONAL_IDS
        ),
        _Rule("phone", _PHONE_PLUS, _is_international),
        _Rule("phone", plain, lambda number: True),
        _Rule("phone", spaced, lambda number: True, _PHONE_WORDS),
        _Rule("phone", _PHONE_NATIONAL, lambda number: 9 <= sum(map(str.isdigit, number)) <= 12, _PHONE_WORDS),
    ]


def _is_card(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return _ISSUER.match(digits) is not None and len(set(digits)) > 2 and _check("luhn")(digits)


def _is_international(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    if not 8 <= len(digits) <= 15 or ("." in number and " " in number):
        return False
    if digits[0] == "1" and len(digits) != 11:
        return False
    return any(digits[:length] in _COUNTRY_CODES for length in (1, 2, 3))


def _check(module: str) -> Callable[[str], bool]:
    """`is_valid` of a module of stdnum."""
    check: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return check
