"""The step that makes `<track>/shards`: documents as token ids, in the order in which training reads them."""

import numpy as np
from numpy.typing import NDArray

from fc_pipeline.engine.step import Step
from fc_pipeline.tokens.encode_documents import encode_documents
from fc_pipeline.tokens.mixture_config import HOLDOUT, TRAIN, MixtureConfig
from fc_pipeline.tokens.pack_order import Mixture, Taken, mix, mix_error


def pack_shards(step: Step) -> None:
    """Writes the splits `train`, `train-<stage>` and `holdout-<domain>`, as docs/architecture.md describes them.

    Files: `<split>-<n>.bin`, `<split>-<n>.idx`, index.json, token_bytes.bin, documents.jsonl.zst (id, source, domain,
    licence, split, bytes, tokens of every row), and a copy of tokenizer.model, so that the shards are self-contained.

    config: MixtureConfig. inputs: `documents` with train.jsonl.zst and holdout.jsonl.zst, and `tokenizer`. Metrics:
    tokens, documents, bytes_per_token, mix_error_points (the largest of any split); by domain tokens_, share_ and
    holdout_tokens_, and epochs_ over all splits.

    Raises:
        UserError: a domain has too few tokens for its share of the budget.
    """
    from fc_model.data.token_shard_writer import SplitWriter, write_index
    from fc_model.tokenizer import Tokenizer

    config = MixtureConfig.model_validate(step.config)
    tokenizer_file = step.inputs["tokenizer"].path("tokenizer.model")
    tokenizer = Tokenizer(tokenizer_file)
    encoded = encode_documents(step, tokenizer, domains=config.domains)
    lengths = np.asarray(encoded.length)
    ends = np.cumsum(lengths)
    tokens = encoded.tokens()

    numbers = {domain: encoded.select(domain, held_out=False) for domain in encoded.domains}
    mixtures = _mixtures(config, {domain: lengths[chosen] for domain, chosen in numbers.items()}, numbers)
    orders = {split: mixture.order for split, mixture in mixtures.items()}
    for index, domain in enumerate(encoded.domains):
        held_out = encoded.select(domain, held_out=True)
        orders[HOLDOUT + domain] = np.random.default_rng([config.seed, 1, index]).permutation(held_out)

    summaries = {}
    for split, order in orders.items():
        with SplitWriter(
            step.out.open, split, vocab_size=tokenizer.vocab_size, shard_tokens=config.shard_tokens
        ) as writer:
            for row in order:
                writer.add(
                    tokens[ends[row] - lengths[row] : ends[row]],
                    row=int(row),
                    domain=encoded.domains[encoded.domain[row]],
                    num_bytes=encoded.num_bytes[row],
                )
        summaries[split] = writer.summary()
    with step.out.open("tokenizer.model") as file:
        file.write(tokenizer_file.read_bytes())
    write_index(
        step.out.open,
        splits=summaries,
        token_bytes=tokenizer.token_bytes,
        tokenizer_fingerprint=tokenizer.fingerprint,
        eos_id=tokenizer.eos_id,
    )

    used = len(np.unique(np.concatenate(list(orders.values()))))
    step.out.counters.kept += used
    if used < len(lengths):
        step.out.counters.drop("over_budget", len(lengths) - used)
    step.out.metrics |= {
        "tokens": sum(summaries[split]["tokens"] for split in mixtures),
        "documents": used,
        "vocab_size": tokenizer.vocab_size,
        "bytes_per_token": round(summaries[TRAIN]["bytes"] / summaries[TRAIN]["tokens"], 4),
        "mix_error_points": round(
            max(mix_error(mixtures[split].tokens, weights) for split, (weights, _) in config.splits.items()), 4
        ),
    }
    epochs = {name: count for mixture in mixtures.values() for name, count in mixture.epochs.items()}
    for domain in encoded.domains:
        tokens_of_domain = mixtures[TRAIN].tokens.get(domain, 0)
        step.out.metrics |= {
            f"tokens_{domain}": tokens_of_domain,
            f"share_{domain}": round(tokens_of_domain / summaries[TRAIN]["tokens"], 6),
            f"epochs_{domain}": round(epochs[domain], 4),
            f"holdout_tokens_{domain}": summaries[HOLDOUT + domain]["tokens"],
        }


def _mixtures(
    config: MixtureConfig, lengths: dict[str, NDArray[np.int64]], numbers: dict[str, NDArray[np.int64]]
) -> dict[str, Mixture]:
    """The training splits; each continues a domain's documents where the split before it ended."""
    mixtures: dict[str, Mixture] = {}
    taken: dict[str, Taken] = {}
    for split, (weights, tokens) in config.splits.items():
        mixtures[split] = mix(
            lengths,
            numbers,
            weights=weights,
            tokens=tokens,
            max_epochs=config.max_epochs,
            seed=config.seed,
            taken=taken,
        )
        taken = mixtures[split].taken
    return mixtures
