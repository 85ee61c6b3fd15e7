"""What a reader sees first: the verdict of the gates, and the few figures that matter."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from fc_model.artifacts import Artifact

NUM_FIGURES = 5


class KeyFigure(NamedTuple):
    """A figure that a section offers for the top of the report and of the model card."""

    value: float
    label: str
    artifact: Artifact
    format: str
    """Name of a function of fc_pipeline/formatting.py."""
    meaning: str
    """One sentence: what it tells, and which way is better."""
    rank: int
    """The lowest ranks are shown: 1 quality of what the model does, 2 of what is exported, 3 size."""


def key_figures(sections: Iterable[dict[str, Any]]) -> list[KeyFigure]:
    """The figures of lowest rank, those of one rank in the order of the sections."""
    figures = [figure for section in sections for figure in section["figures"]]
    return sorted(figures, key=lambda figure: figure.rank)[:NUM_FIGURES]


def verdict(gates: list[dict[str, Any]]) -> dict[str, Any]:
    """{"state": `passed`, `waived`, `failed` or `none`, "passed", "gates" (numbers), "failed", "waived" (the gates)}.

    gates: see facts.gates. A waived failure is no pass: the state is then `waived`.
    """
    failed, waived = ([gate for gate in gates if gate["state"] == state] for state in ("failed", "waived"))
    state = "failed" if failed else "waived" if waived else "passed" if gates else "none"
    passed = len(gates) - len(failed) - len(waived)
    return {"state": state, "passed": passed, "gates": len(gates), "failed": failed, "waived": waived}
