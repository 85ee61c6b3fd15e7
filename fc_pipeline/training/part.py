"""Training as a part of a track: a step a stage, from the weights of the stage before it."""

from collections.abc import Iterator, Sequence
from typing import Any

from fc_model.config.lora import LoraConfig
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.training.config import TrainingFields

with deferred_imports():
    from fc_pipeline.training.pages import stage_page
    from fc_pipeline.training.report import training
    from fc_pipeline.training.stage import train_stage


def check(track: TrainingFields) -> None:
    """Raise ValueError where a stage does not fit the model, lacks a base to adapt, or no stage can be exported."""
    for name, stage in track.stages.items():
        if stage.seq_len > track.model.context_length:
            raise ValueError(
                f"stages.{name}.seq_len ({stage.seq_len}) exceeds model.context_length ({track.model.context_length})"
            )
        if stage.lora is not None:
            _check_lora(track, name, stage.lora)
    if all(stage.kind != "pretrain" for stage in track.stages.values()):
        raise ValueError("stages: none is of kind pretrain, so there is nothing to export: add one")


def _check_lora(track: TrainingFields, name: str, lora: LoraConfig) -> None:
    if track.main_stages[0][0] == name:
        raise ValueError(f"stages.{name}.lora: no stage before it trains weights that it could adapt: set it to null")
    try:
        lora.check_model(track.model)
    except ValueError as error:
        raise ValueError(f"stages.{name}.lora: {error}") from None


def training_steps(track: TrainingFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """A step a stage. The parts add its inputs: documents, images and so on."""
    start: str | None = None
    before: str | None = None
    for name, stage in track.stages.items():
        goes_on = stage.kind != "overfit"
        extensions = [added for part in parts if (added := part.extend_stage(track, name, stage)) is not None]
        whole = stage.model_copy(update={field: value for one in extensions for field, value in one.stage.items()})
        config: dict[str, Any] = {
            "model": track.model.model_dump(mode="json"),
            "stage": whole.model_dump(mode="json"),
            # An adapter belongs to weights that are exported; a stage that goes on takes the last step's.
            **({"start_weights": track.weights} if stage.lora is not None else {}),
            **{field: value for one in extensions for field, value in one.config.items()},
        }
        reads = [one.reads for one in extensions if one.reads]
        yield StepSpec(
            key=track.stage_key(name),
            function=train_stage,
            description=f"{stage.num_steps:,} steps of {reads[-1] if reads else stage.kind}.",
            group=f"{track.name}_training",
            config=config,
            inputs={role: key for one in extensions for role, key in one.inputs.items()}
            | ({"start": start} if start and goes_on else {}),
            requires=(before,) if before else (),
            kinds=("pytorch", "mlflow"),
            accelerator=True,
            page=stage_page,
            key_metrics=("loss_final", "holdout_bpb", "ema_bpb", "tokens", "tokens_per_second"),
        )
        before = track.stage_key(name)
        start = before if goes_on else start


PART = Part(
    name="training",
    fields=TrainingFields,
    steps=training_steps,
    check=check,
    sections=(Section(name="training", title="Training", read=training, phase="training"),),
)
