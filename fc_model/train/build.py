"""What a stage file asks for, built: the objective, its batches and its held-out loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fc_model.checkpoints.load import load_encoder, load_weights, weights_of
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.data.prefetch import Batches
from fc_model.data.token_shards import Shards
from fc_model.data.windows import TrainBatches
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.model.lora import add_lora
from fc_model.seed import seed_torch
from fc_model.tokenizer import Tokenizer
from fc_model.train.compile import CompiledLoss
from fc_model.train.conversations import ConversationBatches, conversation_split
from fc_model.train.holdout import HoldoutLoss
from fc_model.train.image_groups import ImageBatches
from fc_model.train.image_holdout import ImageHoldoutLoss
from fc_model.train.image_objective import ImageObjective
from fc_model.train.objective import Objective, TextObjective
from fc_model.train.settings import StageFile
from fc_model.vision.encoders.vit import VisionEncoder
from fc_model.vision.examples import ExampleMaker
from fc_model.vision.vlm import DECODER, QUEUE, VisionLanguageModel

Evaluate = Callable[[torch.device, torch.dtype | None], dict[str, float]]
"""Figures on a fixed held-out sample; at least loss, bpb and ppl, of the text or of what the stage is for."""


@dataclass(frozen=True)
class Training:
    """All that a run drives."""

    objective: Objective
    batches: Batches
    evaluate: Evaluate
    bytes_per_token: float
    sized: StageConfig
    """The stage with the sizes that its images come to."""


def build_training(spec: StageFile, *, compiled: bool, way: str | None = None) -> Training:
    """Build what the stage file describes, with fresh weights; `start` puts those there that it starts from.

    `compiled` looks for the fastest way to compute the loss of text, `way` is the one that an earlier attempt took.

    Raises UserError when the shards are of another vocabulary or lack what a group of images needs.
    """
    stage = spec.stage
    train = Shards(spec.shards, stage.split)
    if train.vocab_size != spec.model.vocab_size:
        raise UserError(
            f"{spec.shards}: packed for a vocabulary of {train.vocab_size}, but model.vocab_size is "
            f"{spec.model.vocab_size}: set it to the tokenizer's"
        )
    windows, model = TrainBatches(train, stage), _model(spec)
    bytes_per_token = train.num_bytes / train.num_tokens
    decoder = model if isinstance(model, Decoder) else model.decoder
    calls = stage.window_steps
    compiled_loss = CompiledLoss(decoder, seq_len=stage.seq_len, calls=calls, way=way) if compiled else None
    if isinstance(model, Decoder) and spec.instructions is not None:
        return _on_conversations(spec, spec.instructions, train, model, compiled=compiled_loss)
    if isinstance(model, Decoder):
        objective = TextObjective(model, compiled=compiled_loss)
        return Training(objective, windows, HoldoutLoss(spec.shards, model, stage).evaluate, bytes_per_token, stage)
    assert spec.images is not None
    maker = ExampleMaker(Tokenizer(spec.shards / "tokenizer.model"), model.vision)
    text, images = HoldoutLoss(spec.shards, model.decoder, stage), ImageHoldoutLoss(spec.images, model, stage, maker)

    def evaluate_both(device: torch.device, dtype: torch.dtype | None) -> dict[str, float]:
        return text.evaluate(device, dtype) | images.evaluate(device, dtype)

    batches = ImageBatches(spec.images, windows, stage, maker)
    image_objective = ImageObjective(model, stage, compiled=compiled_loss)
    return Training(image_objective, batches, evaluate_both, bytes_per_token, batches.sized())


def _on_conversations(
    spec: StageFile, folder: Path, text: Shards, decoder: Decoder, *, compiled: CompiledLoss | None
) -> Training:
    """Loss over the assistant's tokens. Held out are conversations, and text beside them as `text_loss` and so on."""
    conversations = Shards(folder, conversation_split(spec.stage), tokenizer_fingerprint=text.tokenizer_fingerprint)
    replies = HoldoutLoss(folder, decoder, spec.stage)
    documents = HoldoutLoss(spec.shards, decoder, spec.stage)

    def evaluate_both(device: torch.device, dtype: torch.dtype | None) -> dict[str, float]:
        of_text = {f"text_{name}": value for name, value in documents.evaluate(device, dtype).items()}
        return replies.evaluate(device, dtype) | of_text

    return Training(
        TextObjective(decoder, compiled=compiled),
        ConversationBatches(conversations, text, spec.stage),
        evaluate_both,
        conversations.num_bytes / conversations.num_trained,
        spec.stage,
    )


def start(model: nn.Module, spec: StageFile) -> None:
    """Take over the weights that the stage starts from; others stay. Raises UserError for those of another model.

    The base of an adapter is in the model from its beginning, see `_model`.
    """
    if spec.stage.lora is not None:
        return
    own = weights_of(model)
    if spec.start is not None:
        prefix = "" if spec.stage.images is None else DECODER
        kept = {name: tensor for name, tensor in own.items() if not name.startswith(prefix)}
        tensors = {prefix + name: tensor for name, tensor in load_file(spec.start).items()}
        load_weights(model, kept | tensors, source=spec.start)
    if spec.stage.images is not None and spec.start_vision is not None:
        # The queue holds features of another stage's captions.
        kept = {name: tensor for name, tensor in own.items() if name.startswith((DECODER, QUEUE))}
        tensors = {name: tensor for name, tensor in load_file(spec.start_vision).items() if not name.startswith(QUEUE)}
        load_weights(model, kept | tensors, source=spec.start_vision)


def draw_again(model: nn.Module, spec: StageFile) -> None:
    """Put the fresh weights back that `build_training` began with."""
    load_weights(model, weights_of(_model(spec)), source=spec.shards)


def outputs(tensors: dict[str, Tensor], *, suffix: str = "") -> dict[str, dict[str, Tensor]]:
    """Weights by the file that a stage hands on: the decoder's as model or ema, all else as vision or vision_ema."""
    vision = {name: tensor for name, tensor in tensors.items() if name.split(".")[0] in ("encoder", "fusion", "heads")}
    decoder = {name.removeprefix(DECODER): tensor for name, tensor in tensors.items() if name not in vision}
    files = {f"{suffix or 'model'}.safetensors": decoder}
    return files | ({f"vision{'_' if suffix else ''}{suffix}.safetensors": vision} if vision else {})


def _model(spec: StageFile) -> Decoder | VisionLanguageModel:
    """The model with weights drawn from the stage's seed; with LoRA only the adapter is, and the rest is its start."""
    seed_torch(spec.stage.seed, "weights")
    if spec.stage.images is None:
        decoder = Decoder(_shape(spec))
        if spec.stage.lora is not None and spec.start is not None:
            load_weights(decoder, load_file(spec.start), source=spec.start)
            add_lora(decoder, spec.stage.lora)
        decoder.gradient_checkpointing = spec.stage.gradient_checkpointing
        return decoder
    assert spec.vision is not None
    model = VisionLanguageModel(_shape(spec), spec.vision, training_heads=spec.stage.images)
    if spec.vision.encoder.weights is not None:
        assert isinstance(model.encoder, VisionEncoder)
        load_encoder(model.encoder, Path(spec.vision.encoder.weights))
    model.decoder.gradient_checkpointing = spec.stage.gradient_checkpointing
    model.encoder.gradient_checkpointing = spec.stage.gradient_checkpointing
    return model


def _shape(spec: StageFile) -> ModelConfig:
    """The decoder's, with the dropout of the stage."""
    dropout = spec.stage.dropout
    return spec.model if dropout is None else spec.model.model_copy(update={"dropout": dropout})
