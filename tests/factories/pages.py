"""The page of an artifact, by the part of the track that it belongs to."""

import re
from collections.abc import Callable

from fc_model.artifacts import Artifact
from fc_pipeline.corpus.pages import clusters_page, contamination_page, filter_quality_page, filtered_page
from fc_pipeline.evals.images.pages import image_evals_page
from fc_pipeline.images.pages import fonts_page, images_page
from fc_pipeline.tokens.pages import shards_page
from fc_pipeline.training.pages import stage_page

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


def page_of(artifact: Artifact) -> dict[str, str]:
    """What the page of the artifact's asset shows; nothing for those without one."""
    page = next((page for pattern, page in _PAGES.items() if re.fullmatch(pattern, artifact.key)), None)
    return page(artifact) if page is not None else {}
