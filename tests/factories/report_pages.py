"""The report of a built track read as a browser would, and the page of each asset."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from factories.build import build
from factories.built_track import Builder
from fc_model.artifacts import Artifact, Store
from fc_pipeline.corpus.pages import clusters_page, contamination_page, filter_quality_page, filtered_page
from fc_pipeline.evals.images.pages import image_evals_page
from fc_pipeline.images.pages import fonts_page, images_page
from fc_pipeline.report.write import write_report
from fc_pipeline.tokens.report import shards_page
from fc_pipeline.track.graph import SECTIONS
from fc_pipeline.training.pages import stage_page

CONFIG = {
    "name": "nano",
    "description": "A model & more",
    "sections": {section.name: section.title for section in SECTIONS},
}
HELPERS = {section.name: section.read for section in SECTIONS}
_PAGES: dict[str, Callable[[Artifact], dict[str, str]]] = {
    r"sources/.*|corpus/.*/filtered": filtered_page,
    r"corpus/.*/deduplicated": clusters_page,
    r"corpus/.*/decontaminated": contamination_page,
    r"corpus/.*/filter_quality": filter_quality_page,
    r"[a-z]*/shards": shards_page,
    r"images/fonts": fonts_page,
    r"images/.*|[a-z]*/(images|synthetic)": images_page,
    r"[a-z]*/stages/.*": stage_page,
    r"[a-z]*/image_evals/.*": image_evals_page,
}


def write(track: Builder, keys: list[str] | None = None, *, store: Store | None = None) -> Artifact:
    """The report of some artifacts of a track, by default of all, in the track's store or in another one."""
    inputs = {key: track.built[key] for key in keys or track.built}
    return build(store or track.store, "nano/report", write_report, CONFIG, inputs, helpers=HELPERS)


def page_of(artifact: Artifact) -> dict[str, str]:
    """What the page of the artifact's asset shows; nothing for those without one."""
    page = next((page for pattern, page in _PAGES.items() if re.fullmatch(pattern, artifact.key)), None)
    return page(artifact) if page is not None else {}


class Page(HTMLParser):
    """What a browser would see of report.html: elements, the text, tables, and the numbers with their origins."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.numbers: list[tuple[float, str]] = []
        """Every cited number, with the artifact that it is from."""
        self.rows: list[list[str]] = []
        """The cells of every row of every table."""
        self.uncited: list[tuple[str, str]] = []
        """(section, text) of every number in a table that names no artifact, itself or by its row."""
        self.text = ""
        self._open: list[str] = []
        self._section = ""
        self._cites = {"tr": False, "td": False}
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    @property
    def origins(self) -> set[str]:
        return {origin for _, origin in self.numbers}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "h2":
            self._section = values.get("id") or ""
        elif tag == "tr":
            self.rows.append([])
            self._cites["tr"] = "title" in values
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._cites["td"] = tag == "th" or values.get("class") != "n"
        elif tag == "data":
            self.numbers.append((float(values["value"] or "nan"), values["title"] or ""))
            self._cites["td"] = True
        if tag not in ("meta", "br", "img"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "td" and not any(self._cites.values()) and re.search(r"\d", self.rows[-1][-1]):
            self.uncited.append((self._section, self.rows[-1][-1]))

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data
