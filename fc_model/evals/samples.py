"""Continuations of fixed prompts, and numbers that tell a text from a loop."""

from collections.abc import Collection, Sequence

from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import Sampler, Sampling, generate
from fc_model.model.decoder import Decoder
from fc_model.seed import derive_seed


def continue_prompts(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    *,
    num_tokens: int,
    temperature: float,
    seed: int,
    stop: Collection[int],
    forbidden: Collection[int] = (),
) -> list[list[int]]:
    """The new tokens of each prompt, at most `num_tokens`, without the one of `stop` that ended them.

    Args:
        prompts: token ids, each at least one; a prompt that opens a document begins with BOS.
        temperature: 0 takes the likeliest token; otherwise tokens are drawn from the whole distribution.
        seed: the draws of a prompt depend on the seed and its place, not on the other prompts.
        forbidden: ids that are never produced, such as control tokens.
    """
    runtime = DecoderRuntime(model)
    continuations = []
    for place, prompt in enumerate(prompts):
        sampling = Sampling(temperature=temperature, top_k=0, top_p=1.0, seed=derive_seed(seed, "sample", place))
        sampler = Sampler(sampling, forbidden=forbidden)
        continuations.append(list(generate(runtime, prompt, sampler, num_tokens=num_tokens, stop=stop)))
    return continuations


def distinct(texts: Sequence[Sequence[int]], n: int) -> float:
    """Different n-grams over all n-grams of the texts (Li et al. 2016, distinct-n); 0 when there is none."""
    grams = [gram for text in texts for gram in _ngrams(text, n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def repetition(texts: Sequence[Sequence[int]], n: int = 4) -> float:
    """Share of n-grams that stood in the same text before: 0 for none, near 1 for a loop."""
    total = sum(len(_ngrams(text, n)) for text in texts)
    different = sum(len(set(_ngrams(text, n))) for text in texts)
    return (total - different) / total if total else 0.0


def _ngrams(text: Sequence[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(text[place : place + n]) for place in range(len(text) - n + 1)]
