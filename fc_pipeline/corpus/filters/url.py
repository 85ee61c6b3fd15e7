"""Where a page comes from: lists of hosts, addresses and words, datatrove's and the track's own."""

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Verdict, is_below

_WORD = re.compile(r"[^a-z0-9]+")
_MAX_URL_CHARS = 2_000


class UrlSettings(Settings):
    kind: Literal["url"] = "url"
    field: str = Field(default="url", description="Name in `meta` of the address; a document without one is kept.")
    integrated_lists: bool = Field(default=True, description="datatrove's: 5 million hosts, adult and malicious words.")
    block_hosts: list[str] = Field(default=[], description="Hosts that are dropped, with everything below them.")
    allow_hosts: list[str] = Field(
        default=["wikipedia.org", "wikimedia.org", "wiktionary.org", "arxiv.org", "lanl.gov", "nih.gov"],
        description="Hosts that are kept whatever the lists say: works of reference name what they describe.",
    )
    block_words: list[str] = Field(default=[], description="Words of an address that drop it.")
    max_soft_words: int = Field(default=1, ge=0, description="Words of the soft list that an address may hold.")
    drop_bare_addresses: bool = Field(default=True, description="Drop pages whose host is an IP address.")


def unwanted_url(document: Document, settings: UrlSettings) -> Verdict:
    """`url_host`, `url_address`, `url_word`, `url_soft_words`, `url_subword`, `url_bare_address` or `url_invalid`."""
    url = document["meta"].get(settings.field)
    return None if not url else _judged(str(url)[:_MAX_URL_CHARS], settings.model_dump_json())


@lru_cache(maxsize=1 << 12)
def _judged(url: str, settings_json: str) -> Verdict:
    settings = _settings(settings_json)
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = (parts.hostname or "").rstrip(".").encode("idna").decode() if parts.hostname else ""
    except (ValueError, UnicodeError):
        return "url_invalid"
    if not host or ("." not in host and ":" not in host):
        return "url_invalid"
    if is_below(host, settings.allow_hosts):
        return None
    if is_below(host, settings.block_hosts):
        return "url_host"
    if settings.drop_bare_addresses and (":" in host or host.replace(".", "").isdigit()):
        return "url_bare_address"
    words = set(_WORD.split(unquote(url).lower()))
    if words.intersection(settings.block_words):
        return "url_word"
    if not settings.integrated_lists:
        return None
    from fc_pipeline.corpus.filters.url_lists import integrated_lists

    lists = integrated_lists()
    if lists.lists_host(host):
        return "url_host"
    if url in lists.urls:
        return "url_address"
    if words & lists.words:
        return "url_word"
    if len(words & lists.soft_words) > settings.max_soft_words:
        return "url_soft_words"
    squeezed = _WORD.sub("", url.lower())
    return "url_subword" if any(word in squeezed for word in lists.subwords) else None


@lru_cache(maxsize=8)
def _settings(settings_json: str) -> UrlSettings:
    return UrlSettings.model_validate_json(settings_json)
