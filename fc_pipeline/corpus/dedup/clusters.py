"""Clusters of kept documents that resemble each other: the split must not tear them."""

from fc_pipeline.corpus.dedup.near_duplicates import Link
from fc_pipeline.corpus.dedup.verdicts import Verdicts


def clusters(verdicts: Verdicts, links: list[Link]) -> dict[int, str]:
    """The name of the cluster of each row that has relatives; every other document is a cluster of its own.

    Relatives within a dump are one cluster, named by its first document. Clusters of earlier dumps are published and
    cannot be joined any more: a cluster with relatives there takes the name of the cluster of the nearest of them.
    """
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        parent.setdefault(row, row)
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for link in links:
        if link.place == verdicts.own:
            low, high = sorted((root(link.row), root(link.number)))
            parent[high] = low
        else:
            root(link.row)
    nearest: dict[int, Link] = {}
    for link in links:
        if link.place != verdicts.own:
            head = root(link.row)
            known = nearest.get(head)
            if known is None or link.jaccard > known.jaccard:
                nearest[head] = link
    names = {
        head: verdicts.indexes[nearest[head].place].cluster(nearest[head].number)
        if head in nearest
        else verdicts.documents.ids.text(head)
        for head in {root(row) for row in parent}
    }
    return {row: names[root(row)] for row in sorted(parent)}
