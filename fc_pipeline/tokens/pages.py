"""Pictures and tables of the packed shards, for the page of their asset."""

from fc_model.artifacts import Artifact
from fc_pipeline.formatting import amount, markdown_table, percent
from fc_pipeline.report.drawing import show
from fc_pipeline.tokens.report import mix_pictures, mix_rows


def shards_page(artifact: Artifact) -> dict[str, str]:
    """The realised mix beside the one asked for, tokens and lengths of documents by domain."""
    rows = [
        [
            row["domain"],
            percent(row["asked"]),
            percent(row["packed"]),
            row["tokens"],
            row["documents"],
            amount(row["epochs"]),
            row["holdout_tokens"],
        ]
        for row in mix_rows(artifact)
    ]
    header = ["domain", "asked", "packed", "training tokens", "documents", "epochs", "held-out tokens"]
    return {"mix": f"{show(*mix_pictures(artifact))}\n\n{markdown_table(header, rows)}"}
