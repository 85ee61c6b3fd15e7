"""A track: the one file in which a person says what to read, what to train and what must hold.

A track is a Dagster component, `fc_pipeline/defs/tracks/<name>/defs.yaml`. `extends:` names another track whose
fields it starts from: mappings are merged, everything else is replaced, and null takes an entry of a mapping away.
Nothing here imports torch or Dagster.
"""

import difflib
import re
import types
from functools import cached_property
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.corpus.config import DedupConfig, FilterConfig, HoldoutConfig
from fc_pipeline.corpus.decontamination.config import DecontaminationConfig
from fc_pipeline.engine.gates import Gate
from fc_pipeline.evals.images import ImageEvalConfig
from fc_pipeline.evals.text import EvalConfig
from fc_pipeline.exports.export import GgufConfig, ParityConfig
from fc_pipeline.images.config import ImagesConfig
from fc_pipeline.tokens.mixture_config import MixtureConfig
from fc_pipeline.tokens.train_tokenizer import TokenizerConfig
from fc_pipeline.yaml_loader import read_yaml

TRACKS = Path(__file__).resolve().parents[1] / "defs" / "tracks"
TRACK_TYPE = "fc_pipeline.components.Track"
_NAME = r"^[a-z][a-z0-9_]*$"


class CorpusConfig(Strict):
    """Documents before any tokenizer. Tracks that name the same corpus share it, and must declare it equally."""

    name: str = Field(pattern=_NAME, description="Name of the corpus; its artifacts are corpus/<name>/...")
    sources: list[str | dict[str, Any]] = Field(
        min_length=1,
        description="Names from fc_pipeline/sources/catalog, or whole source definitions of one's own.",
    )
    dumps: dict[str, list[str | dict[str, Any]]] = Field(
        default={},
        description="Later additions, in order: sources by name of the dump. Each is cleaned by itself and "
        "deduplicated against what came before, whose documents are not read again.",
    )
    filtering: FilterConfig = Field(default_factory=FilterConfig, description="What a document must be to be kept.")
    dedup: DedupConfig = Field(default_factory=DedupConfig, description="Exact and near-duplicate removal.")
    decontamination: DecontaminationConfig = Field(
        default_factory=DecontaminationConfig, description="Benchmarks of which nothing may be trained on."
    )
    holdout: HoldoutConfig = Field(default_factory=HoldoutConfig, description="What is never trained on.")

    @field_validator("dumps")
    @classmethod
    def _dump_names(cls, dumps: dict[str, list[str | dict[str, Any]]]) -> dict[str, list[str | dict[str, Any]]]:
        for name, sources in dumps.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name) or re.fullmatch(r"[0-9a-f]{16}", name):
                raise ValueError(f"dump name {name!r}: take lower case letters, digits and -_., as in 2026-11")
            if not sources:
                raise ValueError(f"dump {name} has no sources: name one, or take the dump away")
        return dumps

    @property
    def all_sources(self) -> list[str | dict[str, Any]]:
        """The entries of the corpus and of its dumps, in order."""
        return [*self.sources, *(entry for sources in self.dumps.values() for entry in sources)]

    @property
    def parts(self) -> list[str]:
        """Its artifacts in the order of the work, as the last part of their keys: filtered, dumps/filtered/2026-11."""
        clean = ["filtered", "deduplicated", *(["decontaminated"] if self.decontamination.evalsets else [])]
        model = ["perplexity_model"] if any(chosen.kind == "perplexity" for chosen in self.filtering.filters) else []
        dumps = [f"dumps/{part}/{dump}" for dump in self.dumps for part in clean]
        return [*model, "filter_quality", *clean, *dumps, "split"]


class ExportsConfig(Strict):
    gguf: GgufConfig = Field(default_factory=GgufConfig, description="Files for llama.cpp.")


