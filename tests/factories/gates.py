"""Gates with waivers, as a track's file gives them."""

from typing import TypeVar

from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.waivers import Waiver

G = TypeVar("G", bound=Gate)


def waived(gate: G, reason: str, *, until: str | None = None) -> G:
    """The gate, waived by Ada Lovelace."""
    return gate.with_waiver(
        Waiver.model_validate({"gate": gate.name, "by": "Ada Lovelace", "reason": reason, "until": until})
    )
