"""The figures of chat and tools for the page of the asset."""

from fc_model.artifacts import Artifact
from fc_model.evals.chat.figures import ALL
from fc_pipeline.evals.chat.report import OTHER_BOUNDS, read_figures, tables_of, worst_failures
from fc_pipeline.formatting import markdown_table, percent
from fc_pipeline.report.charts import interval_chart
from fc_pipeline.report.drawing import show

_HEADER = ["score", "of", "n", "share", "95% interval", "chance", "shuffled weights"]


def chat_page(artifact: Artifact) -> dict[str, str]:
    """Page of `<track>/chat_evals/<stage>`: what is right of all items, beside shuffled weights, and every table."""
    tables = tables_of(read_figures(artifact))
    compared = {
        row["label"]: (row["low"], row["value"], row["high"], row["random"])
        for rows in tables.values()
        for row in rows
        if row["group"] == ALL and row["table"] not in OTHER_BOUNDS and row["random"] is not None
    }
    picture = interval_chart("Chat and tools", "share, 95% interval", compared, legend=("share", "shuffled weights"))
    pages = {"chat": show(picture)} if compared else {}
    for title, rows in tables.items():
        cells = [
            [
                row["label"],
                row["group"],
                row["items"],
                percent(row["value"]),
                f"{100 * row['low']:.1f}-{100 * row['high']:.1f}",
                percent(row["chance"]),
                percent(row["random"]),
            ]
            for row in rows
        ]
        pages[title] = markdown_table(_HEADER, cells)
    if failures := worst_failures(artifact):
        fields = ("source", "group", "name", "items", "failed", "error")
        pages["Failures"] = markdown_table(
            ["source", "", "name", "turns", "failed", "most often"],
            [[row[name] for name in fields] for row in failures],
        )
    return pages
