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
    "gates": [
        {"artifact": "evals/second", "metric": "bits_per_byte", "milestone": "M2"},
        {"artifact": "evals/second", "metric": "unigram_gain", "milestone": "M2"},
        {"artifact": "parity", "metric": "gguf_q8_0_kl", "milestone": "M6"},
    ],
    "milestones": {
        "M2": {"means": "Text is learnt on 2B tokens.", "before": ["exports/gguf", "exports/huggingface"]},
        "M6": {"means": "It runs elsewhere.", "before": ["report"]},
    },
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


_NUMBER = re.compile(r"(?<![\w.@-])[-+−]?\d[\d,.]*(?![\w@])")
"""A number as a word of its own, or with a unit; not in a name, such as int8, gguf_q8_0 or recall@1."""
_SOURCES = ("data-artifact", "data-derived", "data-setting")
_EMPTY = ("meta", "br", "img")


class Page(HTMLParser):
    """What a browser would see of report.html: elements, the text, tables, and the numbers with their origins."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.numbers: list[tuple[float, str]] = []
        """Every cited number, with the artifact that it is from."""
        self.origins: set[str] = set()
        """Every artifact that some element names as its source."""
        self.links: dict[str, str] = {}
        """{artifact that a link names: where the link leads}."""
        self.derived: set[str] = set()
        """The sections that numbers are derived from."""
        self.rows: list[list[str]] = []
        """The cells of every row of every table."""
        self.ids: set[str] = set()
        self.unsourced: list[tuple[str, str]] = []
        """(section, text) of every text with a number in it that no element names a source for."""
        self.text = ""
        self._open: list[tuple[str, bool]] = []
        """The open elements, and whether each names a source."""
        self._section = ""
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.attributes += attrs
        drawn = any(name == "svg" for name, _ in self._open)  # a chart's names are its own
        if (name := values.get("id")) and not drawn:
            assert name not in self.ids, f"twice on the page: {name}"
            self.ids.add(name)
            self._section = name if tag in ("div", "section") else self._section
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if artifact := values.get("data-artifact"):
            self.origins.add(artifact)
            if tag == "a":
                self.links[artifact] = values["href"] or ""
        if section := values.get("data-derived"):
            self.derived.add(section)
        if values.get("data-value") is not None:
            self.numbers.append((float(values["data-value"] or "nan"), values["data-artifact"] or ""))
        if tag not in _EMPTY:
            self._open.append((tag, any(values.get(name) for name in _SOURCES)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        inside = {tag for tag, _ in self._open}
        if {"td", "th"} & inside:
            self.rows[-1][-1] += data
        if _NUMBER.search(data) and not any(sourced for _, sourced in self._open) and not inside & {"style", "title"}:
            self.unsourced.append((self._section, " ".join(data.split())))