class TrackConfig(Strict):
    """Everything that one model is made from."""

    name: str = Field(pattern=_NAME, description="Name of the track: the first part of its asset keys.")
    description: str = Field(default="", description="One sentence for the UI, the report and the model card.")
    owners: list[str] = Field(default=[], description="team:<name> or e-mail addresses, shown in the UI.")
    corpus: CorpusConfig = Field(description="Which documents, and how they are cleaned.")
    tokenizer: TokenizerConfig = Field(description="The tokenizer that is trained on the corpus.")
    mixture: MixtureConfig = Field(description="Domain weights and token budget of the packed shards.")
    model: ModelConfig = Field(description="Shape of the decoder; vocab_size is the tokenizer's.")
    images: ImagesConfig | None = Field(default=None, description="What the model sees; null for a track of text.")
    vision: VisionConfig | None = Field(default=None, description="Encoder and fusion; null for a track of text.")
    stages: dict[str, StageConfig] = Field(min_length=1, description="Stages of training, in order, by name.")
    evals: EvalConfig = Field(default_factory=EvalConfig, description="Held-out evaluation after every stage.")
    image_evals: ImageEvalConfig = Field(
        default_factory=ImageEvalConfig, description="Reading, answers and retrieval after every stage with images."
    )
    exports: ExportsConfig = Field(default_factory=ExportsConfig, description="Formats for other runtimes.")
    parity: ParityConfig = Field(default_factory=ParityConfig, description="Comparison of the exports with torch.")
    gates: list[Gate] = Field(default=[], description="What must hold before anything goes on.")
    fresh_for_days: int = Field(
        default=14, ge=1, description="The UI warns when the shards are older than this, and is red at twice the age."
    )
    rebuild_cron: str = Field(default="0 3 * * 0", description="When the schedule rebuilds the shards, if switched on.")

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, raw: Any) -> Any:
        """The vocabulary's size and the stages' names are said once."""
        if not isinstance(raw, dict):
            return raw
        raw = dict(raw)
        tokenizer, model, stages = raw.get("tokenizer"), raw.get("model"), raw.get("stages")
        if isinstance(tokenizer, dict) and isinstance(model, dict):
            size = tokenizer.get("vocab_size")
            if model.setdefault("vocab_size", size) != size:
                raise ValueError(
                    f"model.vocab_size ({model['vocab_size']}) is not tokenizer.vocab_size ({size}): leave it out"
                )
        if isinstance(stages, dict):
            raw["stages"] = {
                name: {**stage, "name": name} if isinstance(stage, dict) else stage for name, stage in stages.items()
            }
        return raw

    @field_validator("stages")
    @classmethod
    def _names(cls, stages: dict[str, StageConfig]) -> dict[str, StageConfig]:
        for name in stages:
            if not name.replace("_", "").isalnum() or name != name.lower():
                raise ValueError(f"stage name {name!r}: take lower case letters, digits and _")
        return stages

    @model_validator(mode="after")
    def _adds_up(self) -> "TrackConfig":
        for name, stage in self.stages.items():
            if stage.seq_len > self.model.context_length:
                raise ValueError(
                    f"stages.{name}.seq_len ({stage.seq_len}) exceeds model.context_length "
                    f"({self.model.context_length})"
                )
        self._check_eyes()
        if not self._pretraining:
            raise ValueError("stages: none is of kind pretrain, so there is nothing to export: add one")
        for name in self.mixture.stages:
            if name not in dict(self._pretraining):
                raise ValueError(
                    f"mixture.stages: {name!r} is no stage of pre-training{_suggest(name, set(self.stages))}"
                )
        self._check_budget(
            "mixture.tokens",
            self.mixture.tokens,
            [(name, stage) for name, stage in self.main_stages if name not in self.mixture.stages],
        )
        for name, part in self.packed_mixture.stages.items():
            self._check_budget(f"mixture.stages.{name}.tokens", part.tokens or 0, [(name, self.stages[name])])
        known = {"tokenizer", "shards", "exports/huggingface", "exports/gguf", "parity", "report"}
        known |= {f"stages/{name}" for name in self.stages} | {f"evals/{name}" for name, _ in self.main_stages}
        known |= {f"image_evals/{name}" for name, stage in self.stages.items() if stage.images is not None}
        if self.images is not None:
            known |= {"images", *(["synthetic"] if self.images.synthetic is not None else [])}
        known |= {f"corpus/{part}" for part in self.corpus.parts}
        for gate in self.gates:
            if gate.artifact not in known:
                close = _suggest(gate.artifact, known)
                raise ValueError(f"gates: {gate.artifact!r} is no artifact of this track or of its corpus{close}")
        return self

    def _check_budget(self, field: str, tokens: int, stages: list[tuple[str, StageConfig]]) -> None:
        limit = tokens * self.mixture.max_passes
        reads = {name: stage.text_tokens for name, stage in stages}
        if sum(reads.values()) > limit:
            parts = " + ".join(f"{name} {count:,}" for name, count in reads.items())
            raise ValueError(
                f"the stages read {sum(reads.values()):,} tokens ({parts}), {field} "
                f"({tokens:,}) x max_passes ({self.mixture.max_passes:g}) gives {limit:,.0f}: "
                f"raise {field} or lower the stages"
            )

    def _check_eyes(self) -> None:
        """Every stage with images has what it sees by, and its sequences fit."""
        seeing = [(name, stage.images) for name, stage in self.stages.items() if stage.images is not None]
        if not seeing:
            if self.images is not None or self.vision is not None:
                raise ValueError("images and vision belong to a track with a stage of kind multimodal: add one")
            return
        if self.images is None or self.vision is None:
            raise ValueError(f"stages.{seeing[0][0]} sees images: the track needs `images` and `vision`")
        try:
            self.vision.fusion.check_widths(self.vision.encoder, self.model.hidden_size)
        except ValueError as error:
            raise ValueError(f"vision: {error}") from None
        for name, images in seeing:
            try:
                images.check_vision(
                    self.vision, hidden_size=self.model.hidden_size, context_length=self.model.context_length
                )
            except ValueError as error:
                raise ValueError(f"stages.{name}.images: {error}") from None

    @cached_property
    def packed_mixture(self) -> MixtureConfig:
        """The mixture with the tokens of every stage that has one of its own."""
        stages = {
            name: part
            if part.tokens is not None
            else part.model_copy(update={"tokens": self.stages[name].num_steps * self.stages[name].batch_tokens})
            for name, part in self.mixture.stages.items()
        }
        return self.mixture.model_copy(update={"stages": stages})

    @property
    def main_stages(self) -> list[tuple[str, StageConfig]]:
        """The stages whose weights go on, in order: all but those that overfit."""
        return [(name, stage) for name, stage in self.stages.items() if stage.kind != "overfit"]

    @property
    def _pretraining(self) -> list[tuple[str, StageConfig]]:
        return [(name, stage) for name, stage in self.stages.items() if stage.kind == "pretrain"]

    @cached_property
    def pretrain_tokens(self) -> int:
        """Tokens that all stages of pre-training read together."""
        return sum(stage.num_steps * stage.batch_tokens for _, stage in self._pretraining)

    @property
    def final_stage(self) -> str:
        """The stage whose weights are exported: the last one whose weights go on."""
        return self.main_stages[-1][0]


