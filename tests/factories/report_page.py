"""A report that is written for a built track, and read as a browser would."""

from html.parser import HTMLParser

from factories.built_track import Builder
from fc_model.artifacts import Artifact
from fc_pipeline.report.write import write_report
from fc_pipeline.track.graph import SECTIONS

CONFIG = {
    "name": "nano",
    "description": "A model & more",
    "sections": {section.name: section.title for section in SECTIONS},
}
HELPERS = {section.name: section.read for section in SECTIONS}


def write(build: Builder, keys: list[str] | None = None) -> Artifact:
    inputs = {key: key for key in keys or list(build.built)}
    return build("nano/report", write_report, config=CONFIG, inputs=inputs, helpers=HELPERS)


class Page(HTMLParser):
    """What a browser would see: elements, the text, and the numbers with their origins."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.origins: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "data":
            self.origins.add(dict(attrs)["title"] or "")
        if tag not in ("meta", "br", "img"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
