"""The mixture of images: every prefix has the mix, caps hold and are judged, holdout and training share no image."""

import io
from collections import Counter
from typing import Any

import pytest
from factories.build import build
from PIL import Image
from pydantic import ValidationError

from fc_model.artifacts import Artifact, Store
from fc_model.data.images.record import ImageRecord, Question
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards
from fc_model.errors import UserError
from fc_pipeline.engine.gates import Gate, judge
from fc_pipeline.engine.step import Step
from fc_pipeline.images.pack import pack_images
from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.pack_order import Row, interleave, natural_share, within_caps

SIZES = [{"kind": "line", "height": 32, "width": 256}, {"kind": "*", "height": 224, "width": 224}]
GATES = [
    Gate(artifact="images", metric="natural_token_share", max=0.65),
    Gate(artifact="images", metric="text_token_share", min=0.35),
]
# What each input holds, (kind, family, samples) by split.
SYNTHETIC = {
    "train": [("line", "text", 120), ("document/letter", "text", 30), ("document/table", "text", 10)],
    "holdout": [("line", "text", 12), ("document/letter", "text", 3)],
}
PHOTOS = {"train": [("photo", "natural", 60), ("emoji", "natural", 90)]}


def picture(name: str) -> bytes:
    """A small PNG that no other name has."""
    file = io.BytesIO()
    Image.frombytes("L", (len(name.encode()), 1), name.encode()).save(file, "PNG")
    return file.getvalue()


def samples_of(key: str, splits: dict[str, list[tuple[str, str, int]]]) -> list[tuple[ImageRecord, list[bytes]]]:
    return [
        sample(
            f"{key}/{split}/{kind}/{number}", source=key, kind=kind, family=family, split=split,
            licence="CC0-1.0" if number % 2 else "MIT",
        )
        for split, parts in splits.items() for kind, family, count in parts for number in range(count)
    ]  # fmt: skip


def sample(name: str, *, images: list[bytes] | None = None, **changes: Any) -> tuple[ImageRecord, list[bytes]]:
    data = [picture(name)] if images is None else images
    fields: dict[str, Any] = {"id": name, "source": "s", "kind": "line", "family": "text", "licence": "MIT"}
    fields |= {"width": 1, "height": 1, "text": "text", "images": [f"{n}.png" for n in range(len(data))]}
    return ImageRecord(**fields | changes), data


def add(store: Store, key: str, samples: list[tuple[ImageRecord, list[bytes]]]) -> Artifact:
    """Image shards of the splits that the samples name, as a source of images has them."""

    def write(step: Step) -> None:
        splits = dict.fromkeys(record.split for record, _ in samples)
        writers = {split: ImageShardWriter(step.out, split=split) for split in splits}
        for record, images in samples:
            writers[record.split].add(record, images)
        write_index(step.out, list(writers.values()))
        step.out.licences = [{"licence": "OFL-1.1", "source": f"fonts of {key}", "documents": 7}]

    return build(store, key, write)


def pack(store: Store, settings: dict[str, Any], inputs: dict[str, Artifact], code: str = "1") -> Artifact:
    def judged(step: Step) -> None:
        pack_images(step)
        step.out.gates = judge(step.out.metrics, GATES)

    return build(store, "t/images", judged, settings, inputs, code=code, replace=True)


def config(**changes: Any) -> dict[str, Any]:
    fields = {"sizes": SIZES, "max_natural_share": 1, "min_text_share": 0} | changes
    return PackConfig.model_validate(fields).model_dump()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def inputs(store: Store) -> dict[str, Artifact]:
    return {
        "synthetic": add(store, "t/synthetic", samples_of("synth", SYNTHETIC)),
        "photos": add(store, "images/photos", samples_of("photos", PHOTOS)),
    }


def records(artifact: Artifact, split: str) -> list[ImageRecord]:
    return list(ImageShards(artifact.folder, split).records())


def kinds(artifact: Artifact, split: str = "train") -> Counter[str]:
    return Counter(record.kind for record in records(artifact, split))