def parse_track(name: str, attributes: dict[str, Any]) -> TrackConfig:
    """Validate attributes in which `extends` is already resolved.

    Raises UserError, one line: the track, each field, what is wrong and the mend.
    """
    try:
        return TrackConfig.model_validate({**attributes, "name": name})
    except ValidationError as error:
        problems = [_problem(item, attributes) for item in error.errors()]
        raise UserError(f"tracks/{name}: {'; '.join(problems)}") from error


def read_attributes(name: str, folder: Path = TRACKS, *, _seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The attributes of a track's file with `extends` resolved.

    Raises UserError for a missing or broken file and for tracks that extend each other in a circle.
    """
    if name in _seen:
        raise UserError(f"tracks extend each other in a circle: {' -> '.join((*_seen, name))}")
    path = folder / name / "defs.yaml"
    try:
        raw = read_yaml(path.read_text("utf-8"))
    except FileNotFoundError as error:
        names = [found.parent.name for found in folder.glob("*/defs.yaml")]
        raise UserError(f"there is no track {name!r}{_suggest(name, set(names))}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict) or raw.get("type") != TRACK_TYPE or not isinstance(raw.get("attributes"), dict):
        raise UserError(f"{path}: a track needs `type: {TRACK_TYPE}` and `attributes:`")
    return resolve_extends(raw["attributes"], folder, _seen=(*_seen, name))


def resolve_extends(
    attributes: dict[str, Any], folder: Path = TRACKS, *, _seen: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The attributes laid over those of the track that they extend, if any."""
    own = {key: value for key, value in attributes.items() if key != "extends"}
    if attributes.get("extends") is None:
        return own
    return _merge(read_attributes(str(attributes["extends"]), folder, _seen=_seen), own)


def load_tracks(folder: Path = TRACKS) -> dict[str, TrackConfig]:
    """Every track below the folder, by name, sorted. Raises UserError for the first that is wrong."""
    names = sorted(path.parent.name for path in folder.glob("*/defs.yaml"))
    return {name: parse_track(name, read_attributes(name, folder)) for name in names}


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged, other values replaced, null takes an entry of the base away."""
    merged = dict(base)
    for key, value in over.items():
        if value is None and isinstance(base.get(key), dict):
            del merged[key]
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = _merge(base[key], value)
        else:
            merged[key] = value
    return merged


def _problem(item: Any, attributes: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{where} is no field{_suggest(str(item['loc'][-1]), _fields_at(item['loc'][:-1]))}"
    if item["type"] == "missing":
        return f"{where} is missing: add it"
    message = item["msg"].removeprefix("Value error, ")
    return message if item["type"] == "value_error" and not where else f"{where}: {message}"


def _fields_at(location: tuple[Any, ...]) -> set[str]:
    """Names of the fields of the model at a place in the track."""
    model: Any = TrackConfig
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[part].annotation if part in model.model_fields else None
        elif get_origin(model) in (dict, list):
            model = get_args(model)[-1]
        if get_origin(model) in (Union, types.UnionType):
            model = next((choice for choice in get_args(model) if isinstance(choice, type)), None)
    return set(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else set()


def _suggest(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else (f"; there are: {', '.join(sorted(known))}" if known else "")
