"""The step that makes `corpus/<name>/perplexity_model`: what the perplexity filter judges by."""

import heapq

import numpy as np

from fc_model.errors import UserError
from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.document import draw, read_documents
from fc_pipeline.corpus.filters.character_model import CharacterModel
from fc_pipeline.corpus.filters.perplexity import NUM_FOLDS, PerplexitySettings, fold_of
from fc_pipeline.engine.step import Step

_MIN_CHARS = 10_000
_MAX_DOCUMENT_CHARS = 20_000  # of one document, so that no long one fills the sample


def fit_perplexity_model(step: Step) -> None:
    """Writes models.npy: for each half of the documents an n-gram model of a sample of it.

    config: FilterConfig, of which the settings of `perplexity` count. inputs: the sources, under any role.

    Raises:
        UserError: there is hardly any text, and a model of nothing would drop everything.
    """
    config = FilterConfig.model_validate(step.config)
    settings = next(chosen for chosen in config.filters if isinstance(chosen, PerplexitySettings))
    counters = step.out.counters
    samples: list[list[tuple[int, str, str]]] = [[] for _ in range(NUM_FOLDS)]
    sizes = [0] * NUM_FOLDS
    for document in read_documents(step.inputs.values()):
        counters.read += 1
        counters.kept += 1
        if not settings.acts_on(document["domain"]):
            continue
        fold = fold_of(document["id"])
        text = document["text"][:_MAX_DOCUMENT_CHARS]
        heapq.heappush(samples[fold], (-draw(f"{settings.seed}:{document['id']}"), document["id"], text))
        sizes[fold] += len(text)
        while sizes[fold] - len(samples[fold][0][2]) >= settings.train_bytes // NUM_FOLDS:
            sizes[fold] -= len(heapq.heappop(samples[fold])[2])
    if min(sizes) < _MIN_CHARS:
        raise UserError(
            f"{step.key}: half of the sources gives {min(sizes):,} characters of the filter's domains, too few to "
            f"judge by ({_MIN_CHARS:,} are needed); add a source or take the filter perplexity out"
        )
    models = [CharacterModel.fit(text for _, _, text in sorted(sample)) for sample in samples]
    with step.out.open("models.npy") as file:
        np.save(file, np.stack([model.counts for model in models]), allow_pickle=False)
    step.out.metrics = {"sampled_documents": sum(map(len, samples)), "sampled_chars": sum(sizes)}
