"""Clusters of kept documents that resemble each other: the split must not tear them."""

from typing import Generic, TypeVar

from fc_pipeline.corpus.dedup.near_duplicates import Link
from fc_pipeline.corpus.dedup.verdicts import Verdicts

Name = TypeVar("Name", int, str)


class Ties(Generic[Name]):
    """Groups of names by pairs that belong together (union-find)."""

    def __init__(self) -> None:
        self.above: dict[Name, Name] = {}

    def group(self, name: Name) -> Name:
        """The least name of the group."""
        above = self.above.setdefault(name, name)
        while above != name:
            self.above[name] = self.above[above]
            name, above = self.above[name], self.above[self.above[name]]
        return name

    def tie(self, one: Name, other: Name) -> None:
        low, high = sorted((self.group(one), self.group(other)))
        self.above[high] = low


def clusters(verdicts: Verdicts, links: list[Link]) -> dict[int, str]:
    """The name of the cluster of each row that has relatives; every other document is a cluster of its own.

    Relatives within a dump are one cluster, named by its first document. Clusters of earlier dumps are published and
    cannot be joined any more: a cluster with relatives there takes the name of the cluster of the nearest of them.
    """
    ties: Ties[int] = Ties()
    for link in links:
        ties.tie(link.row, link.number if link.place == verdicts.own else link.row)
    nearest: dict[int, Link] = {}
    for link in links:
        if link.place != verdicts.own:
            head = ties.group(link.row)
            if head not in nearest or link.jaccard > nearest[head].jaccard:
                nearest[head] = link
    names = {head: verdicts.documents.ids.text(head) for head in set(map(ties.group, list(ties.above)))}
    names |= {head: verdicts.indexes[link.place].cluster(link.number) for head, link in nearest.items()}
    return {row: names[ties.group(row)] for row in sorted(ties.above)}