def test_everything_is_kept_counted_and_apart(store, inputs):
    packed = pack(store, config(), inputs)
    train, holdout = records(packed, "train"), records(packed, "holdout")
    ids = {record.id for record in train} | {record.id for record in holdout}
    assert len(train) + len(holdout) == len(ids) == 325
    assert packed.manifest.counters.read == packed.manifest.counters.kept == 325
    assert packed.metrics["samples"] == len(train) and packed.metrics["holdout_samples"] == len(holdout)
    assert {record.split for record in train} == {"train"} and {record.split for record in holdout} == {"holdout"}
    # synthetic has a holdout of its own, photos gives some of its samples.
    assert {record.id for record in holdout if record.source == "synth"} == {
        f"synth/holdout/{kind}/{n}" for kind, count in (("line", 12), ("document/letter", 3)) for n in range(count)
    }
    assert 0 < sum(record.source == "photos" for record in holdout) < 20
    for split in ("train", "holdout"):
        for record, images in ImageShards(packed.folder, split).samples():
            assert images == [picture(record.id)]
    totals = kinds(packed)
    assert packed.metrics.items() >= {f"samples_{kind}": count for kind, count in totals.items()}.items()
    # Every prefix has the mix.
    seen: Counter[str] = Counter()
    for number, record in enumerate(train, 1):
        seen[record.kind] += 1
        for kind, total in totals.items():
            assert abs(seen[kind] - total * number / len(train)) <= 1 + total / len(train) * len(totals) / 2
    numbers = [int(record.id.split("/")[-1]) for record in train if record.kind == "line"]
    assert numbers != sorted(numbers), "within a kind the order is drawn"


def test_rebuilds_are_byte_equal_and_seeds_differ(store, inputs):
    settings = config(take=[{"kind": "line", "samples": 50}, {"kind": "*"}])
    first = pack(store, settings, inputs)
    assert pack(store, settings, dict(reversed(inputs.items())), code="2").digest == first.digest
    other = pack(store, settings | {"seed": 1}, inputs)
    assert {r.id for r in records(other, "train")} != {r.id for r in records(first, "train")}
    assert {r.id for r in records(other, "holdout")} == {r.id for r in records(first, "holdout")}


def test_rules_limit_by_kind_and_input_and_weights_share_a_budget(store, inputs):
    take = [{"kind": "document/*", "samples": 20}, {"kind": "line", "weight": 3}, {"input": "photos", "weight": 1}]
    take[1]["holdout_samples"] = 5
    packed = pack(store, config(take=take, samples=100), inputs)
    counts = kinds(packed)
    assert counts["line"] == 75 and counts["photo"] + counts["emoji"] == 25
    assert counts["document/letter"] + counts["document/table"] == 20
    assert counts["document/letter"] == pytest.approx(15, abs=1), "a limit keeps the shares of its kinds"
    assert kinds(packed, "holdout")["line"] == 5
    counters = packed.manifest.counters
    assert counters.dropped == {"over_limit": counters.read - counters.kept}
    only = pack(store, config(take=[{"kind": "line"}]), inputs)
    assert only.manifest.counters.dropped == {"not_in_mixture": 325 - 132}


def test_shares_are_counted_in_vision_tokens_and_pass_the_gates(store, inputs):
    packed = pack(store, config(max_natural_share=0.65, min_text_share=0.35), inputs)
    counts = kinds(packed)
    text = counts["line"] * 2 * 16 + (counts["document/letter"] + counts["document/table"]) * 14 * 14
    natural = (counts["photo"] + counts["emoji"]) * 14 * 14
    assert packed.metrics["vision_tokens"] == text + natural
    assert packed.metrics["natural_token_share"] == pytest.approx(natural / (text + natural), abs=1e-6)
    assert packed.metrics["text_token_share"] == pytest.approx(text / (text + natural), abs=1e-6)
    assert packed.manifest.counters.dropped["over_natural_cap"] > 0
    assert 0.64 < packed.metrics["natural_token_share"] <= 0.65, "no more is dropped than must be"
    assert counts["photo"] / counts["emoji"] == pytest.approx(40 / 60, rel=0.1), "the cap takes from all kinds"
    assert [verdict["passed"] for verdict in packed.manifest.gates] == [True, True]
    tight = pack(store, config(max_natural_share=0.65, min_text_share=0.8), inputs)
    assert 0.19 < tight.metrics["natural_token_share"] <= 0.2
    violation = pack(store, config(take=[{"kind": "line"}, {"input": "photos"}]), inputs)
    assert violation.metrics["natural_token_share"] > 0.65
    assert [verdict["passed"] for verdict in violation.manifest.gates] == [False, False]


def test_licences_are_rolled_up_with_documents(store, inputs):
    take = [{"input": "synthetic"}, {"input": "photos", "samples": 0, "holdout_samples": 0}]
    entries = [tuple(entry.values()) for entry in pack(store, config(take=take), inputs).manifest.licences]
    synth = [("CC0-1.0", "synth", 60 + 15 + 5 + 6 + 1), ("MIT", "synth", 60 + 15 + 5 + 6 + 2)]
    assert entries == [("OFL-1.1", "fonts of t/synthetic", 7), *synth]


