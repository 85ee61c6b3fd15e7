"""Which steps, stages and exports a document touched, against a search through every batch."""

import json
import shutil

import pytest
from factories.build import build, write_text
from factories.image_artifacts import plain
from factories.models import tiny_stage
from factories.stdlib_corpus import Packed, mixture_config

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.config.stage import StageConfig
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.token_shards import Shards
from fc_model.data.windows import TrainBatches
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.lineage import takedown_list
from fc_pipeline.lineage.lineage import steps_that_read, touched, touched_lines
from fc_pipeline.lineage.takedown import require_known
from fc_pipeline.tokens.pack import pack_shards
from fc_pipeline.track.config import parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

STEPS = 20


def stage_config(**changes) -> dict:
    stage = {"steps": None, "tokens": STEPS * 4 * 64, "seq_len": 64, "batch_tokens": 4 * 64, "first_batch": 7}
    return tiny_stage(**stage | changes).model_dump(mode="json")


def write_weights(step: Step) -> None:
    """Stands where a stage or an export does: only its inputs and its steps matter here."""
    write_text(step)
    step.out.metrics = {"steps": STEPS}


@pytest.fixture(scope="module")
def store(packed: Packed, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("store"))
    for artifact in packed.inputs.values():
        shutil.copytree(artifact.folder, store.root / artifact.key / artifact.folder.name)
    shards = build(store, "test/shards", pack_shards, mixture_config(tokens=30_000), packed.inputs)
    one = build(store, "t/stages/one", write_weights, {"stage": stage_config()}, {"shards": shards})
    build(store, "t/exports/gguf", write_weights, {}, {"stage": one})
    return store


def newest(store: Store, key: str) -> Artifact:
    return store.versions(key)[-1]


def rows_by_step(shards: Artifact, stage: dict) -> list[set[int]]:
    """The rows whose tokens a step's windows hold, each token looked up by itself."""
    config = StageConfig.model_validate(stage)
    reader = Shards(shards.folder, config.split)
    batches = TrainBatches(reader, config)
    rows = []
    for step in range(STEPS):
        starts = [window * config.seq_len for window in batches.window_ids(step)]
        places = {place for start in starts for place in range(start, start + config.seq_len + 1)}
        rows.append({reader.locate(place)[0] for place in places})
    return rows


def check_steps(shards: Artifact, stage: dict) -> None:
    expected = rows_by_step(shards, stage)
    assert any(expected)
    for row in [*sorted(set(Shards(shards.folder, "train").document_rows.tolist())), 10**6]:
        steps = [step for step in range(STEPS) if row in expected[step]]
        assert steps_that_read(shards, [row], stage, num_steps=STEPS) == steps


@pytest.mark.parametrize("changes", [{}, {"kind": "overfit", "overfit_tokens": 512}, {"seed": 3, "first_batch": 0}])
def test_steps_that_read(store, changes):
    check_steps(newest(store, "test/shards"), stage_config(**changes))
    assert steps_that_read(newest(store, "test/shards"), [], stage_config(**changes), num_steps=STEPS) == []


def test_steps_that_read_own_mixture(store, tmp_path):
    inputs = {"documents": newest(store, "corpus/test/split"), "tokenizer": newest(store, "test/tokenizer")}
    late = {"late": {"weights": {"chat": 1}, "tokens": 8_000}}
    config = mixture_config(tokens=30_000, max_epochs=20, stages=late)
    shards = build(Store(tmp_path), "other/shards", pack_shards, config, inputs)
    check_steps(shards, stage_config(split="train-late", first_batch=0))


def test_touched_by_read_document(store):
    shards = newest(store, "test/shards")
    records = list(read_records(shards.path("documents.jsonl.zst")))
    steps = {row: steps_that_read(shards, [row], stage_config(), num_steps=STEPS) for row in range(len(records))}
    packed = set(Shards(shards.folder, "train").document_rows.tolist())
    read = next(row for row in sorted(packed) if steps[row])
    items = {item.key: item for item in touched(store, [records[read]["id"]])}
    assert {key: item.how for key, item in items.items()} == {
        "corpus/test/split": "holds",
        "test/shards": "holds",
        "test/tokenizer": "read",
        "t/stages/one": "read",
        "t/exports/gguf": "derived",
    }
    assert items["t/stages/one"].detail.startswith(
        f"first in step {steps[read][0] + 1} of {STEPS}, in {len(steps[read])}"
    )
    unread = next(row for row in sorted(packed) if not steps[row])
    assert "t/stages/one" not in {item.key for item in touched(store, [records[unread]["id"]])}
    lines = [text for _, text in touched_lines(list(items.values()), set())]
    assert lines[-1] == "5 artifacts touched" and all(line.endswith("earlier") for line in lines[:-1])


