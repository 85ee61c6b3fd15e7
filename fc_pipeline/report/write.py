"""The step that writes report.html, report.md, model_card.md and row.json of a track."""

import json
import re
from typing import Any

from fc_model.artifacts import Artifact, Store
from fc_pipeline.engine.part import Section, template_folder
from fc_pipeline.engine.step import Step
from fc_pipeline.lineage.licences import USES, licence_names
from fc_pipeline.report import facts
from fc_pipeline.report.changes import changes, last_report
from fc_pipeline.report.figures import key_figures, verdict
from fc_pipeline.report.leaderboard import ROW_FILE, row
from fc_pipeline.report.pages import MILESTONES_FILE
from fc_pipeline.report.render import Renderer

_TEMPLATES = {"html": "html.j2", "md": "md.j2", "card": "card.md.j2", "lead": "lead.md.j2"}


def write_report(step: Step) -> None:
    """Write the report and the model card from the manifests and files of the inputs alone.

    config: {"name", "description", "sections": {name: title}, "gates", "milestones"}, the last two as in the track.
    inputs: every artifact of the track, any roles, in the order of the steps. helpers: the reader of each section. The
    same inputs give the same report.md, model_card.md, milestones.md (where there are any) and row.json; report.html
    also shows times, identities, and what changed since the report before it in the store, so it counts as a log.
    Metrics: bits_per_byte of the last evaluation; gates_passed, gates_waived, gates_failed.
    """
    titles = step.config["sections"]
    sections = [Section(name=name, title=titles[name], read=step.helpers[name]) for name in titles]
    context = gather(step.config, list(step.inputs.values()), sections)
    store = Store(step.runtime.home)
    earlier = last_report(store, step.key, but=step.out.folder.name)
    context["changes"] = changes(context["artifacts"], earlier, store) if earlier is not None else None
    renderer = Renderer([template_folder(section.read) for section in sections])
    step.out.write_text("report.html", renderer.html("report.html.j2", context), content=False)
    step.out.write_text("report.md", renderer.markdown("report.md.j2", context))
    step.out.write_text("model_card.md", renderer.markdown("model_card.md.j2", context))
    if context["milestones"]:
        step.out.write_text(MILESTONES_FILE, renderer.markdown("milestones.md.j2", context))
    line = row(context)
    step.out.write_text(ROW_FILE, json.dumps(line, indent=1, allow_nan=False) + "\n")
    step.out.metrics |= {f"gates_{state}": count for state, count in line["gates"].items()}
    if line["bits_per_byte"] is not None:
        step.out.metrics["bits_per_byte"] = line["bits_per_byte"]


def gather(config: dict[str, Any], artifacts: list[Artifact], sections: list[Section]) -> dict[str, Any]:
    """The context of the templates: the tables of all artifacts, and the sections that have data."""
    costs = facts.cost(artifacts)
    shown = [
        {"figures": [], "row": {}, "front": {}, "results": [], **data, **_about(section)}
        for section in sections
        if (data := section.read(artifacts)) is not None
    ]
    gates = facts.gates(artifacts, track=config["name"])
    lineage = facts.lineage(artifacts)
    context = {
        "name": config["name"],
        "description": config["description"],
        "artifacts": artifacts,
        "sections": shown,
        "gates": gates,
        "milestones": facts.milestones(config, gates),
        "verdict": verdict(gates),
        "figures": key_figures(shown),
        "costs": costs,
        "totals": facts.totals(costs),
        "lineage": lineage,
        "numbers": {row["identity"]: number for number, row in enumerate(lineage, start=1)},
        "licences": facts.licences(artifacts),
        "uses": USES,
    }
    return context | {"card": card(context)}


def _about(section: Section) -> dict[str, Any]:
    """Name and title of a section, and which of its templates there are."""
    files = {path.name for path in template_folder(section.read).iterdir()}
    names = {kind: f"{section.name}.{suffix}" for kind, suffix in _TEMPLATES.items()}
    templates = {kind: name if name in files else None for kind, name in names.items()}
    return {"name": section.name, "title": section.title, **templates}


def card(context: dict[str, Any]) -> dict[str, Any]:
    """The front matter of the model card, in the fields of the Hugging Face hub."""
    front: dict[str, Any] = {name: value for section in context["sections"] for name, value in section["front"].items()}
    names = licence_names(context["licences"])
    # The hub wants an id of lower case; the expression stands below, with the sources.
    ids = [re.sub(r"[^a-z0-9.]+", "-", name.lower()) for name in names]
    front |= {"license": ids[0]} if len(ids) == 1 else {"license": "other", "license_name": "-and-".join(ids)}
    front |= {"library_name": "transformers", "pipeline_tag": "text-generation"}
    front["datasets"] = sorted({entry["source"] for entry in context["licences"] if entry["use"] == "trained"})
    if results := [result for section in context["sections"] for result in section["results"]]:
        front["model-index"] = [{"name": context["name"], "results": results}]
    return front