def test_what_cannot_be_used_is_dropped_by_reason(store):
    question = Question(question="?", answers=["a"], kind="count")
    samples = [
        sample("kept", text="a"),
        sample("caption", text=None, caption="a"),
        sample("question", text=None, questions=[question]),
        sample("pages", images=[picture("one"), picture("two")]),
        sample("empty", images=[b""]),
        sample("blank", text=" \n"),
        sample("nothing", text=None),
        sample("again", images=[picture("kept")]),
        sample("held out elsewhere", images=[picture("new"), picture("h")]),
        sample("h", split="holdout"),
        sample("h again", images=[picture("h")], split="holdout"),
    ]
    packed = pack(store, config(), {"odd": add(store, "images/odd", samples)})
    assert packed.manifest.counters.dropped == {"no_image": 1, "no_target": 2, "duplicate": 2, "in_holdout": 1}
    assert {record.id for record in records(packed, "train")} == {"kept", "caption", "question", "pages"}
    assert {record.id for record in records(packed, "holdout")} == {"h"}
    assert packed.metrics["vision_tokens"] == 5 * 32, "two images count twice"


def test_strings_of_the_holdout_that_training_has_are_marked(store):
    samples = [
        sample("one", text="The king"),
        sample("two", text="the king,"),
        sample("three", text="a pawn", caption="a board"),
        sample("seen", text="THE KING", split="holdout"),
        sample("unseen", text="a queen", caption="A board.", split="holdout"),
    ]
    packed = pack(store, config(), {"short": add(store, "images/short", samples)})
    marks = {record.id: record.meta.get("seen") for record in records(packed, "holdout") + records(packed, "train")}
    assert marks == {
        **dict.fromkeys(("one", "two", "three")), "seen": {"text": [True]},
        "unseen": {"text": [False], "caption": [True]},
    }  # fmt: skip
    assert packed.metrics["holdout_text_seen_share"] == 0.5 and packed.metrics["holdout_caption_seen_share"] == 1
    assert packed.metrics["commonest_text_share"] == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"take": [{"kind": "lines"}]}, r"'lines' of input '\*' gets no usable image.*photos: emoji"),
        ({"take": [{"kind": "*"}, {"kind": "line"}]}, "'line' of input .* before the rule that took them"),
        ({"sizes": SIZES[:1]}, "no size is given for kind 'photo'"),
        ({"take": [{"kind": "line", "weight": 1}], "samples": 9000}, "'line' .* has 120 samples of the 9,000"),
        ({"take": [{"input": "photos"}], "max_natural_share": 0.65}, "all .* training images are natural"),
        ({"take": [{"kind": "a", "samples": 1, "weight": 1}]}, "both samples and weight"),
        ({"take": [{"kind": "a", "weight": 1}]}, "say in `samples` of how many"),
        ({"samples": 10}, "no rule of `take` has one"),
        ({"sizes": [{"height": 30, "width": 32}]}, "30 x 32 is not whole patches of 16"),
    ],
)
def test_what_cannot_be_packed_is_named(store, inputs, changes, message):
    with pytest.raises((UserError, ValidationError), match=message):
        pack(store, config(**changes), inputs)


def row(number: int, kind: str, family: str, tokens: int) -> Row:
    return Row("r", "train", number, kind, family, 0, tokens, ())


def test_caps_by_hand():
    """60 text tokens and a cap of 40 %: at most 40 natural ones fit, which are 4 of 10 tokens."""
    rows = [row(n, "photo", "natural", 10) for n in range(8)] + [row(n, "line", "text", 20) for n in range(3)]
    settings = PackConfig(sizes=[{"height": 16, "width": 16}], max_natural_share=0.4)
    kept = within_caps(rows, settings)
    assert kept == rows[:4] + rows[8:] and natural_share(kept) == 0.4
    assert within_caps(rows[:4] + rows[8:], settings) == rows[:4] + rows[8:]
    assert PackConfig(sizes=SIZES).vision_tokens(kind="photo", num_images=3) == 3 * 196


def test_interleaving_by_hand():
    """Places: a at 1/8, 3/8, 5/8, 7/8, b at 1/4 and 3/4."""
    rows = [row(n, "a", "text", 1) for n in range(4)] + [row(n, "b", "text", 1) for n in range(2)]
    assert "".join(each.kind for each in interleave(rows, seed="0")) == "abaaba"
