"""The step of held-out evaluation after a stage: bits per byte by domain, controls, samples."""

import json
import math
import time
from typing import Any

from fc_model.checkpoints.load import Weights, load_decoder
from fc_model.data.token_shards import Shards, list_splits
from fc_model.device import autocast_dtype, pick_device, set_threads
from fc_model.errors import UserError
from fc_model.evals.bits_per_byte import Score, count_tokens, mixed_bits_per_byte, score_split, unigram_score
from fc_model.evals.control import shuffle_weights
from fc_model.evals.samples import continue_prompts, distinct, repetition
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.text.config import EvalConfig
from fc_pipeline.tokens.mixture_config import HOLDOUT


def evaluate(step: Step) -> None:
    """Writes metrics.json and samples.jsonl.zst.

    config: EvalConfig, and `weights`, the judged ones. inputs: `stage`, `shards`, `tokenizer`, and
    `before`, the last stage without conversations, where this one has some.
    Metrics: bits_per_byte and perplexity of the judged weights, over all tokens and `_<domain>`;
    bits_per_byte_mix, the domains' mean by their share of the training tokens; bits_per_byte_model and _ema for
    either weights; unigram_bits_per_byte and unigram_gain (share of it that the model saves); bits_per_byte_random
    for shuffled weights; bits_per_byte_rise since `before`, 0.01 is one per cent more; distinct_<n> and
    repetition_4 of the samples, _greedy and _drawn; tokens_per_second.
    """
    go_on: Weights = step.config["weights"]
    config = EvalConfig.model_validate({name: value for name, value in step.config.items() if name != "weights"})
    set_threads(step.runtime.threads)
    device = pick_device(step.runtime.device)
    dtype = autocast_dtype(config.precision, device)
    splits = _holdout(step)
    window = config.window or step.inputs["stage"].manifest.recipe.config["stage"]["seq_len"]
    settings: dict[str, Any] = {"window": window, "stride": config.stride, "dtype": dtype}
    mix = _training_mix(step) if "train" in list_splits(step.inputs["shards"].folder) else {}

    if "before" in step.inputs:
        model = load_decoder(step.inputs["before"].folder, weights=go_on, device=device)
        scores = _score(model, splits, max_tokens=config.max_tokens_per_domain, settings=settings, step=step)
        before = summarize(scores, mix)["overall"]["bits_per_byte"]

    figures: dict[str, dict[str, Any]] = {}
    started, num_tokens = time.perf_counter(), 0
    order: list[Weights] = ["model", "ema"] if go_on == "ema" else ["ema", "model"]
    for name in order:  # the judged weights come last
        model = load_decoder(step.inputs["stage"].folder, weights=name, device=device)
        scores = _score(model, splits, max_tokens=config.max_tokens_per_domain, settings=settings, step=step)
        figures[name] = summarize(scores, mix)
        num_tokens += figures[name]["overall"]["tokens"]
    seconds = time.perf_counter() - started
    step.out.metrics |= flat(figures[go_on])
    if "before" in step.inputs:
        step.out.metrics["bits_per_byte_rise"] = round(figures[go_on]["overall"]["bits_per_byte"] / before - 1, 6)
    for weights, summary in sorted(figures.items()):
        step.out.metrics[f"bits_per_byte_{weights}"] = summary["overall"]["bits_per_byte"]
    step.out.metrics |= _write_samples(step, model, config)

    unigram = summarize(_unigram(step, splits, config.max_tokens_per_domain), mix)
    shuffle_weights(model, seed=config.seed)
    random = summarize(_score(model, splits, max_tokens=config.control_tokens, settings=settings, step=step), mix)
    baseline = unigram["overall"]["bits_per_byte"]
    step.out.metrics |= {
        "unigram_bits_per_byte": baseline,
        "unigram_gain": round(1 - step.out.metrics["bits_per_byte"] / baseline, 6),
        "bits_per_byte_random": random["overall"]["bits_per_byte"],
        "tokens_per_second": round(num_tokens / seconds, 1),
    }
    report = {
        "weights": go_on,
        "window": window,
        "stride": config.stride or window,
        "precision": "fp32" if dtype is None else str(dtype).removeprefix("torch."),
        "mix": mix,
        **figures,
        "unigram": unigram,
        "random": random,
    }
    step.out.write_text("metrics.json", json.dumps(report, indent=1, allow_nan=False) + "\n")


