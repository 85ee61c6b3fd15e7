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
    report = clusters(artifact)
    if not report["groups"]:
        return {}
    groups = "\n".join(
        f"- {group['size']:,} documents like {code(group['id'])}\n"
        + "".join(
            f"    - {code(member['id'])}, Jaccard {member['jaccard']:.2f}\n"
            for member in group["members"][:_SHOWN_MEMBERS]
        )
        for group in report["largest"]
    )
    pairs = [[pair["source"], pair["duplicate_of"], pair["reason"], pair["documents"]] for pair in report["by_source"]]
    return {
        "clusters": show(*report["pictures"]),
        "largest_groups": groups,
        "copies_by_source": markdown_table(["source", "copies of", "kind", "documents"], pairs),
    }


def contamination_page(artifact: Artifact) -> dict[str, str]:
    """Of decontaminated documents: items by eval set, and the hits that match most."""
    report = contamination([artifact])
    assert report is not None  # its files say that it is one
    columns = ["items", "clean", "touched", "unchecked", "hits"]
    sets = [[row["evalset"], *(row[name] for name in columns)] for row in report["sets"]]
    shown = {"eval_sets": markdown_table(["eval set", "items", "clean", "found", "unchecked", "hits"], sets)}
    if report["hits"]:
        shown["hits_by_item"] = "\n".join(
            f"- {code(hit['item'])} in {code(hit['document'])}, {percent(hit['coverage'])} of it, {hit['action']}\n"
            f"    - {code(shortened(hit['matched']))}"
            for hit in report["hits"]
        )
    return shown


def filter_quality_page(artifact: Artifact) -> dict[str, str]:
    """Of the filters' worth: precision and recall, and what was missed."""
    report = filters([artifact])
    assert report is not None
    rows = [
        [row["kind"], row["cases"], percent(row["precision"]), percent(row["recall"]), len(row["misses"])]
        for row in report["rows"]
    ]
    misses = [
        f"- {row['kind']}, {code(miss['miss'])}: {code(miss['why'])}\n    - {code(shortened(miss['excerpt']))}"
        for row in report["rows"]
        for miss in row["misses"]
    ]
    shown = {"filters": markdown_table(["filter", "cases", "precision", "recall", "misses"], rows)}
    return shown | ({"misses": "\n".join(misses)} if misses else {})
