"""Image shards: every sample comes back, stock WebDataset reads them, damage is named, rebuilds are byte-equal."""

import hashlib
import io
import multiprocessing
import tarfile
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import pytest
import webdataset as wds
from factories.image_bytes import encoded
from factories.image_records import RECORDS
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fc_model.artifacts import Artifact, Recipe, Store
from fc_model.config.image_stage import ImageGroup
from fc_model.data.images import record_table, shard_writer
from fc_model.data.images.record import ImageRecord, Line, Question, Word
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards, list_image_splits
from fc_model.errors import UserError

MAX_BYTES = 20_000
RECIPE = Recipe(config={}, code={"version": "1", "parts": {}}, inputs={})
GROUP = ImageGroup(kinds=["line"], task="read", height=16, width=16, text_tokens=8, images=2, share=1)
SCHEMA = (
    "key", "id", "source", "kind", "family", "licence", "width", "height", "has_text", "has_caption", "has_questions",
    "documents", "sizes", "sha256", "record",
)  # fmt: skip
# WebDataset leaves it to the garbage collector to close its tars.
leaky = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def picture(number: int, kind: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", (16 + number % 5, 12), (number * 7 % 256, number % 256, 90)), kind)


def record(number: int, **changes) -> ImageRecord:
    plain = ImageRecord(
        id=f"test/{number}", source="test", kind="line" if number % 3 else "document/invoice",
        family="text" if number % 2 else "natural", licence="CC0-1.0", width=16 + number % 5, height=12,
        text=f"Größe {number}\n日本語", words=[Word("Größe", (0, 0, 5, 4), 0)],
        lines=[Line(f"Größe {number}", (0, 0, 9, 4))],
        questions=[Question(question="Which?", answers=[str(number), "n"], kind="extractive")],
    )  # fmt: skip
    return replace(plain, **changes)


def sample(number: int, split: str = "train") -> tuple[ImageRecord, list[bytes]]:
    """Every fifth has two images."""
    if number % 5:
        return record(number, split=split), [picture(number)]
    images = [picture(number), picture(number + 9, "JPEG")]
    return record(number, split=split, images=["0.png", "1.jpg"]), images


def build(root: Path, *, train: int = 60, holdout: int = 8) -> Artifact:
    store = Store(root)
    with store.write("test/images", RECIPE) as out:
        writers = [ImageShardWriter(out, split=split, max_bytes=MAX_BYTES) for split in ("train", "holdout", "empty")]
        for writer, count in zip(writers, (train, holdout, 0), strict=True):
            for number in range(count):
                writer.add(*sample(number, writer.split))
        write_index(out, writers)
    artifact = store.find("test/images", RECIPE.identity("test/images"))
    return artifact.verify()


@pytest.fixture(scope="module")
def artifact(tmp_path_factory) -> Artifact:
    return build(tmp_path_factory.mktemp("store"))


def test_every_sample_comes_back_by_its_number(artifact):
    shards = ImageShards(artifact.folder, "train")
    assert len(shards) == 60 and len(list(artifact.folder.glob("train-*.tar"))) > 2
    for number in reversed(range(60)):
        assert shards.sample(number) == sample(number)
    assert list(shards.records()) == [sample(number)[0] for number in range(60)]
    assert list(shards.records([3, 4, 59])) == [sample(number)[0] for number in (3, 4, 59)]
    assert list(ImageShards(artifact.folder, "holdout").samples()) == [sample(n, "holdout") for n in range(8)]
    empty = ImageShards(artifact.folder, "empty")
    assert list(empty.samples()) == list(empty.records()) == list(empty.records([])) == []
    for number in (-1, 60):
        with pytest.raises(IndexError):
            shards.sample(number)


def test_the_index_counts_what_is_there(artifact):
    shards = ImageShards(artifact.folder, "train")
    assert list_image_splits(artifact.folder) == ["empty", "holdout", "train"]
    assert shards.summary["samples"] == sum(shard["samples"] for shard in shards.summary["shards"]) == 60
    assert shards.summary["kinds"] == Counter(entry.kind for entry in shards.records())
    assert shards.summary["families"] == {"natural": 30, "text": 30}
    assert shards.summary["sources"] == {"test": 60} and shards.summary["licences"] == {"CC0-1.0": 60}
    for shard in shards.summary["shards"]:
        path = artifact.path(f"{shard['name']}.tar")
        assert path.stat().st_size == shard["bytes"] <= MAX_BYTES
        with tarfile.open(path) as tar:
            assert len({info.name.split(".")[0] for info in tar}) == shard["samples"]


@pytest.mark.parametrize("streaming", [True, False])
def test_datasets_loads_them_with_the_types_of_the_index(tmp_path, monkeypatch, streaming):
    """Empty and missing fields first, other ones and other images later, metadata of several types."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    bare = {"text": None, "words": [], "lines": [], "questions": []}
    wanted = [record(n, **bare, meta={"mixed": [1, "a", [2.5]]}) for n in range(6)]
    wanted += [record(6, caption="Größe", meta={"mixed": {}}), record(7, images=["jpg"], **bare)]
    with Store(tmp_path / "store").write("test/images", RECIPE) as out:
        writer = ImageShardWriter(out)
        for each in wanted:
            writer.add(each, [picture(1, "JPEG" if each.images == ["jpg"] else "PNG")])
        write_index(out, [writer])
    artifact = Store(tmp_path / "store").find("test/images", RECIPE.identity("test/images"))
    summary = ImageShards(artifact.folder).summary
    read = datasets.load_dataset(
        "webdataset", data_files={"train": [str(artifact.folder / "train-00000.tar")]}, split="train",
        features=datasets.Features.from_dict(summary["features"]), streaming=streaming, cache_dir=tmp_path / "cache",
    )  # fmt: skip
    rows = list(read)
    assert [ImageRecord.from_json(row["json"]) for row in rows] == wanted
    assert [row["__key__"] for row in rows] == [f"{n:09d}" for n in range(8)]
    assert [(row["png"] or row["jpg"]).size for row in rows] == [(17, 12)] * 8


def test_tars_are_those_that_stock_webdataset_writes(artifact, tmp_path):
    shards, numbers = ImageShards(artifact.folder, "train").summary["shards"], count()
    for shard in shards:
        path = tmp_path / "stock.tar"
        with wds.TarWriter(str(path), user="", group="", mode=0o644, mtime=0, encoder=False) as tar:
            for number in islice(numbers, shard["samples"]):
                wanted, images = sample(number)
                members = {"json": shard_writer._json(wanted).encode(), **dict(zip(wanted.images, images, strict=True))}
                tar.write({"__key__": f"{number:09d}", **members})
        assert (artifact.folder / f"{shard['name']}.tar").read_bytes() == path.read_bytes()
    assert len(shards) > 1


@leaky
def test_stock_webdataset_reads_and_decodes_all_of_it(artifact):
    shards = ImageShards(artifact.folder, "train")
    urls = [str(artifact.folder / f"{shard['name']}.tar") for shard in shards.summary["shards"]]
    samples = list(wds.WebDataset(urls, shardshuffle=False, empty_check=False).decode("pil"))
    assert len(samples) == shards.summary["samples"]
    for number, raw in enumerate(samples):
        wanted, images = sample(number)
        assert raw["__key__"] == f"{number:09d}"
        assert ImageRecord.from_json(raw["json"]) == wanted
        assert {key for key in raw if not key.startswith("__")} == {"json", *wanted.images}
        for name, data in zip(wanted.images, images, strict=True):
            assert raw[name].tobytes() == Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def test_equal_samples_give_equal_bytes(artifact, tmp_path):
    assert build(tmp_path).digest == artifact.digest
    with tarfile.open(artifact.folder / "train-00000.tar") as tar:
        info = tar.next()
    assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)


def damage(artifact: Artifact, tmp_path: Path, name: str, content: bytes) -> Path:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for entry in artifact.manifest.files:
        (folder / entry.path).write_bytes(artifact.path(entry.path).read_bytes())
    (folder / name).write_bytes(content)
    return folder


@leaky
def test_a_tar_cut_between_two_samples_is_named(artifact, tmp_path):
    """WebDataset reads such a tar short and says nothing, so sizes are held against the index."""
    name = "train-00001.tar"
    whole = artifact.path(name).read_bytes()
    spans = artifact.path("train-00001.idx").read_bytes()
    cut = whole[: int.from_bytes(spans[8 * 3 : 8 * 4], "little")]
    folder = damage(artifact, tmp_path, name, cut)
    assert len(list(wds.WebDataset(str(folder / name), shardshuffle=False, empty_check=False))) == 2
    with pytest.raises(UserError, match=r"train-00001\.tar has .* bytes, the index says .*; materialize it again"):
        ImageShards(folder, "train")
    assert len(ImageShards(folder, "holdout")) == 8


def test_a_missing_file_and_foreign_offsets_are_named(artifact, tmp_path):
    idx = artifact.path("train-00000.idx").read_bytes()
    folder = damage(artifact, tmp_path, "train-00000.idx", idx[:8] + b"\1" + idx[9:])
    with pytest.raises(UserError, match=r"train-00000\.idx: its offsets do not fit"):
        ImageShards(folder, "train")
    (folder / "train.parquet").unlink()
    with pytest.raises(UserError, match=r"train\.parquet is missing; materialize it again"):
        ImageShards(folder, "train")
    (folder / "train.parquet").write_bytes(artifact.path("train.parquet").read_bytes())
    (folder / "train-00000.idx").unlink()
    with pytest.raises(UserError, match=r"train-00000\.idx is missing"):
        ImageShards(folder, "train")
    with pytest.raises(UserError, match=r"no split 'test'; it has empty, holdout, train"):
        ImageShards(folder, "test")
    (folder / "index.json").write_text("{}")
    with pytest.raises(UserError, match="schema None"):
        ImageShards(folder, "train")


@pytest.mark.parametrize("place", [3, 148, None], ids=["name", "checksum", "record"])
def test_flipped_bytes_in_a_sample_are_named(artifact, tmp_path, place):
    data = bytearray(artifact.path("train-00000.tar").read_bytes())
    data[data.index(b'{"id"') if place is None else place] ^= 0xFF
    shards = ImageShards(damage(artifact, tmp_path, "train-00000.tar", bytes(data)), "train")
    with pytest.raises(UserError, match=r"train-00000\.tar: sample 0 is damaged"):
        shards.sample(0)
    assert shards.sample(1) == sample(1)


def test_flipped_bytes_in_the_table_are_named(artifact, tmp_path):
    data = bytearray(artifact.path("train.parquet").read_bytes())
    data[len(data) // 3] ^= 0xFF
    shards = ImageShards(damage(artifact, tmp_path, "train.parquet", bytes(data)), "train")
    with pytest.raises(UserError, match=r"train\.parquet: damaged table of records .*; materialize it again"):
        list(shards.table.rows(*SCHEMA))


def test_records_need_no_tar(artifact, tmp_path):
    """Nor does what is chosen by them: here a tar is all zeros."""
    zeros = bytes(artifact.path("train-00000.tar").stat().st_size)
    shards = ImageShards(damage(artifact, tmp_path, "train-00000.tar", zeros), "train")
    assert list(shards.records()) == [sample(number)[0] for number in range(60)]
    assert shards.fitting(GROUP).tolist() == [number for number in range(60) if number % 3 and number % 5]
    with pytest.raises(UserError, match="sample 0 is damaged"):
        shards.sample(0)


@pytest.mark.parametrize(
    ("task", "changes", "expected"),
    [
        ("read", {}, True),
        ("recognize", {}, True),
        ("read", {"text": ""}, False),
        ("read", {"text": " \n"}, False),
        ("read", {"text": None}, False),
        ("read", {"images": ["0.png", "1.png"]}, False),
        ("read", {"kind": "lines"}, False),
        ("caption", {}, False),
        ("caption", {"caption": "a cat"}, True),
        ("answer", {"questions": []}, False),
        ("answer", {}, True),
    ],
)
def test_what_fits_a_group(tmp_path, task, changes, expected):
    entry = record(1, **changes)
    with Store(tmp_path).write("test/images", RECIPE) as out:
        writer = ImageShardWriter(out)
        writer.add(entry, [picture(1)] * len(entry.images))
        write_index(out, [writer])
        group = GROUP.model_copy(update={"task": task})
        assert list(ImageShards(out.folder).fitting(group)) == [0] * expected
        pairs = group.model_copy(update={"pages": 2})
        assert list(ImageShards(out.folder).fitting(pairs)) == [0] * (len(entry.images) == 2)


def test_row_groups_cut_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(record_table, "_GROUP_ROWS", 7)
    shards = ImageShards(build(tmp_path).folder, "train")
    assert sum(1 for _ in shards.table.groups("key")) == 9
    assert list(shards.records()) == [sample(number)[0] for number in range(60)]
    assert list(shards.records([6, 7, 30])) == [sample(number)[0] for number in (6, 7, 30)]


def read_ids(shards: ImageShards) -> list[str]:
    return [shards.sample(number).record.id for number in range(0, len(shards), 3)]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_other_processes_read_the_same(artifact, start):
    shards = ImageShards(artifact.folder, "train")
    expected = read_ids(shards)
    with multiprocessing.get_context(start).Pool(1) as pool:
        assert pool.map(read_ids, [shards]) == [expected]


def test_what_does_not_fit_its_record_is_refused(tmp_path):
    with Store(tmp_path).write("test/images", RECIPE) as out:
        writer = ImageShardWriter(out, split="train")
        for wrong, images in [
            (record(0), []),
            (record(0, images=["0.png", "1.png"]), [picture(0)]),
            (record(0, images=["png", "png"]), [picture(0)] * 2),
            (record(0, images=["exe"]), [picture(0)]),
            (record(0, split="holdout"), [picture(0)]),
        ]:
            with pytest.raises(ValueError, match="test/0"):
                writer.add(wrong, images)
        for text in ("\ud800", float("nan")):
            with pytest.raises(UserError, match="'test/0': its record cannot be written"):
                writer.add(record(0, meta={"note": text}), [picture(0)])
        writer.add(record(1), [picture(1)])
        write_index(out, [writer])


@given(st.lists(st.tuples(RECORDS, st.lists(st.binary(max_size=1500), min_size=1, max_size=3)), max_size=6))
def test_any_record_comes_back(drawn):
    samples = [
        (replace(entry, split="train", images=[f"{number}.webp" for number in range(len(images))]), images)
        for entry, images in drawn
    ]
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as root, Store(root).write("test/images", RECIPE) as out:
        writer = ImageShardWriter(out, split="train", max_bytes=8000)
        for entry, images in samples:
            writer.add(entry, images)
        write_index(out, [writer])
        shards = ImageShards(out.folder, "train")
        assert list(shards.samples()) == samples
        assert list(shards.records()) == [entry for entry, _ in samples]
        rows = shards.table.rows("key", "source", "sizes", "sha256", "has_caption")
        for number, (row, (entry, images)) in enumerate(zip(rows, samples, strict=True)):
            assert row == {
                "key": f"{number:09d}",
                "source": entry.source,
                "sizes": list(map(len, images)),
                "sha256": [hashlib.sha256(data).digest() for data in images],
                "has_caption": bool((entry.caption or "").strip()),
            }
