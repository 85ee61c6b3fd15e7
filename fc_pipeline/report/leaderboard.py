"""The leaderboard: one row a report, to compare runs and tracks."""

import json
from typing import Any

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.lineage.licences import licence_names

ROW_FILE = "row.json"
_NO_FIGURES: dict[str, Any] = {
    "bits_per_byte": None,
    "bits_per_byte_mix": None,
    "perplexity": None,
    "domains": {},
    "weights": None,
    "stage": None,
    "parameters": None,
    "tokens": 0,
    "flops": 0,
}
"""Columns of the leaderboard, with the values of a track that lacks them."""


def leaderboard(store: Store) -> list[dict[str, Any]]:
    """The rows of all reports of all tracks in the store, lowest bits per byte first.

    A row is the report's row.json (see `row`), with the report's `identity`, `committed_at` and `seconds`.
    """
    rows = []
    for key in store.keys():  # noqa: SIM118 - a store is no mapping
        if key.endswith("/report"):
            for artifact in store.versions(key):
                try:
                    entry = json.loads(artifact.path(ROW_FILE).read_text("utf-8"))
                except (OSError, json.JSONDecodeError) as error:
                    raise UserError(f"{artifact.folder / ROW_FILE}: {error}; materialize {key} again") from error
                run = artifact.manifest.run
                rows.append({**entry, "identity": artifact.identity, "committed_at": run.get("committed_at")})
    return sorted(
        rows, key=lambda row: (row["bits_per_byte"] is None, row["bits_per_byte"], row["track"], row["identity"])
    )


def row(context: dict[str, Any]) -> dict[str, Any]:
    """A report's row of the leaderboard; it does not depend on time."""
    states = [gate["state"] for gate in context["gates"]]
    figures = {name: value for section in context["sections"] for name, value in section["row"].items()}
    return {
        "track": context["name"],
        **_NO_FIGURES,
        **figures,
        "gates": {state: states.count(state) for state in ("passed", "waived", "failed")},
        "licences": licence_names(context["licences"]),
        "digests": {artifact.key: artifact.digest for artifact in context["artifacts"]},
    }
