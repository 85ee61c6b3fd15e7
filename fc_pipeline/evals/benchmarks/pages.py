"""The figures of the benchmarks for the page of the asset."""

from fc_model.artifacts import Artifact
from fc_pipeline.evals.benchmarks.report import SCORES, columns, picture, read_figures, with_interval
from fc_pipeline.formatting import markdown_table, percent
from fc_pipeline.report.drawing import show


def benchmarks_page(artifact: Artifact) -> dict[str, str]:
    """Page of `<track>/benchmarks/<stage>`: accuracy beside chance, and the table."""
    tasks = read_figures(artifact)["tasks"]
    names = columns(tasks)
    header = ["benchmark", "shots", "items", "chance", *(SCORES[name] for name in names), "shuffled weights", "clean"]
    rows = [
        [
            task,
            figures["shots"],
            figures["items"],
            percent(figures["chance"]),
            *(with_interval(figures["scores"].get(name)) for name in names),
            with_interval(figures["random"]),
            with_interval(figures.get("clean")),
        ]
        for task, figures in tasks.items()
    ]
    return {"benchmarks": show(picture(tasks)), "figures": markdown_table(header, rows)}
