"""A part of a track, such as documents, images, a kind of stage, an eval or an export, in one package.

A part brings its fields of the track's file, its steps, its sections of the report, and, on its steps, the pages of
its artifacts. `fc_pipeline/track/parts.py` is the only list of the parts.
"""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import Field, model_validator

from fc_model.artifacts import Artifact
from fc_model.config.stage import StageConfig
from fc_model.config.strict import Strict
from fc_model.errors import suggestion
from fc_pipeline.engine.deferred import path_of
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.milestones import MilestoneConfig
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.engine.waivers import Waiver

Phase = Literal["documents", "tokens", "images", "training", "evaluation", "exports"]
PHASES = get_args(Phase)
"""The phases of the work, in its order."""
NAME = r"^[a-z][a-z0-9_]*$"


class TrackFields(Strict):
    """Fields that every track has. A part's fields derive from these, or from those of the parts that it builds on."""

    name: str = Field(pattern=NAME, description="Name of the track: the first part of its asset keys.")
    description: str = Field(default="", description="One sentence for the UI, the report and the model card.")
    owners: list[str] = Field(default=[], description="team:<name> or e-mail addresses, shown in the UI.")
    gates: list[Gate] = Field(default=[], description="What must hold before anything goes on.")
    milestones: dict[Annotated[str, Field(pattern=r"^\w+$")], MilestoneConfig] = Field(
        default={}, description="Gates in groups, each a go or no-go, in the order of the work."
    )
    waivers: list[Waiver] = Field(default=[], description="Gates that may fail, each by whom and why; never inherited.")

    @model_validator(mode="after")
    def _refer_to_each_other(self) -> Self:
        """Raise ValueError for a gate of no milestone, a milestone without gates, and a waiver of no gate, or two."""
        for gate in self.gates:
            if gate.milestone is not None and gate.milestone not in self.milestones:
                known = suggestion(gate.milestone, self.milestones)
                raise ValueError(f"gates: {gate.name}: there is no milestone {gate.milestone!r}{known}")
        for name in self.milestones if self.gates else ():
            if name not in {gate.milestone for gate in self.gates}:
                raise ValueError(f"milestones.{name}: no gate names it: give it one, or take it away ({name}: null)")
        names = list(dict.fromkeys(gate.name for gate in self.gates))
        waived = [waiver.gate for waiver in self.waivers]
        for name in waived:
            if name not in names:
                raise ValueError(f"waivers: there is no gate {name!r}{suggestion(name, names)}")
            if waived.count(name) > 1:
                raise ValueError(f"waivers: {name} is waived twice: keep one")
        return self


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the report.

    It is shown by `<name>.html.j2` on the page, `<name>.md.j2` in Markdown, `<name>.card.md.j2` and `<name>.lead.md.j2`
    (its first paragraph) in the model card, of those that are in `templates/` beside the module that reads it.
    """

    name: str
    """Its templates and its anchor."""
    title: str
    """Its heading, and its entry in the table of contents."""
    phase: Phase = "documents"
    """Where in the order of the work it stands."""
    read: Callable[[list[Artifact]], dict[str, Any] | None]
    """The data of the templates, from the track's artifacts, under the name `section`; None hides the section.

    Some names are the report's own: `figures`, [KeyFigure] (fc_pipeline/report/figures.py) for the top of the page;
    `row`, what the leaderboard compares; `front` and `results`, fields and figures of the model card's front matter.
    """


def template_folder(function: Callable[..., Any]) -> Path:
    """`templates/` beside the module of a function; the module is not imported."""
    spec = importlib.util.find_spec(path_of(function).partition(":")[0])
    assert spec is not None and spec.origin is not None, f"{path_of(function)}: no such module"
    return Path(spec.origin).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class StageExtension:
    """Inputs and settings that a part adds to a training stage."""

    inputs: dict[str, str]
    """Role -> key of the artifact."""
    stage: dict[str, Any] = field(default_factory=dict)
    """Fields of its StageConfig that this part computes."""
    config: dict[str, Any] = field(default_factory=dict)
    """Further entries of the step's config."""
    reads: str = ""
    """What the steps of the stage train on, for its description."""


class Written(NamedTuple):
    """Conversations that a stage of the track writes."""

    key: str
    """Of the artifact, as those of `Part.conversations`."""
    stage: str
    """Stages of kind sft behind this one train on them, and no other: the graph has no circle."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a track; see the module's docstring."""

    name: str
    fields: type[TrackFields]
    steps: Callable[[Any, Sequence["Part"]], Iterator[StepSpec]]
    """The steps of a track (an instance of `fields`), in the order of the steps; the second argument is all parts."""
    stage_kind: str | None = None
    """Its own fields are for tracks with a stage of this kind; an experiment without such a stage leaves them out."""
    conversations: Callable[[Any], dict[str, str]] = lambda track: {}
    """Artifacts of conversations (fc_pipeline/instructions/document.py) to fine-tune on: source -> key."""
    holds_out: bool = False
    """Whether these artifacts have conversations for the evaluation alone, too, in HELD_OUT_FILES."""
    written_conversations: Callable[[Any], dict[str, Written]] = lambda track: {}
    """The same of conversations that a stage writes: source -> key and stage."""
    extend_stage: Callable[[Any, str, StageConfig], StageExtension | None] = lambda track, name, stage: None
    """What this part adds to the stage of this name; None adds nothing."""
    check: Callable[[Any], None] = lambda track: None
    """Raises ValueError, one line that names the field and the remedy, where fields contradict each other."""
    without: Callable[[Any, Sequence[str]], Any] = lambda track, ids: track
    """The track, with documents of these ids left out of what this part reads."""
    sections: tuple[Section, ...] = ()
