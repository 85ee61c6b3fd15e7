"""The built tracks that the tests of the report share, without images and with them, their reports and pages."""

import pytest
from factories.built_image_track import build_image_track
from factories.built_track import Builder, build_track
from factories.report_pages import Page, write

from fc_model.artifacts import Artifact


@pytest.fixture(scope="session")
def track(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return build_track(tmp_path_factory.mktemp("track"))


@pytest.fixture(scope="session")
def report(track: Builder) -> Artifact:
    return write(track)


@pytest.fixture(scope="session")
def page(report: Artifact) -> Page:
    return Page(report.path("report.html").read_text("utf-8"))


@pytest.fixture(scope="session")
def image_track(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return build_image_track(tmp_path_factory.mktemp("image_track"))


@pytest.fixture(scope="session")
def image_report(image_track: Builder) -> Artifact:
    return write(image_track)


@pytest.fixture(scope="session")
def image_page(image_report: Artifact) -> Page:
    return Page(image_report.path("report.html").read_text("utf-8"))
