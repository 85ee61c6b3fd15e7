"""What a model that sees says about held-out images, with the images it should see and with others.

Shapes: B images, H and W pixels, N patches, Q tokens of an image, D width, E width of a feature.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fc_model.config.image_stage import ImageGroup, Task
from fc_model.data.images.decode import decode_stored
from fc_model.data.images.shards import ImageShards
from fc_model.evals.image_samples import ImageSample
from fc_model.evals.retrieval import recall
from fc_model.inference.answer import generate_answers, preprocess
from fc_model.inference.read import read_together
from fc_model.seed import derive_seed
from fc_model.special_tokens import BOS, PAD, SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_model.vision.examples import ExampleMaker
from fc_model.vision.prompts import READ
from fc_model.vision.vlm import VisionLanguageModel

_BATCH = 32
BOS_ID, PAD_ID = SPECIAL_TOKENS.index(BOS), SPECIAL_TOKENS.index(PAD)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What was said about a sample."""

    sample: ImageSample
    text: str | None
    """By the decoder, and by the CTC head with it where both read; None where that reads alone."""
    recognized: str | None = None
    """By the CTC head alone, where there is one and the task is to read."""
    decoded: str | None = None
    """By the decoder alone, where both read."""


@dataclass(frozen=True, kw_only=True)
class ImageReader:
    """A model with all that it takes to ask it about the samples of a split."""

    model: VisionLanguageModel
    tokenizer: Tokenizer
    shards: ImageShards
    groups: list[ImageGroup]
    max_tokens: dict[Task, int]
    """Longest answer by task; a group's text_tokens, which training cut at, bounds it as well."""

    @torch.no_grad()
    def predict(
        self, samples: Sequence[ImageSample], *, report: Callable[[int], None] | None = None
    ) -> list[Prediction]:
        """What the model says about each sample, in order; `report` is told how many are done."""
        predictions: dict[int, Prediction] = {}
        for places in self._batches(samples):
            batch = [samples[place] for place in places]
            images_BIHWC = self._pixels(batch)
            features_BND, tokens_BIQD = self.model.encode_images(images_BIHWC)
            decoded = self._decoded(batch, tokens_BIQD)
            recognized = self._recognized(batch, features_BND)
            if decoded is None or recognized is None:
                texts: Sequence[str | None] = decoded or [None] * len(batch)
                decoded = None
            else:
                texts = self._together(batch, images_BIHWC, tokens_BIQD, decoded)
            for row, place in enumerate(places):
                predictions[place] = Prediction(
                    sample=batch[row],
                    text=texts[row],
                    recognized=recognized[row] if recognized else None,
                    decoded=decoded[row] if decoded else None,
                )
            if report is not None:
                report(len(predictions))
        return [predictions[place] for place in range(len(samples))]

    def predict_shuffled(self, samples: Sequence[ImageSample], *, seed: int) -> list[Prediction]:
        """The same with the image of another sample of the same task, kind and group, each image used once.

        What is said right here is said without looking. Samples that have nothing to change with are left out.
        """
        alike: dict[tuple[Task, str, int], list[int]] = defaultdict(list)
        for place, sample in enumerate(samples):
            alike[sample.task, sample.kind, sample.group].append(place)
        instead: dict[int, int] = {}
        for (task, kind, _), places in sorted(alike.items()):
            random.Random(derive_seed(seed, "shuffled images", task, kind)).shuffle(places)
            if len(places) > 1:
                instead |= dict(zip(places, [*places[1:], places[0]], strict=True))
        order = sorted(instead)
        others = [samples[instead[place]] for place in order]
        shown = [
            replace(samples[place], number=other.number, size=other.size)
            for place, other in zip(order, others, strict=True)
        ]
        predictions = zip(order, self.predict(shown), strict=True)
        return [replace(prediction, sample=samples[place]) for place, prediction in predictions]

    @torch.no_grad()
    def retrieval(self, samples: Sequence[ImageSample]) -> dict[str, float]:
        """Recall of captioned samples both ways, with chance; see `fc_model.evals.retrieval.recall`."""
        images, texts = [], []
        for places in self._batches(samples):
            batch = [samples[place] for place in places]
            _, tokens_BIQD = self.model.encode_images(self._pixels(batch))
            images.append(self.model.image_features(tokens_BIQD).cpu())
            texts.append(self._caption_features([sample.answers[0] for sample in batch], batch[0].group).cpu())
        # In the order of the batches: it matters to neither direction.
        return recall(torch.cat(images).double().numpy(), torch.cat(texts).double().numpy())

    def _batches(self, samples: Sequence[ImageSample]) -> list[list[int]]:
        """Places of samples that can be computed together: of one task, group and size."""
        alike: dict[tuple[Task, int, int], list[int]] = defaultdict(list)
        for place, sample in enumerate(samples):
            alike[sample.task, sample.group, self._group(sample).width].append(place)
        return [
            places[start : start + _BATCH]
            for _, places in sorted(alike.items())
            for start in range(0, len(places), _BATCH)
        ]

    def _group(self, sample: ImageSample) -> ImageGroup:
        return self.groups[sample.group].bucket(*sample.size, patch=self.model.vision.token_pixels)

    def _pixels(self, batch: Sequence[ImageSample]) -> Tensor:
        """Images of samples of one size, (B, 1, H, W, 3), uint8."""
        group = self._group(batch[0])
        encoded = [self.shards.sample(sample.number).images for sample in batch]
        images = [preprocess(map(decode_stored, each), height=group.height, width=group.width) for each in encoded]
        return torch.stack(images).to(self.model.decoder.embed_tokens.weight.device)

    def _decoded(self, batch: Sequence[ImageSample], tokens_BIQD: Tensor) -> list[str] | None:
        if batch[0].task == "recognize":
            return None
        prompts = [self.tokenizer.encode(sample.prompt) for sample in batch]
        ids = generate_answers(self.model, tokens_BIQD, prompts, max_tokens=self._max_tokens(batch[0]))
        return [self.tokenizer.decode(answer) for answer in ids]

    def _recognized(self, batch: Sequence[ImageSample], features_BND: Tensor) -> list[str] | None:
        """By the CTC head, where the image is as high as the lines that it joins the patches of."""
        heads, group = self.model.heads, self.groups[batch[0].group]
        if heads is None or heads.recognizer is None or batch[0].task not in ("recognize", "read"):
            return None
        return heads.recognizer.read(features_BND) if self.model.vision.recognizes(group) else None

    def _together(
        self, batch: Sequence[ImageSample], images_BIHWC: Tensor, tokens_BIQD: Tensor, decoded: list[str]
    ) -> list[str]:
        return read_together(
            self.model,
            images_BIHWC,
            tokens_BIQD,
            decoded,
            prompt=self.tokenizer.encode(READ),
            transcript=ExampleMaker(self.tokenizer, self.model.vision).transcript,
            max_tokens=self._max_tokens(batch[0]),
        )

    def _max_tokens(self, sample: ImageSample) -> int:
        return min(self.max_tokens[sample.task], self.groups[sample.group].text_tokens)

    def _caption_features(self, captions: Sequence[str], group: int) -> Tensor:
        """Features of captions, (B, E), cut as in training."""
        length = self.groups[group].text_tokens
        texts = [[BOS_ID, *self.tokenizer.encode(caption)][:length] for caption in captions]
        device = self.model.decoder.embed_tokens.weight.device
        ids_BL = torch.full((len(texts), max(map(len, texts))), PAD_ID)
        for row, text in enumerate(texts):
            ids_BL[row, : len(text)] = torch.tensor(text)
        lengths_B = torch.tensor([len(text) for text in texts], device=device)
        return self.model.caption_features(ids_BL.to(device), lengths_B)