def test_touched_by_holdout(store):
    shards = newest(store, "test/shards")
    held_out = next(r for r in read_records(shards.path("documents.jsonl.zst")) if r["split"] == "holdout")
    items = {item.key: item for item in touched(store, [held_out["id"]])}
    assert items["test/shards"].detail.startswith("holdout-") and "t/stages/one" not in items


def test_touched_shards_gone(store, tmp_path):
    other = Store(tmp_path)
    shards = newest(store, "test/shards")
    build(other, "t/stages/one", write_weights, {"stage": stage_config()}, {"shards": shards})
    (item,) = touched(other, ["nobody/knows"])
    assert (item.how, item.detail) == ("read", "its shards are gone: it may have")


def test_takedowns_change_recipes(tmp_path, monkeypatch):
    monkeypatch.setenv("FC_HOME", str(tmp_path))
    pico, nano = (parse_track(name, read_attributes(name)) for name in ("pico", "nano"))
    before = build_graph([pico, nano])
    takedown_list.record(tmp_path, ["pico_code/a", "pico_code/a"], reason="asked", at=1.0)
    takedown_list.record(tmp_path, ["pico_code/a", "elsewhere/b"], reason="asked", at=2.0)
    after = build_graph([pico, nano])
    assert [key for key in before if before[key] != after[key]] == ["corpus/pico/deduplicated"]
    assert after["corpus/pico/deduplicated"].config["removed"] == ["pico_code/a"]
    planned = build_graph([pico, nano], also_without=["pico_code/c"])
    assert planned["corpus/pico/deduplicated"].config["removed"] == ["pico_code/a", "pico_code/c"]
    entries = json.loads((tmp_path / "takedowns.json").read_text("utf-8"))
    assert [(entry["id"], entry["at"]) for entry in entries] == [("pico_code/a", 1.0), ("elsewhere/b", 2.0)]


def test_takedowns_damaged_or_unknown(tmp_path):
    (tmp_path / "takedowns.json").write_text("[{")
    with pytest.raises(UserError, match=r"takedowns.json: not JSON .*; restore a copy"):
        takedown_list.read_takedowns(tmp_path)
    graph = build_graph([parse_track("pico", read_attributes("pico"))])
    with pytest.raises(UserError, match="nothing/here: no document of any source"):
        require_known([], ["nothing/here"], graph)
    require_known([], ["pico_code/some/file.py"], graph)


def test_touched_images(tmp_path):
    def draw(step: Step) -> None:
        writer = ImageShardWriter(step.out, split="train")
        for name in ("one", "two"):
            fields = {"kind": "line", "family": "text", "licence": "MIT", "meta": {"documents": [f"s/{name}"]}}
            record = ImageRecord(id=f"synthetic/{name}", source="synthetic", width=8, height=8, **fields)
            writer.add(record, [plain("red", size=(8, 8))])
        write_index(step.out, [writer])

    store = Store(tmp_path)
    images = build(store, "t/images", draw, {}, {})
    stage = build(store, "t/stages/sees", write_weights, {}, {"images": images})
    build(store, "t/exports/gguf", write_weights, {}, {"stage": stage})
    assert [(item.key, item.how) for item in touched(store, ["s/two"])] == [
        ("t/images", "holds"), ("t/stages/sees", "read"), ("t/exports/gguf", "derived"),
    ]  # fmt: skip
    assert touched(store, ["s/three"]) == []


def test_touched_old_images(tmp_path):
    """Images of an earlier format may hold any document."""

    def write_old_index(step: Step) -> None:
        step.out.write_text("index.json", json.dumps({"schema": 1, "splits": {}}))
        step.out.write_text("train-0.tar", "")

    store = Store(tmp_path)
    build(store, "t/images", write_old_index)
    assert [(item.key, item.how) for item in touched(store, ["source/any"])] == [("t/images", "holds")]


def test_steps_that_read_image_stage(store):
    shards = newest(store, "test/shards")
    images = {
        "groups": [{"kinds": ["line"], "task": "read", "height": 32, "width": 64, "images": 2, "text_tokens": 8,
                    "share": 1}],
        "text_share": 1,
    }  # fmt: skip
    stage = stage_config(kind="multimodal", tokens=None, steps=2 * STEPS, images=images)
    plain = stage_config()
    read = 0
    for row in sorted(set(Shards(shards.folder, "train").document_rows.tolist()))[:5]:
        steps = steps_that_read(shards, [row], stage, num_steps=2 * STEPS)
        assert len(steps) == len(steps_that_read(shards, [row], plain, num_steps=STEPS))
        read += len(steps) > 0
    assert read
