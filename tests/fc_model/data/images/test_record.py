"""Records become JSON and come back, fast, with every field of the dataclass."""

import json
import time
from dataclasses import asdict, fields

from factories.image_records import RECORDS
from hypothesis import given, settings

from fc_model.data.images.record import ImageRecord, Word


@settings(max_examples=150, deadline=None)
@given(RECORDS)
def test_json_has_every_field_in_its_order_and_comes_back(record: ImageRecord) -> None:
    raw = json.loads(json.dumps(record.to_json()))
    assert list(raw) == [field.name for field in fields(record)]
    assert raw["words"] == [json.loads(json.dumps(word._asdict())) for word in record.words]
    assert ImageRecord.from_json(raw) == record


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
