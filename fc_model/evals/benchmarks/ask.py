"""Asks a model the items of a benchmark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from fc_model.errors import UserError
from fc_model.evals.benchmarks.item import Item, text_hash
from fc_model.evals.benchmarks.multiple_choice import best
from fc_model.evals.benchmarks.tasks import Scores, Task
from fc_model.evals.benchmarks.written_answer import STOPS, cut_at_stop, number_scores
from fc_model.evals.log_likelihood import batch_tokens, encode_request, log_likelihoods
from fc_model.inference.greedy_batch import by_length, greedy_batch
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An item with what the model answered."""

    item: Item
    prompt_hash: str
    scores: Scores
    truncated: int
    """Tokens that the prompt lost at its left."""
    answer: dict[str, Any] = field(default_factory=dict)
    """{"log_likelihoods", "chosen"} or {"text"}."""


@dataclass(kw_only=True)
class Model:
    """What is asked."""

    decoder: Decoder
    tokenizer: Tokenizer
    dtype: torch.dtype | None = None
    """Type of autocast; None for plain fp32."""
    max_answer_tokens: int = 256


def ask(
    model: Model,
    task: Task,
    prompts: Sequence[tuple[Item, str]],
    *,
    where: str,
    report: Callable[[int], None] = lambda done: None,
) -> list[Asked]:
    """Every item with its scores, in the order of the prompts.

    Args:
        prompts: items with their whole prompts (`prompt_of`).
        where: what errors begin with.
        report: receives how many prompts are done.

    Raises:
        UserError: a choice does not fit into the context, or the model's numbers are not finite.
    """
    if task.score is None:
        return _ask_for_text(model, prompts, report)
    context = model.decoder.config.context_length
    requests = [
        [
            encode_request(model.tokenizer, prompt, f" {choice}", context_length=context, where=f"{where}: {item.id}")
            for choice in item.choices
        ]
        for item, prompt in prompts
    ]
    flat = [request for of_item in requests for request in of_item]
    values = iter(log_likelihoods(model.decoder, flat, dtype=model.dtype, report=report))
    asked = []
    for (item, prompt), of_item in zip(prompts, requests, strict=True):
        likelihoods = [next(values) for _ in of_item]
        if not all(map(math.isfinite, likelihoods)):
            raise UserError(f"{where}: {item.id}: a log-likelihood is not finite: train the stage again")
        asked.append(
            Asked(
                item=item,
                prompt_hash=text_hash(prompt),
                scores=task.score(item, likelihoods),
                truncated=max(request.truncated for request in of_item),
                answer={"log_likelihoods": likelihoods, "chosen": best(likelihoods)},
            )
        )
    return asked


def _ask_for_text(model: Model, prompts: Sequence[tuple[Item, str]], report: Callable[[int], None]) -> list[Asked]:
    """Greedy answers up to a stop, EOS or `max_answer_tokens`; the prompt keeps its right end, as in the harness."""
    tokenizer = model.tokenizer
    room = model.decoder.config.context_length - model.max_answer_tokens
    if room < 1:
        raise UserError(
            f"max_answer_tokens ({model.max_answer_tokens}) leaves no room in the model's context_length "
            f"({model.decoder.config.context_length}): lower it"
        )
    whole = [[tokenizer.bos_id, *tokenizer.encode(prompt)] for _, prompt in prompts]
    cut = [ids[-room:] for ids in whole]

    def is_complete(new: list[int]) -> bool:
        return new[-1] == tokenizer.eos_id or any(stop in tokenizer.decode(new) for stop in STOPS)

    answers: dict[int, str] = {}
    for batch in by_length(cut, max_tokens=batch_tokens(model.decoder.head_VD.device)):
        texts = greedy_batch(
            model.decoder,
            [cut[number] for number in batch],
            max_tokens=model.max_answer_tokens,
            is_complete=is_complete,
            forbidden=[token for token in range(len(SPECIAL_TOKENS)) if token != tokenizer.eos_id],
        )
        answers |= {number: cut_at_stop(tokenizer.decode(text)) for number, text in zip(batch, texts, strict=True)}
        report(len(answers))
    return [
        Asked(
            item=item,
            prompt_hash=text_hash(prompt),
            scores=number_scores(item, answers[number]),
            truncated=len(whole[number]) - len(cut[number]),
            answer={"text": answers[number]},
        )
        for number, (item, prompt) in enumerate(prompts)
    ]