def summarize(scores: dict[str, Score], mix: dict[str, float]) -> dict[str, Any]:
    """{"overall": figures, "domains": {domain: figures}}; overall also has the mean by mix when there is one."""
    ordered = [scores[domain] for domain in sorted(scores)]
    overall = _figures(sum(ordered[1:], start=ordered[0]))
    if mix:
        overall["bits_per_byte_mix"] = round(mixed_bits_per_byte(scores, mix), 6)
    return {"overall": overall, "domains": {domain: _figures(scores[domain]) for domain in sorted(scores)}}


def flat(summary: dict[str, Any]) -> dict[str, float]:
    """The figures of `summarize` by name: the overall ones bare, a domain's with its name behind."""
    named = {"": summary["overall"]} | {f"_{domain}": figures for domain, figures in summary["domains"].items()}
    prefix = {"tokens": "holdout_", "bytes": "holdout_"}
    return {
        f"{prefix.get(name, '')}{name}{suffix}": value
        for suffix, figures in named.items()
        for name, value in figures.items()
    }


def _figures(score: Score) -> dict[str, float]:
    return {
        "bits_per_byte": round(score.bits_per_byte, 6),
        "perplexity": round(min(score.perplexity, 1e300), 4),
        "tokens": score.num_tokens,
        "bytes": score.num_bytes,
    }


def _holdout(step: Step) -> dict[str, Shards]:
    folder = step.inputs["shards"].folder
    names = [name for name in list_splits(folder) if name.startswith(HOLDOUT)]
    if not names:
        raise UserError(f"{step.inputs['shards'].key}: no holdout in it, so nothing to evaluate on: set corpus.holdout")
    return {name.removeprefix(HOLDOUT): Shards(folder, name) for name in names}


def _training_mix(step: Step) -> dict[str, float]:
    """Share of the training tokens by domain."""
    domains = Shards(step.inputs["shards"].folder, "train").domains
    total = sum(domain["tokens"] for domain in domains.values())
    return {name: round(domains[name]["tokens"] / total, 6) for name in sorted(domains)}


def _score(
    model: Decoder, splits: dict[str, Shards], *, max_tokens: int | None, settings: dict[str, Any], step: Step
) -> dict[str, Score]:
    scores = {}
    for domain, shards in sorted(splits.items()):
        scores[domain] = score_split(model, shards, max_tokens=max_tokens, **settings)
        if not math.isfinite(scores[domain].nats):
            raise UserError(f"{step.key}: the loss on {domain} is not finite: train {step.inputs['stage'].key} again")
        step.runtime.report({"domain": domain, "bits_per_byte": round(scores[domain].bits_per_byte, 4)})
    return scores


def _unigram(step: Step, splits: dict[str, Shards], max_tokens: int | None) -> dict[str, Score]:
    counts = count_tokens(Shards(step.inputs["shards"].folder, "train"))
    return {domain: unigram_score(counts, shards, max_tokens=max_tokens) for domain, shards in splits.items()}


def _write_samples(step: Step, model: Decoder, config: EvalConfig) -> dict[str, float]:
    """Continue every prompt greedily and by sampling; returns metrics of the texts' variety."""
    tokenizer = Tokenizer(step.inputs["tokenizer"].path("tokenizer.model"))
    prompts = [(domain, text) for domain, texts in sorted(config.prompts.items()) for text in texts]
    ids = [[tokenizer.bos_id, *tokenizer.encode(text)] for _, text in prompts]
    metrics: dict[str, float] = {}
    with step.out.records("samples.jsonl.zst") as write:
        for name, temperature in (("greedy", 0.0), ("drawn", config.temperature)):
            texts = continue_prompts(
                model,
                ids,
                num_tokens=config.sample_tokens,
                temperature=temperature,
                seed=config.seed,
                stop=(tokenizer.eos_id,),
                forbidden=[token for token in range(len(SPECIAL_TOKENS)) if token != tokenizer.eos_id],
            )
            for (domain, prompt), new in zip(prompts, texts, strict=True):
                text = tokenizer.decode(new)
                write({"domain": domain, "prompt": prompt, "decoding": name, "temperature": temperature, "text": text})
            metrics |= {f"distinct_{n}_{name}": round(distinct(texts, n), 6) for n in (1, 2, 3)}
            metrics[f"repetition_4_{name}"] = round(repetition(texts), 6)
    return metrics
