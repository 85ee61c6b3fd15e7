"""The built track that the tests of the report share, its report, and the page that it makes."""

import pytest
from factories.built_track import Builder, build_track
from factories.report_page import Page, write

from fc_model.artifacts import Artifact


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return build_track(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def report(build: Builder) -> Artifact:
    return write(build, [key for key in build.built if key != "nano/report"])


@pytest.fixture(scope="session")
def page(report: Artifact) -> Page:
    return Page(report.path("report.html").read_text("utf-8"))
