"""E-mail and IP addresses in a text. Every search is linear in the text: what repeats is bounded.

Four numbers with points are a version, a section, an enzyme or an address, and nothing in them says which: they are an
address where a word or a sign beside them says so.
"""

import ipaddress
import re
from collections.abc import Collection, Iterator

from fc_pipeline.corpus.filters.base import Span, is_below, told_before

_LOCAL_CHARS = 64  # RFC 5321, 4.5.3.1
_HOST = re.compile(r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}([A-Za-z]{2,18}))(?![\w(\[-])")
# `x@W.to`, `x@self.net`: an attribute of the matrix that another is multiplied with.
_PRODUCT_HOST = re.compile(r"(?:\w{1,2}\.(?:as|at|id|im|in|is|mh|re|so|to)|(?:self|cls)\.\w+)\Z", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?<![\w.+-])[A-Za-z][\w.+-]{0,63} {0,2}[(\[{<] {0,2}at {0,2}[)\]}>] {0,2}"
    r"[A-Za-z0-9-]{1,63}(?:(?:\.| {0,2}[(\[{<] {0,2}dot {0,2}[)\]}>] {0,2}| dot )[A-Za-z0-9-]{1,63}){1,4}",
    re.IGNORECASE,
)
_SPELLED_AT = re.compile(r"[(\[{<] {0,2}at {0,2}[)\]}>]", re.IGNORECASE)  # in all of them, and searched for faster
# Top-level domains: matrix products and decorators (`a@b.mean`) must not be taken for addresses.
_LONG_TOP_LEVEL_TEXT = (
    "academy aero africa app arpa art asia bank berlin biz blog cat center church city cloud club com community "
    "company coop design dev digital edu education email energy engineering expert farm finance foundation global "
    "gmbh gov group guru health hospital host info institute int international jobs law legal life link live "
    "london ltd mail media mil mobi museum name net network news ngo ninja one ong online onl org page paris phd "
    "photo plus post press pro research rocks school science services shop site social software solutions space "
    "store studio support systems team tech technology tel tips today tokyo tools training travel university vip "
    "web website wiki work world xyz zone example test invalid"
)
_LONG_TOP_LEVEL = frozenset(_LONG_TOP_LEVEL_TEXT.split())
_NO_COUNTRY = frozenset(["dt", "js", "md", "mt", "py", "ts"])  # attributes and endings of files
_ROLES = frozenset(["git", "hg", "svn", "noreply", "no-reply"])

# A pattern that begins with a digit is searched for five times as fast as one that begins with a look behind, so
# what stands before is looked at afterwards.
_IPV4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\w|[.-]\d|\.\w)", re.ASCII)
_IPV6 = re.compile(r"[23][0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){1,6}(?![\w:])")
_VERSION = re.compile(
    r"\b(?:versions?|ver|v|releases?|released|rev|revision|build|firmware|driver|kernel|package|upgrad\w{1,4}|updat\w{1,4}"
    r"|sections?|sec|articles?|art|paragraphs?|rules?|ec|enzymes?|chapter|clause|table|fig|figure|appendix|oid|python|java|chrome|firefox|safari|edge|opera)\b\W{0,12}"
    r"(?:\w{1,12}\W{1,4})?\Z|(?:[=~<>!]=|[<>^~])\s?\Z",
    re.IGNORECASE,
)
_HOST_BEFORE = re.compile(
    r"(?<![A-Za-z0-9])(?:ips?|ipv[46]|addr\w{0,8}|hosts?|hostnames?|servers?|gateway|dns|name ?servers?|ping\w{0,3}"
    r"|traceroute|connect\w{0,4}|clients?|remote|peers?|subnet|networks?|proxy|routers?|firewall|sshd?|telnet|s?ftp"
    r"|https?|tcp|udp|inet|port|log(?:in|ged)?|bann?(?:ed)?|block\w{0,3}|whois|scann?\w{0,3}|attack\w{0,3}|visitors?"
    r"|users?|listen\w{0,3}|bind|curl|wget|resolv\w{0,3}|vpn|packets?|src|dst|forwarded)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_HOST_JUST_BEFORE = re.compile(r"(?:\b(?:from|by|via)\W{1,3}|://(?:[\w.-]{1,64}@)?)\Z", re.IGNORECASE)
_HOST_AFTER = re.compile(
    r":\d{2,5}\b|/\d{1,2}\b|/[A-Za-z]| - |\W{1,3}(?:port|is (?:up|down)|timed out)\b", re.IGNORECASE
)
_MIN_IPV6_GROUPS = 5  # as many say by themselves what they are; `a[2000::2]` is a slice
_HEADING_BEFORE = re.compile(r"(?:\A|\n)[ \t#*>-]{0,12}\Z")
_HEADING_AFTER = re.compile(r"\.?[ \t]{1,4}[A-Z][a-z]")


def find_emails(text: str, *, allow_hosts: Collection[str]) -> Iterator[Span]:
    """Addresses of persons: those at the reserved example domains and of roles such as `git@` are none."""
    at = text.find("@")
    while at >= 0:
        start = _local_start(text, at)
        host = _HOST.match(text, at) if start < at else None
        if (
            host
            and _is_top_level(host[2])
            and not _PRODUCT_HOST.match(host[1])
            and not is_below(host[1].lower(), allow_hosts)
            and text[start:at].lower() not in _ROLES
        ):
            yield Span(start, host.end(), "email")
        at = text.find("@", at + 1)
    if _SPELLED_AT.search(text):
        for match in _SPELLED.finditer(text):
            yield Span(match.start(), match.end(), "email")


def _local_start(text: str, at: int) -> int:
    start = at
    while start > max(0, at - _LOCAL_CHARS) and (text[start - 1].isalnum() or text[start - 1] in "._+'-"):
        start -= 1
    while start < at and not text[start].isalnum():
        start += 1
    return start


def _is_top_level(label: str) -> bool:
    if not (label.islower() or label.isupper() or label.istitle()):
        return False  # `V@V.mH`
    label = label.lower()
    return label in _LONG_TOP_LEVEL or (len(label) == 2 and label not in _NO_COUNTRY)


def find_ips(text: str, *, allow: Collection[str]) -> Iterator[Span]:
    """Public IPv4 and IPv6 addresses that are said to be some; numberings, private and reserved ones are none."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if (
                _is_public(match[0])
                and match[0] not in allow
                and not _is_joined(text, match.start())
                and not (pattern is _IPV4 and _is_numbering(text, match))
                and (match[0].count(":") >= _MIN_IPV6_GROUPS or _is_labelled(text, match))
            ):
                yield Span(match.start(), match.end(), "ip")


def _is_joined(text: str, start: int) -> bool:
    """True inside a longer name, number or path; `https://` may stand before, and a label such as `ip:`."""
    before = text[max(0, start - 3) : start]
    if not before or before.endswith("://"):
        return False
    return before[-1].isalnum() or before[-1] in "_./-" or (before[-1] == ":" and before[-2:-1].isdigit())


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast


def _is_labelled(text: str, match: re.Match[str]) -> bool:
    """A word or a sign beside it says that it is an address."""
    start, end = match.span()
    return (
        told_before(text, start, _HOST_BEFORE)
        or _HOST_JUST_BEFORE.search(text, max(0, start - 80), start) is not None
        or _HOST_AFTER.match(text, end) is not None
    )


def _is_numbering(text: str, match: re.Match[str]) -> bool:
    """A version or the number of a section: said before, or all parts are small at the start of a line."""
    if told_before(text, match.start(), _VERSION):
        return True
    if not any(int(part) > 31 for part in match[0].split(".")):
        return True  # no telling 1.2.3.4 from an address; masking version numbers would do more harm
    before = _HEADING_BEFORE.search(text, max(0, match.start() - 14), match.start())
    return before is not None and _HEADING_AFTER.match(text, match.end()) is not None
