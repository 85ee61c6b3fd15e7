"""Licences by the names that people give them, as SPDX expressions."""

import re
from functools import cache, lru_cache

_ADDRESS = re.compile(r"(?:https?://)?(?:[\w-]+\.)+(?:com|dev|html|io|net|org|txt)(?:/[^\s,;]*)?", re.IGNORECASE)
_LAST_PART = re.compile(r"([^/]+?)(?:\.(?:html|txt|php|en))*/*\Z")
_OR_LATER = re.compile(
    r"\s+or\s+(?:\(?at your option\)?,?\s+)?(?:any\s+)?(?:later|newer|above|higher)(?:\s+versions?)?", re.IGNORECASE
)
_JOINED = re.compile(r"\s*(?:[/,;&|]|\bplus\b|\bwith\b(?=\s+(?:the\s+)?commons))\s*+(?!\d|v(?:er|\d))", re.IGNORECASE)
_COMPATIBLE = re.compile(r"\(?\bGPL[ -]compatible\b\)?", re.IGNORECASE)
_SCANCODE = "licenseref-scancode-"
_VERSION = re.compile(r"(?<![\d.])(\d)(?:\.(\d))?(?:\.\d)*(?![\d.]|\s*clause)")
# What a name says, the identifier's beginning, and its version where none is said. The first that fits holds.
_FAMILIES = tuple(
    (re.compile(rf"\b(?:{words})"), name, version)
    for words, name, version in (
        ("commons clause", "LicenseRef-Commons-Clause", None),
        ("server side public|sspl", "SSPL", "1.0"),
        ("business source|busl", "BUSL", "1.1"),
        ("agpl|(?:gnu )?affero", "AGPL", "3.0"),
        ("lgpl|(?:lesser|library) (?:gnu )?(?:general public|gpl)", "LGPL", "2.1"),
        ("gpl(?! compatible)|(?:gnu )?general public licen[cs]e|gnu public", "GPL", "2.0"),
        ("gfdl|(?:gnu )?free documentation", "GFDL", "1.3"),
        ("cc ?0|(?:cc|commons|publicdomain) zero", "CC0-1.0", None),
        ("proprietary|all rights reserved|closed|confidential|commercial|non ?commercial|no licen[cs]e|unlicensed"
         "|research only|academic", "LicenseRef-Proprietary", None),
        ("apache|asl\\b", "Apache", "2.0"),
        ("mozilla|mpl", "MPL", "2.0"),
        ("eclipse|epl\\b", "EPL", "2.0"),
        ("boost|bsl\\b", "BSL", "1.0"),
        ("artistic", "Artistic", "2.0"),
        ("python software foundation|psfl?\\b", "PSF", "2.0"),
        ("odbl|open database", "ODbL", "1.0"),
        ("odc by|open data commons attribution", "ODC-By", "1.0"),
        ("unlicense\\b", "Unlicense", None),
        ("public domain", "LicenseRef-Public-Domain", None),
        ("zlib", "Zlib", None),
        ("isc\\b", "ISC", None),
        ("wtfpl", "WTFPL", None),
        ("(?:the )?(?:mit|expat)\\b", "MIT", None),
    )
)  # fmt: skip
_BSD = re.compile(r"\bbsd\b")
_BSD_CLAUSES = re.compile(r"\b([0234]) ?clause|\b(simplified|freebsd)|\b(original|old)")
_CREATIVE_COMMONS = re.compile(r"\bcc\b|creative ?commons|\battribution\b")
_CC_TERMS = (("NC", r"\bnc\b|non ?commercial"), ("ND", r"\bnd\b|no ?deriv"), ("SA", r"\bsa\b|share ?alike"))
VARIOUS = "various"
"""What the catalogue says of a source whose documents have several licences."""


def spdx_expression(stated: str) -> str:
    """What a source states as an expression of SPDX: addresses by the licence that stands there, lists joined by AND.

    "MIT/GPL-3.0" may mean both or either; what is not said to be a choice is none.
    """
    named = _ADDRESS.sub(_named_by_address, stated.rsplit("::", 1)[-1])
    return _JOINED.sub(" AND ", _OR_LATER.sub("+", _COMPATIBLE.sub("", named))).strip()


@lru_cache(maxsize=4096)
def spdx_identifier(name: str) -> str | None:
    """The identifier of a licence by its name in any usual spelling, or None for a name that is not known."""
    name = name.strip().strip("\"'")
    known = _known().get(name.rstrip("+").lower())
    if known or name.lower() == VARIOUS or re.match(rf"licenseref-(?!{_SCANCODE[11:]})", name, re.IGNORECASE):
        return known or name
    bare = re.sub(r"(?<=[a-z])(?=v\d)", " ", name.lower().removeprefix(_SCANCODE))
    words = " ".join(re.sub(r"[\s_,;:()\[\]-]+", " ", bare).split())
    stated = _VERSION.search(words.replace(" v", " "))
    version = f"{stated[1]}.{stated[2] or 0}" if stated else None
    if _CREATIVE_COMMONS.search(words) and not re.search(r"\b(?:cc ?0|zero)\b", words):
        terms = [term for term, pattern in _CC_TERMS if re.search(pattern, words)]
        return "-".join(["CC-BY", *terms, *([version] if version else [])])
    for pattern, family, usual in _FAMILIES:
        if pattern.search(words):
            return f"{family}-{version or usual}" if usual else family
    if _BSD.search(words):
        clauses = _BSD_CLAUSES.search(words)
        return f"BSD-{(clauses and (clauses[1] or (clauses[2] and 2) or (clauses[3] and 4))) or 3}-Clause"
    return None


def _named_by_address(match: re.Match[str]) -> str:
    address = match[0].lower()
    if "creativecommons.org" in address:
        path = address.partition("creativecommons.org")[2].replace("licenses", "").replace("/", " ")
        return f"Creative Commons {path}".strip()
    last = _LAST_PART.search(address)
    name = last[1].replace("license-2.0", "apache-2.0") if last and "/" in address.partition("//")[2] else address
    return name.replace("/", "_")


@cache
def _known() -> dict[str, str]:
    """The identifiers of SPDX's list, and the keys of ScanCode (which crawls of code have), by their lower case."""
    from license_expression import get_license_index

    known = {}
    for licence in get_license_index():
        identifier = licence["spdx_license_key"]
        if identifier and not identifier.lower().startswith(_SCANCODE):
            names = [licence["license_key"], *licence["other_spdx_license_keys"], identifier]
            known.update({name.lower(): identifier for name in names})
    return known
