"""Finds a file of a project on the package index that this machine's pip is set up to use.

The simple repository API is asked directly (PEP 503 HTML, PEP 691 JSON), because `pip download` of an sdist runs
the package's build code. Mirrors, extra indexes, credentials and certificates come from pip's own settings.
"""

import ast
import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.utils import canonicalize_name

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.http import TIMEOUT_SECONDS, http_session

if TYPE_CHECKING:
    import requests

_JSON = "application/vnd.pypi.simple.v1+json"
_SECTIONS = (":env:", "download", "install", "global")
"""Where pip looks for a setting, the strongest first."""


class IndexFile(NamedTuple):
    name: str
    url: str
    sha256: str | None


@lru_cache(maxsize=1)
def pip_settings() -> dict[str, str]:
    """pip's settings from its files and PIP_* variables: {"index-url": ..., "extra-index-url": ..., "cert": ...}."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listed.stdout.splitlines():
        match = re.fullmatch(r"(:env:|download|install|global)\.([\w-]+)=(.+)", line)
        if match:
            settings[match[1]][match[2]] = str(ast.literal_eval(match[3]))
    return {key: value for section in reversed(_SECTIONS) for key, value in settings[section].items()}


def index_urls() -> list[str]:
    """The simple indexes to ask; those on this machine's disk first, as they need no network."""
    settings = pip_settings()
    first = settings.get("index-url") or os.environ.get("UV_DEFAULT_INDEX") or _default_index()
    urls = [first, *settings.get("extra-index-url", "").split()]
    return sorted(dict.fromkeys(urls), key=lambda url: not url.startswith("file:"))


@lru_cache(maxsize=1)
def _default_index() -> str:
    """pip's own, asked in another process: with pip imported, this one could import no setuptools and compile nothing.

    setuptools would insist on a distutils that it leaves to pip (pypa/setuptools, _distutils_hack).
    """
    program = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    asked = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise UserError("no package index is set: set PIP_INDEX_URL, or install pip into this environment")
    return asked.stdout.strip()


def index_session() -> "requests.Session":
    """An HTTP session with pip's certificate setting."""
    session = http_session()
    certificates = pip_settings().get("cert")
    if certificates and "REQUESTS_CA_BUNDLE" not in os.environ:
        session.verify = certificates
        session.trust_env = "CURL_CA_BUNDLE" not in os.environ  # trust_env would let CURL_CA_BUNDLE win over pip's
    return session


def find_file(project: str, file: str, *, urls: list[str] | None = None) -> IndexFile:
    """Where the index serves `file`.

    Raises:
        UserError: no index lists the file, or none could be reached.
    """
    problems = []
    for url in index_urls() if urls is None else urls:
        page = f"{url.rstrip('/')}/{canonicalize_name(project)}/"
        try:
            links = _local_links(page) if url.startswith("file:") else _remote_links(page)
        except OSError as error:  # requests' exceptions are OSErrors
            problems.append(f"{_without_credentials(url)}: {type(error).__name__}")
            continue
        for link in links:
            if link.name == file:
                return link
        problems.append(f"{_without_credentials(url)}: not listed")
    raise UserError(
        f"{file}: not in the download cache, and no package index gave it ({'; '.join(problems)}); "
        f"connect to the index once, or pin another version of {project}"
    )


def _remote_links(page: str) -> list[IndexFile]:
    with index_session() as session:
        answer = session.get(page, headers={"Accept": f"{_JSON}, text/html;q=0.5"}, timeout=TIMEOUT_SECONDS)
    if answer.status_code == 404:
        return []
    answer.raise_for_status()
    if not answer.headers.get("Content-Type", "").startswith(_JSON):
        return _html_links(answer.text, answer.url)
    return [
        IndexFile(entry["filename"], urljoin(answer.url, entry["url"]), entry.get("hashes", {}).get("sha256"))
        for entry in answer.json()["files"]
    ]


def _local_links(page: str) -> list[IndexFile]:
    index = Path(unquote(urlsplit(page).path)) / "index.html"
    return _html_links(index.read_text("utf-8"), page) if index.is_file() else []


def _html_links(text: str, base: str) -> list[IndexFile]:
    from resiliparse.parse.html import HTMLTree

    links = []
    document: Any = HTMLTree.parse(text).document
    for anchor in document.query_selector_all("a[href]"):
        url, fragment = urldefrag(urljoin(base, anchor.getattr("href")))
        sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        links.append(IndexFile(unquote(urlsplit(url).path).rsplit("/", 1)[-1], url, sha256))
    return links


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1]).geturl()
