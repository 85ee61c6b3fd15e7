"""The report on the tokenizer's compression, beside public tokenizers."""

import json
from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.evals.tokenizer.compare import OURS


def compression(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"artifact", "domains": {domain: bytes of held-out text}, "bytes" (of all), "rows": [{"name", "title", "ours",
    "vocab_size", "domains": {domain: bytes a token}, "all"}], best compression first}.
    """
    artifact = next((artifact for artifact in artifacts if artifact.key.endswith("/tokenizer_comparison")), None)
    if artifact is None:
        return None
    report = json.loads(artifact.path("compression.json").read_text("utf-8"))
    metrics = artifact.metrics
    rows = [
        {
            "name": name,
            "title": title,
            "ours": name == OURS,
            "vocab_size": metrics[f"vocab_size_{name}"],
            "domains": {domain: metrics.get(f"bytes_per_token_{name}_{domain}") for domain in report["bytes"]},
            "all": metrics.get(f"bytes_per_token_{name}"),
        }
        for name, title in report["titles"].items()
    ]
    rows.sort(key=lambda row: -(row["all"] or 0))
    return {"artifact": artifact, "domains": report["bytes"], "rows": rows}
