"""The pictures and tables of the report, one artifact's on the page of its asset."""

from fc_model.artifacts import Artifact
from fc_pipeline.components import image_pictures
from fc_pipeline.components.markdown import code, embedded, markdown_table, shortened
from fc_pipeline.report import documents, mixture
from fc_pipeline.report.curves import reading_curves
from fc_pipeline.report.drawing import Picture, png
from fc_pipeline.report.images import FACES_FILE, is_image_shards
from fc_pipeline.report.render import amount, percent

_SHOWN_MEMBERS = 3


def pictures(artifact: Artifact) -> dict[str, str]:
    """Markdown by name: of filtered, deduplicated or decontaminated documents, of the filters' worth, of shards, of
    fonts, of images, of stages that learn to read and of what they read.

    Which of them an artifact is, its files and its key say. Everything else has none.
    """
    files = {entry.path for entry in artifact.manifest.files}
    if "clusters.json" in files:
        return _clusters(artifact)
    if "hits.jsonl.zst" in files:
        return _hits(artifact)
    if "filter_quality.json" in files:
        return _filters(artifact)
    if "token_bytes.bin" in files:
        return _shards(artifact)
    if FACES_FILE in files:
        return image_pictures.fonts(artifact)
    if is_image_shards(artifact):
        return image_pictures.image_shards(artifact)
    if "/image_evals/" in artifact.key:
        return image_pictures.image_evals(artifact)
    if "metrics.jsonl" in files:
        curves = reading_curves(artifact.path("metrics.jsonl"))
        return {"held_out_exact": _show(*curves)} if curves else {}
    if "drops.json" in files and artifact.manifest.counters.read:
        return {"waterfall": _show(documents.waterfall(artifact))}
    return {}


def _show(*shown: Picture) -> str:
    return "\n\n".join(embedded(picture.title, png(picture)) for picture in shown)


def _clusters(artifact: Artifact) -> dict[str, str]:
    (found,) = documents.duplicates([artifact])
    if not found["groups"]:
        return {}
    groups = "\n".join(
        f"- {group['size']:,} documents like {code(group['id'])}\n"
        + "".join(
            f"    - {code(member['id'])}, Jaccard {member['jaccard']:.2f}\n"
            for member in group["members"][:_SHOWN_MEMBERS]
        )
        for group in found["largest"]
    )
    pairs = [[pair["source"], pair["duplicate_of"], pair["reason"], pair["documents"]] for pair in found["by_source"]]
    return {
        "clusters": _show(*found["pictures"]),
        "largest_groups": groups,
        "copies_by_source": markdown_table(["source", "copies of", "kind", "documents"], pairs),
    }


def _hits(artifact: Artifact) -> dict[str, str]:
    found = documents.contamination([artifact])
    assert found is not None  # its files say that it is one
    columns = ["items", "clean", "touched", "unchecked", "hits"]
    sets = [[row["evalset"], *(row[name] for name in columns)] for row in found["sets"]]
    shown = {"eval_sets": markdown_table(["eval set", "items", "clean", "found", "unchecked", "hits"], sets)}
    if found["hits"]:
        shown["hits_by_item"] = "\n".join(
            f"- {code(hit['item'])} in {code(hit['document'])}, {percent(hit['coverage'])} of it, {hit['action']}\n"
            f"    - {code(shortened(hit['matched']))}"
            for hit in found["hits"]
        )
    return shown


def _filters(artifact: Artifact) -> dict[str, str]:
    found = documents.filters(artifact)
    assert found is not None
    rows = [
        [row["kind"], row["cases"], percent(row["precision"]), percent(row["recall"]), len(row["misses"])]
        for row in found["rows"]
    ]
    misses = [
        f"- {row['kind']}, {code(miss['miss'])}: {code(miss['why'])}\n    - {code(shortened(miss['excerpt']))}"
        for row in found["rows"]
        for miss in row["misses"]
    ]
    shown = {"filters": markdown_table(["filter", "cases", "precision", "recall", "misses"], rows)}
    return shown | ({"misses": "\n".join(misses)} if misses else {})


def _shards(artifact: Artifact) -> dict[str, str]:
    asked = artifact.manifest.recipe.config.get("weights", {})
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
        for row in mixture.mix(artifact, asked)
    ]
    header = ["domain", "asked", "packed", "training tokens", "documents", "epochs", "held-out tokens"]
    return {"mix": f"{_show(*mixture.mix_pictures(artifact, asked))}\n\n{markdown_table(header, rows)}"}
