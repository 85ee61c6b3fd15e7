"""Recall at k: worked by hand, blind to scale and rotation, and never above chance for embeddings that say nothing."""

import numpy as np
import pytest

from fc_model.evals import retrieval
from fc_model.evals.retrieval import recall


def test_worked_example():
    """The texts of images 0 and 1 are swapped; that of 2 is right, and 3's text lies nearer to image 2."""
    images = np.eye(4, dtype=np.float32)
    texts = images[[1, 0, 2, 3]].copy()
    texts[3] = [0, 0, 0.8, 0.6]
    shares = recall(images, texts, ks=(1, 2, 4))
    # image 3 has text 3 first (0.6 against 0); text 3 has image 2 first, then image 3.
    assert shares["image_to_text_recall_at_1"] == 0.5
    assert shares["text_to_image_recall_at_1"] == 0.25
    assert shares["text_to_image_recall_at_2"] == 0.5
    assert shares["image_to_text_recall_at_4"] == shares["text_to_image_recall_at_4"] == 1
    assert [shares[f"chance_at_{k}"] for k in (1, 2, 4)] == [0.25, 0.5, 1]


def test_a_perfect_model_and_one_that_says_nothing():
    embeddings = np.random.default_rng(0).normal(size=(50, 8))
    assert set(recall(embeddings, embeddings).values()) == {1.0, 1 / 50, 5 / 50, 10 / 50}
    for nothing in (np.zeros((50, 8)), np.ones((50, 8)), np.tile(embeddings[:1], (50, 1))):
        shares = recall(nothing, nothing)
        assert all(value == 0 for name, value in shares.items() if "recall" in name), "ties count against"


def test_ties_count_against_even_when_sums_are_rounded_differently(monkeypatch):
    embeddings = np.random.default_rng(1).normal(size=(90, 33)).astype(np.float32)
    embeddings[60:] = embeddings[:30]
    for rows in (1, 7, 1024):
        monkeypatch.setattr(retrieval, "_ROWS", rows)
        shares = recall(embeddings, embeddings)
        assert shares["image_to_text_recall_at_1"] == shares["text_to_image_recall_at_1"] == pytest.approx(1 / 3)
        assert shares["image_to_text_recall_at_5"] == 1


def test_random_embeddings_are_near_chance_and_nothing_depends_on_scale_or_order(monkeypatch):
    draw = np.random.default_rng(2)
    images, texts = draw.normal(size=(400, 16)), draw.normal(size=(400, 16))
    shares = recall(images, texts)
    for k in (1, 5, 10):
        assert abs(shares[f"image_to_text_recall_at_{k}"] - k / 400) < 4 * np.sqrt(k / 400 / 400)
    rotation = np.linalg.qr(draw.normal(size=(16, 16)))[0]
    order = draw.permutation(400)
    assert recall(images[order] @ rotation * 7, (texts @ rotation / 3)[order]) == pytest.approx(shares)
    swapped = recall(texts, images)
    assert swapped["image_to_text_recall_at_5"] == shares["text_to_image_recall_at_5"]
    monkeypatch.setattr(retrieval, "_ROWS", 37)
    assert recall(images, texts) == shares


@pytest.mark.parametrize(
    ("images", "texts", "message"),
    [
        (np.ones((3, 2)), np.ones((4, 2)), r"\(3, 2\) and \(4, 2\)"),
        (np.ones((0, 2)), np.ones((0, 2)), "N > 0"),
        (np.ones(3), np.ones(3), "must be"),
        (np.array([[np.nan]]), np.ones((1, 1)), "NaN"),
        (np.ones((1, 1)), np.array([[np.inf]]), "infinity"),
    ],
)
def test_what_is_no_pair_of_embeddings_is_refused(images, texts, message):
    with pytest.raises(ValueError, match=message):
        recall(images, texts)
