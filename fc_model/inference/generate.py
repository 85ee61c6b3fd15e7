"""Generation: a sampler over logits and one loop for every runtime.

A `Runtime` is whatever gives the logits of the next token: our decoder with a key/value cache
(`fc_model.inference.decoder_runtime.DecoderRuntime`) or a GGUF file in llama.cpp
(`fc_model.export.llama_cpp.runtime.LlamaCpp`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError


class Runtime(Protocol):
    """A model that is fed tokens piece by piece."""

    @property
    def context_length(self) -> int:
        """The most tokens that may be fed between two resets."""

    def reset(self) -> None:
        """Forget the tokens fed so far."""

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits [len(ids), vocab] after each prefix of `ids`, from an empty context."""

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Feed `ids` (at least one) after those already fed; logits [vocab] of the token that follows."""


class Constraint(Protocol):
    """What a text may be, asked and told token by token."""

    def allowed(self) -> NDArray[np.bool_]:
        """Which ids may follow, [vocab]; at least one."""

    def accept(self, token: int) -> None:
        """Go on with an allowed token."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is drawn. Temperature 0 takes the most likely; `top_k` 0 and `top_p` 1 switch a cut off."""

    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UserError(f"temperature is {self.temperature}: give 0 or more")
        if self.top_k < 0:
            raise UserError(f"top_k is {self.top_k}: give 0 (off) or more")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top_p is {self.top_p}: give a number above 0 and up to 1")


class Sampler:
    """Draws tokens; the same seed and logits give the same tokens on every machine."""

    def __init__(
        self, sampling: Sampling, *, forbidden: Collection[int] = (), constraint: Constraint | None = None
    ) -> None:
        """`forbidden` ids are never drawn, and of the others only those that `constraint` allows."""
        self.sampling = sampling
        self._forbidden = sorted(forbidden)
        self._constraint = constraint
        self._random = np.random.default_rng(sampling.seed)

    def draw(self, logits: NDArray[np.float32]) -> int:
        """One token from logits [vocab]. Equal logits are taken in order of id."""
        scores = logits.astype(np.float64)
        scores[self._forbidden] = -np.inf
        if self._constraint is None:
            return self._draw(scores)
        scores[~self._constraint.allowed()] = -np.inf
        token = self._draw(scores)
        self._constraint.accept(token)
        return token

    def _draw(self, scores: NDArray[np.float64]) -> int:
        if self.sampling.temperature == 0:
            return int(scores.argmax())
        order = np.argsort(-scores, kind="stable")
        if self.sampling.top_k:
            order = order[: self.sampling.top_k]
        weights = np.exp((scores[order] - scores[order[0]]) / self.sampling.temperature)
        cumulative = np.cumsum(weights / weights.sum())
        # The smallest set that reaches top_p, as in Holtzman et al. 2019; at least one token.
        kept = int(np.searchsorted(cumulative, self.sampling.top_p)) + 1
        cumulative = cumulative[:kept]
        place = np.searchsorted(cumulative, self._random.random() * cumulative[-1], side="right")
        return int(order[min(int(place), len(order) - 1)])


def generate(
    runtime: Runtime, prompt: Sequence[int], sampler: Sampler, *, num_tokens: int, stop: Collection[int] = ()
) -> Iterator[int]:
    """Yield up to `num_tokens` ids after `prompt`, ending before a token of `stop` is yielded.

    Starts from an empty context. When the context is full, its newer half is fed again and generation goes on.
    """
    if not prompt:
        raise UserError("the prompt has no tokens: start with the token that begins a document")
    context = list(prompt[-runtime.context_length :])
    runtime.reset()
    logits = runtime.next_logits(context)
    for count in range(1, num_tokens + 1):
        token = sampler.draw(logits)
        if token in stop:
            return
        yield token
        if count == num_tokens:
            return
        if len(context) == runtime.context_length:
            context = context[-(runtime.context_length // 2) :]
            runtime.reset()
            runtime.next_logits(context)
        context.append(token)
        logits = runtime.next_logits([token])


def greedy(runtime: Runtime, prompt: Sequence[int], num_tokens: int) -> list[int]:
    """The most likely continuation of `prompt`, special tokens included; the lowest id wins a tie."""
    return list(generate(runtime, prompt, Sampler(Sampling(temperature=0)), num_tokens=num_tokens))
