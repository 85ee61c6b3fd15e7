"""The page of a report in Dagster: the milestones of its track."""

from fc_model.artifacts import Artifact

MILESTONES_FILE = "milestones.md"


def report_page(artifact: Artifact) -> dict[str, str]:
    """Markdown by name; nothing for a track without milestones."""
    names = {entry.path for entry in artifact.manifest.files}
    return {"milestones": artifact.path(MILESTONES_FILE).read_text("utf-8")} if MILESTONES_FILE in names else {}
