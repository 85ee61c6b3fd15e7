"""Weights that were accepted, `<FC_HOME>/feedback/<track>.json`; they are part of the recipe of what they weigh."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from fc_model.artifacts.files import make_folder, write_json
from fc_model.config.problems import problems
from fc_model.config.strict import Strict
from fc_model.errors import UserError, suggestion
from fc_model.strict_json import parse_json
from fc_pipeline.paths import fc_home

MOST = 3.0
"""No kind comes more than so many times as often, beside the others, as the track says."""

_YEAR_10000 = 253_402_300_800
"""The first second after the last that has a date; milliseconds since 1970 lie behind it."""

Weight = Annotated[float, Field(ge=1, le=MOST)]


class Weights(Strict):
    """How much more often a kind of dialogue, or a tool, comes than the track says; what is not named comes as it says.

    A weight multiplies the share, so it is never above `MOST` times what the track says, however often one is accepted.
    """

    kinds: dict[str, Weight] = Field(default={})
    tools: dict[str, Weight] = Field(default={})


class Accepted(Strict):
    """The content of the file."""

    weights: Weights
    evaluation: str = Field(description="Which one asked for them: key@identity. It is not asked again.")
    at: float = Field(default=0.0, ge=0, lt=_YEAR_10000, description="When, in seconds since 1970.")


def feedback_file(home: Path, track: str) -> Path:
    return home / "feedback" / f"{track}.json"


def read_accepted(home: Path, track: str) -> Accepted | None:
    """What was accepted for a track; None for nothing. Raises UserError, one line, for a damaged file."""
    path = feedback_file(home, track)
    remedy = "correct it, or delete it: then the shares are those of the track"
    try:
        return Accepted.model_validate(parse_json(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {remedy}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {problems(error, Accepted)}; {remedy}") from error
    except ValueError as error:  # UnicodeDecodeError is one
        raise UserError(f"{path}: not JSON ({error}); {remedy}") from error


def accepted_weights(track: str, *, kinds: Collection[str], tools: Collection[str]) -> Weights:
    """The weights of a track in FC_HOME. Raises UserError for a kind or a tool that is not among these."""
    home = fc_home()
    accepted = read_accepted(home, track)
    weights = Weights() if accepted is None else accepted.weights
    for what, names, known in (("kind", weights.kinds, kinds), ("tool", weights.tools, tools)):
        for name in names:
            if name not in known:
                raise UserError(
                    f"{feedback_file(home, track)}: no {what} {name!r} is trained on{suggestion(name, known)}; take it "
                    "out, or delete the file"
                )
    return weights


def accept(home: Path, track: str, accepted: Accepted) -> None:
    """Write the file; it is whole or as before. The weights replace the earlier ones."""
    path = feedback_file(home, track)
    make_folder(path.parent)
    write_json(path, accepted.model_dump(mode="json"))
