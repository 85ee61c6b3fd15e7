"""The CTC head for lines: classes, places of characters, CTC against a sum over all paths."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fc_model.config.image_stage import CtcHeadConfig
from fc_model.data.images.record import Word
from fc_model.vision.ctc_head import (
    BLANK,
    CHARACTERS,
    NO_FRAME,
    CtcHead,
    classes_of,
    likeliest,
    log_likelihoods,
    place_targets,
    text_of,
)

NUM_CLASSES = len(CHARACTERS) + 1


def ctc_head(rows: int = 2, frames: int = 4, width: int = 6) -> CtcHead:
    torch.manual_seed(0)
    return CtcHead(CtcHeadConfig(rows=rows, frames=frames), width)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_comes_back(text: str) -> None:
    assert text_of(classes_of(text)) == text
    assert BLANK not in classes_of(text)


@pytest.mark.parametrize(
    ("text", "kept"), [("Größe", "Gre"), ("日本", ""), ("a\nb\tc", "abc"), ("naïve – €5", "nave  5"), ("", "")]
)
def test_other_characters_are_skipped(text: str, kept: str) -> None:
    assert text_of(classes_of(text)) == kept


def test_places_of_boxes_by_hand() -> None:
    """Frames of 2 pixels, middles at 1, 3, 5 ...: `ab` from 4 to 8, `cde` from 10 to 22."""
    words = [Word("ab", (4, 0, 8, 9), 0), Word("cde", (10, 0, 22, 9), 0)]
    text = "".join(text_of([place]) for place in place_targets(words, "ab cde", num_frames=13, pixels=2.0))
    assert text == "  ab ccddee  "
    # Where the starts of the characters are known, they have the room that they take.
    known = place_targets([Word("iW", (4, 0, 14, 9), 0, (4, 6))], "iW", num_frames=8, pixels=2.0)
    assert text_of(known) == "  iWWWW "
    # Odd edges: it is the middle of a frame that counts.
    odd = place_targets([Word("abc", (3, 0, 9, 9), 0)], "abc", num_frames=6, pixels=2.0)
    assert text_of(odd) == " abc  "


def test_places_by_fractions_of_pixels_and_of_what_cannot_be_read() -> None:
    places = place_targets([Word("aé", (0, 0, 6, 9), 0)], "aé", num_frames=5, pixels=1.5)
    assert places == [*classes_of("aa"), NO_FRAME, NO_FRAME, *classes_of(" ")]
    assert place_targets([], "", num_frames=3, pixels=1.0) == classes_of("   ")
    # A box that goes beyond the frames, and one that is narrower than a frame.
    assert place_targets([Word("ab", (0, 0, 40, 9), 0)], "ab", num_frames=2, pixels=1.0) == classes_of("aa")
    assert place_targets([Word("a", (3, 0, 4, 9), 0)], "a", num_frames=2, pixels=4.0) == classes_of("  ")


AB, C, BELOW = Word("ab", (0, 0, 4, 9), 0), Word("c", (6, 0, 8, 9), 0), Word("c", (0, 9, 2, 18), 1)


@pytest.mark.parametrize(
    ("words", "text"), [([], "abc"), ([AB], "ab c"), ([AB, C], "ab cd"), ([C, AB], "ab c"), ([AB, BELOW], "ab\nc")]
)
def test_places_that_are_not_known_are_no_paper(words: list[Word], text: str) -> None:
    """No boxes (IIIT-5K), boxes of some words only, of another text, and more lines than one."""
    assert place_targets(words, text, num_frames=4, pixels=2.0) == [NO_FRAME] * 4


def test_a_column_joins_its_rows_and_gives_its_frames() -> None:
    """Two rows of three columns: a change of one patch changes the frames of its column alone."""
    one = ctc_head(frames=4)
    features_BND = torch.randn(1, 6, 6)
    before = one(features_BND)
    assert before.shape == (1, 12, NUM_CLASSES)
    assert torch.allclose(before.exp().sum(dim=-1), torch.ones(1, 12))
    for patch in range(6):
        changed = features_BND.clone()
        changed[0, patch] += 1
        differs = (one(changed) - before).abs().amax(dim=-1)[0] > 1e-6
        column = patch % 3
        assert differs.nonzero().flatten().tolist() == list(range(4 * column, 4 * column + 4))


def test_loss_is_the_sum_over_all_paths() -> None:
    """3 frames, line "ab": aab, abb, ab-, a-b, -ab."""
    one = ctc_head(rows=1, frames=1)
    features_BND = torch.randn(1, 3, 6)
    odds = one(features_BND)[0].exp()
    a, b = classes_of("ab")
    total = 0.0
    for path in itertools.product((a, b, BLANK), repeat=3):
        collapsed = [label for label, _ in itertools.groupby(path) if label != BLANK]
        if collapsed == [a, b]:
            total += math.prod(float(odds[frame, label].detach()) for frame, label in enumerate(path))
    loss = one.loss(features_BND, torch.tensor([[a, b, 0]]), torch.tensor([2]))
    assert float(loss.detach()) == pytest.approx(-math.log(total) / 2, rel=1e-5)


def test_loss_is_the_mean_over_lines_and_one_that_does_not_fit_counts_nothing() -> None:
    one = ctc_head(rows=1, frames=1)
    features_BND = torch.randn(2, 3, 6)
    classes = torch.tensor([classes_of("abcd"), [*classes_of("a"), 0, 0, 0]])
    lengths = torch.tensor([4, 1])
    both = one.loss(features_BND, classes, lengths)
    alone = one.loss(features_BND[1:], classes[1:], lengths[1:])
    assert float(both.detach()) == pytest.approx(float(alone.detach()) / 2, rel=1e-5)
    assert math.isfinite(
        float(one.loss(features_BND, torch.zeros(2, 1, dtype=torch.long), torch.zeros(2, dtype=torch.long)).detach())
    )


def test_reading_joins_repeats_and_leaves_blanks_out() -> None:
    one = ctc_head(rows=1, frames=1, width=NUM_CLASSES)
    with torch.no_grad():
        one.frames.weight.copy_(torch.eye(NUM_CLASSES))
        one.frames.bias.zero_()
    a, b, space = classes_of("ab ")
    lines = [[a, a, BLANK, a, b, BLANK], [BLANK, BLANK, a, space, b, b], [BLANK] * 6]
    features_BND = torch.nn.functional.one_hot(torch.tensor(lines), NUM_CLASSES).float()
    assert one.read(features_BND) == ["aab", "a b", ""]


def test_place_loss_of_lines_that_cannot_be_read_is_nothing_and_parts_add_up() -> None:
    one = ctc_head()
    features_BND = torch.randn(3, 6, 6)
    places_BT = torch.tensor([classes_of("abc def ghij"), [*classes_of("ab"), *[NO_FRAME] * 10], [NO_FRAME] * 12])
    whole = float(one.place_loss(features_BND, places_BT).detach())
    parts = [float(one.place_loss(features_BND[row : row + 1], places_BT[row : row + 1]).detach()) for row in range(3)]
    assert whole == pytest.approx(sum(parts) / 3, rel=1e-5)
    assert parts[2] == 0
    assert parts[1] > 0


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 4))
def test_likeliest_texts_are_those_of_all_paths(seed: int, frames: int, classes: int) -> None:
    """Every path of a short line, collapsed: with all classes and prefixes kept, the search misses none."""
    log_odds_TK = torch.randn(frames, classes, generator=torch.Generator().manual_seed(seed)).log_softmax(dim=-1)
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=frames):
        text = tuple(label for label, _ in itertools.groupby(path) if label != BLANK)
        odds = math.exp(sum(float(log_odds_TK[frame, label]) for frame, label in enumerate(path)))
        totals[text] = totals.get(text, 0.0) + odds
    wanted = sorted(totals, key=lambda text: (-totals[text], text))
    assert likeliest(log_odds_TK, len(totals)) == [list(text) for text in wanted]


def test_likelihood_of_a_text_is_that_of_its_loss() -> None:
    one = ctc_head(rows=1, frames=1)
    features_BND = torch.randn(1, 6, 6)
    texts = ["ab", "a", "", "Größe"]
    together = log_likelihoods(one(features_BND).expand(len(texts), -1, -1), texts)
    for text, log_likelihood in zip(texts[:2] + texts[3:], together[[0, 1, 3]].tolist(), strict=True):
        classes = torch.tensor([classes_of(text)])
        nats = float(one.loss(features_BND, classes, torch.tensor([classes.shape[1]])).detach()) * classes.shape[1]
        assert log_likelihood == pytest.approx(-nats, rel=1e-4)
    assert float(together[2].detach()) == pytest.approx(float(one(features_BND)[0, :, BLANK].sum().detach()), rel=1e-4)


def test_a_line_of_characters_that_it_cannot_read_trains_it_to_be_silent() -> None:
    """Its target is empty: the loss of torch's older releases was wrong there, and its gradient no number."""
    one = ctc_head(rows=1, frames=2)
    features_BND = torch.randn(2, 4, 6, requires_grad=True)
    loss = one.loss(features_BND, torch.tensor([[0, 0], [5, 6]]), torch.tensor([0, 2]))
    loss.backward()
    assert features_BND.grad is not None and features_BND.grad.isfinite().all() and features_BND.grad[0].norm() > 0
    silence = -one(features_BND)[0, :, BLANK].sum()
    alone = one.loss(features_BND[:1], torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    assert float(alone.detach()) == pytest.approx(float(silence.detach()), rel=1e-5)
