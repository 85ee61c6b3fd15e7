"""Records become JSON and come back, fast, with every field of the dataclass."""

import json
import time
from dataclasses import asdict, fields

from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.data.images.record import ImageRecord, Line, Question, Word

BOXES = st.tuples(*[st.integers(min_value=0, max_value=5000)] * 4)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.builds(Word, st.text(), BOXES, st.integers(min_value=0), st.lists(st.integers(), max_size=4).map(tuple))
RECORDS = st.builds(
    ImageRecord,
    id=st.text(), source=st.text(), kind=st.text(), family=st.sampled_from(["text", "natural"]), licence=st.text(),
    width=st.integers(min_value=1), height=st.integers(min_value=1),
    images=st.lists(st.text(), max_size=3), split=st.sampled_from(["train", "holdout"]),
    text=st.none() | st.text(),
    words=st.lists(WORDS, max_size=4),
    lines=st.lists(st.builds(Line, st.text(), BOXES), max_size=4),
    caption=st.none() | st.text(),
    questions=st.lists(st.builds(Question, question=st.text(), answers=st.lists(st.text(), max_size=3), kind=st.text()),
                       max_size=3),
    meta=st.dictionaries(st.text(), PLAIN, max_size=4),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_json_has_every_field_in_its_order_and_comes_back(record: ImageRecord) -> None:
    assert json.dumps(record.to_json()) == json.dumps(asdict(record)), "as dataclasses writes it, to the byte"
    assert list(record.to_json()) == [field.name for field in fields(record)]
    assert ImageRecord.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_json_of_a_page_costs_less_than_a_tenth_of_copying_it() -> None:
    words = [Word(f"word{number}", (number, 0, number + 1, 9), number // 10) for number in range(1000)]
    record = ImageRecord(
        id="a/1", source="a", kind="line", family="text", licence="MIT", width=9, height=9, words=words
    )  # fmt: skip
    assert 10 * fastest(record.to_json) < fastest(lambda: asdict(record))


def fastest(call) -> float:
    """CPU seconds of the quickest of several calls, which what else runs here disturbs least."""
    seconds = []
    for _ in range(7):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return min(seconds)
