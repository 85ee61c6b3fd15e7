"""The step that writes report.html, report.md, model_card.md and row.json of a track."""

import json
from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.engine.step import Step
from fc_pipeline.report import documents, facts, mixture, sections
from fc_pipeline.report.drawing import svg
from fc_pipeline.report.images import images, is_image_shards
from fc_pipeline.report.leaderboard import ROW_FILE, row
from fc_pipeline.report.pipeline_picture import pipeline_picture
from fc_pipeline.report.reading import FIGURES, reading
from fc_pipeline.report.render import render_html, render_markdown, size


def write_report(step: Step) -> None:
    """Write the report and the model card from the manifests and files of the inputs; nothing is typed in.

    config: {"name", "description", "weights": {domain: share}}. inputs: every artifact of the track, any roles, in the
    order of the work. The same inputs give the same report.md, model_card.md and row.json; report.html also shows
    times and identities, so it counts as a log.
    Metrics: bits_per_byte of the last evaluation; gates_passed, gates_waived, gates_failed.
    """
    context = gather(step.config, list(step.inputs.values()))
    step.out.write_text("report.html", render_html("report.html.j2", context), content=False)
    step.out.write_text("report.md", render_markdown("report.md.j2", context))
    step.out.write_text("model_card.md", render_markdown("model_card.md.j2", context))
    found = row(context)
    step.out.write_text(ROW_FILE, json.dumps(found, indent=1, allow_nan=False) + "\n")
    step.out.metrics |= {f"gates_{state}": count for state, count in found["gates"].items()}
    if found["bits_per_byte"] is not None:
        step.out.metrics["bits_per_byte"] = found["bits_per_byte"]


def gather(config: dict[str, Any], artifacts: list[Artifact]) -> dict[str, Any]:
    """All that the templates show."""
    by_part = {artifact.key.partition("/")[2]: artifact for artifact in artifacts}
    shards = by_part.get("shards")
    filter_quality = next((found for found in artifacts if found.key.endswith("/filter_quality")), None)
    costs = facts.cost(artifacts)
    stages = sections.stages(artifacts)
    evaluations = sections.evals(artifacts)
    return {
        "name": config["name"],
        "description": config["description"],
        "artifacts": artifacts,
        "picture": pipeline_picture(facts.edges(artifacts), _sublabels(artifacts)),
        "corpus": documents.corpus(artifacts),
        "filters": documents.filters(filter_quality),
        "duplicates": [
            {**found, "charts": list(map(svg, found["pictures"]))} for found in documents.duplicates(artifacts)
        ],
        "contamination": documents.contamination(artifacts),
        "mix": mixture.mix(shards, config["weights"]),
        "mix_charts": list(map(svg, mixture.mix_pictures(shards, config["weights"]))) if shards else [],
        "tokenizer": by_part.get("tokenizer"),
        "stages": stages,
        "evals": evaluations,
        "samples": sections.samples(evaluations),
        "images": images(config, artifacts),
        "reading": reading(artifacts),
        "figure_names": FIGURES,
        "gates": facts.gates(artifacts, track=config["name"]),
        "exports": sections.exports(artifacts),
        "parity": sections.parity(by_part.get("parity")),
        "costs": costs,
        "totals": facts.totals(costs),
        "lineage": facts.lineage(artifacts),
        "licences": facts.licences(artifacts),
        "parameters": stages[-1]["metrics"]["parameters"] if stages else None,
        "tokens": sum(stage["metrics"]["tokens"] for stage in stages),
        "flops": sum(stage["flops"] for stage in stages),
        "card": card(config, artifacts, evaluations),
    }


def card(config: dict[str, Any], artifacts: list[Artifact], evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    """The front matter of the model card, in the fields of the Hugging Face hub."""
    entries = facts.licences(artifacts)
    names = sorted({entry["licence"] for entry in entries})
    front: dict[str, Any] = {"language": _languages(artifacts)} if _languages(artifacts) else {}
    front |= (
        {"license": names[0].lower()} if len(names) == 1 else {"license": "other", "license_name": " AND ".join(names)}
    )
    front |= {"library_name": "transformers", "pipeline_tag": "text-generation"}
    front["datasets"] = sorted({entry["source"] for entry in entries})
    if evaluations:
        last = evaluations[-1]["chosen"]
        figures = {"all held-out documents": last["overall"]} | {f"held-out {d}": f for d, f in last["domains"].items()}
        front["model-index"] = [{"name": config["name"], "results": [_result(name, f) for name, f in figures.items()]}]
    return front


def _result(name: str, figures: dict[str, float]) -> dict[str, Any]:
    kinds = {"bits_per_byte": "Bits per byte", "perplexity": "Perplexity a token"}
    return {
        "task": {"type": "text-generation"},
        "dataset": {"name": name, "type": "held-out"},
        "metrics": [{"type": kind, "value": figures[kind], "name": label} for kind, label in kinds.items()],
    }


def _languages(artifacts: list[Artifact]) -> list[str]:
    """The languages that the corpus' filter keeps."""
    found = {
        language
        for artifact in artifacts
        for settings in artifact.manifest.recipe.config.get("filters", [])
        for language in settings.get("languages", [])
    }
    return sorted(found)


def _sublabels(artifacts: list[Artifact]) -> dict[str, str]:
    """A figure that tells most about each artifact, for the picture."""
    labels = {}
    for artifact in artifacts:
        metrics, counters = artifact.metrics, artifact.manifest.counters
        if "/evals/" in artifact.key:
            labels[artifact.key] = f"{metrics['bits_per_byte']:.3f} bits/byte"
        elif "/stages/" in artifact.key:
            labels[artifact.key] = f"{metrics['tokens'] / 1e6:,.3g}M tokens"
        elif counters.kept:
            labels[artifact.key] = f"{counters.kept:,} {_unit(artifact)}"
        else:
            labels[artifact.key] = size(artifact.num_bytes)
    return labels


def _unit(artifact: Artifact) -> str:
    """What the counters of an artifact count."""
    if artifact.key == "images/fonts":
        return "faces"
    return "images" if is_image_shards(artifact) else "documents"
