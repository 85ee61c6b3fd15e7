"""Pictures and tables of the cleaned documents, for the pages of their assets."""

from fc_model.artifacts import Artifact
from fc_pipeline.corpus.report import clusters, contamination, filters, waterfall
from fc_pipeline.formatting import markdown_table, percent
from fc_pipeline.report.drawing import show
from fc_pipeline.report.markdown import code, shortened

_SHOWN_MEMBERS = 3


def filtered_page(artifact: Artifact) -> dict[str, str]:
    """Of documents that were read or filtered: how many went for which reason."""
    return {"waterfall": show(waterfall(artifact))} if artifact.manifest.counters.read else {}


def clusters_page(artifact: Artifact) -> dict[str, str]:
    """Of deduplicated documents: groups of duplicates by size and source, the largest with their members."""
    found = clusters(artifact)
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
        "clusters": show(*found["pictures"]),
        "largest_groups": groups,
        "copies_by_source": markdown_table(["source", "copies of", "kind", "documents"], pairs),
    }


def contamination_page(artifact: Artifact) -> dict[str, str]:
    """Of decontaminated documents: items by eval set, and the hits that match most."""
    found = contamination([artifact])
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


def filter_quality_page(artifact: Artifact) -> dict[str, str]:
    """Of the filters' worth: precision and recall, and what was missed."""
    found = filters([artifact])
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
