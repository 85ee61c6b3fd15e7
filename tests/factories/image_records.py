"""Any record of an image, as hypothesis draws it."""

from hypothesis import strategies as st

from fc_model.data.images.record import ImageRecord, Line, Question, Word

BOXES = st.tuples(*[st.integers(min_value=0, max_value=5000)] * 4)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.builds(Word, st.text(), BOXES, st.integers(min_value=0), st.lists(st.integers(), max_size=4).map(tuple))
RECORDS = st.builds(
    ImageRecord,
    id=st.text(), source=st.text(), kind=st.text(), family=st.sampled_from(["text", "natural"]), licence=st.text(),
    width=st.integers(1, 2**31), height=st.integers(1, 2**31),
    images=st.lists(st.text(), max_size=3), split=st.sampled_from(["train", "holdout"]),
    text=st.none() | st.text(),
    words=st.lists(WORDS, max_size=4),
    lines=st.lists(st.builds(Line, st.text(), BOXES), max_size=4),
    caption=st.none() | st.text(),
    questions=st.lists(st.builds(Question, question=st.text(), answers=st.lists(st.text(), max_size=3), kind=st.text()),
                       max_size=3),
    meta=st.dictionaries(st.text(), PLAIN, max_size=4),
)  # fmt: skip
