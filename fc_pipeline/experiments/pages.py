"""The result of an experiment on the page of its asset."""

from fc_model.artifacts import Artifact
from fc_pipeline.experiments.result_text import PICTURE, TEXT
from fc_pipeline.report.markdown import png_source


def result_page(artifact: Artifact) -> dict[str, str]:
    """The tables with their picture inside, since the UI shows no files beside them."""
    picture = png_source(artifact.path(PICTURE).read_bytes())
    return {"result": artifact.path(TEXT).read_text("utf-8").replace(f"({PICTURE})", f"({picture})")}
