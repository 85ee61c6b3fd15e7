"""The n-gram model of bytes, the step that fits it, and the filter that judges by it."""

import random

import numpy as np
import pytest
from factories.documents import records
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.filter_documents import filter_documents
from fc_pipeline.corpus.filter_quality import fixtures_digest, labelled_cases, measure_filters
from fc_pipeline.corpus.filters.chain import Chain
from fc_pipeline.corpus.filters.character_model import CharacterModel, load_models
from fc_pipeline.corpus.filters.perplexity import PerplexitySettings, fold_of
from fc_pipeline.corpus.filters.perplexity_model import fit_perplexity_model

GOOD = [case["text"] for case in labelled_cases("repetition") if case["label"] == "keep"]
SENTENCES = sorted({part.strip() + "." for text in GOOD for part in text.split(".") if 40 < len(part) < 300})
CONFIG = FilterConfig(filters=[PerplexitySettings()]).model_dump(mode="json")


def prose(seed: int) -> str:
    return " ".join(random.Random(seed).sample(SENTENCES, 12))


def noise(seed: int) -> str:
    return "".join(random.Random(seed).choice("qwxzjkvbpfy ,;") for _ in range(900))


COUNTS = CharacterModel.fit(prose(seed) for seed in range(3)).counts


@pytest.fixture
def sources(corpus):
    texts = {f"good{number}": prose(number) for number in range(60)}
    return corpus({**texts, **{f"noise{number}": noise(number) for number in range(4)}})


def test_model_bits_per_byte() -> None:
    model = CharacterModel.fit(prose(seed) for seed in range(20))
    assert model.bits_per_byte(prose(99)) < 2 < 4 < model.bits_per_byte(noise(1))
    shuffled = "".join(random.Random(0).sample(prose(99), len(prose(99))))
    assert model.bits_per_byte(shuffled) > model.bits_per_byte(prose(99)) + 1


def test_model_untrained() -> None:
    assert CharacterModel.fit([]).bits_per_byte("any text") == pytest.approx(8)
    assert CharacterModel.fit(["text"]).bits_per_byte("") == 0


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_model_bits_finite(text: str) -> None:
    bits = CharacterModel(COUNTS).bits_per_byte(text)
    assert 0 <= bits < 64


def test_fit_independent_of_order(run_step, corpus, sources) -> None:
    """The order of the documents does not matter, and both halves get a model."""
    first = run_step(fit_perplexity_model, "corpus/a/perplexity_model", CONFIG, one=sources)
    turned = corpus(records(sources)[::-1])
    second = run_step(fit_perplexity_model, "corpus/b/perplexity_model", CONFIG, one=turned)
    assert first.path("models.npy").read_bytes() == second.path("models.npy").read_bytes()
    assert first.metrics["sampled_documents"] == 64
    models = load_models(first.path("models.npy"))
    assert len(models) == 2 and not np.array_equal(models[0].counts, models[1].counts)
    assert {fold_of(f"good{number}") for number in range(60)} == {0, 1}


def test_filter_drops_noise(run_step, sources, monkeypatch) -> None:
    model = run_step(fit_perplexity_model, "corpus/a/perplexity_model", CONFIG, one=sources)
    monkeypatch.setattr("fc_pipeline.corpus.filter_documents._CHUNK_CHARS", 10_000)
    one, two = (
        run_step(filter_documents, "corpus/a/filtered", CONFIG, workers, one=sources, perplexity_model=model)
        for workers in (1, 2)
    )
    assert one.digest == two.digest
    assert one.manifest.counters.dropped == {"perplexity": 4}
    assert one.manifest.counters.kept == 60
    config = {"filtering": CONFIG, "fixtures": fixtures_digest()}
    measured = run_step(measure_filters, "corpus/a/filter_quality", config, perplexity_model=model)
    assert measured.metrics["precision_perplexity"] >= 0.9 and measured.metrics["recall_perplexity"] >= 0.9


def test_filter_without_model() -> None:
    with pytest.raises(UserError, match="perplexity: it judges by a model"):
        Chain([PerplexitySettings()])


def test_fit_too_little_text(run_step, corpus) -> None:
    with pytest.raises(UserError, match="corpus/a/perplexity_model: half of the sources gives 0 characters"):
        run_step(fit_perplexity_model, "corpus/a/perplexity_model", CONFIG, one=corpus({"only": prose(1)}))
