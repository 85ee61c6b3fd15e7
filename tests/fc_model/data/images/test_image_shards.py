"""Image shards: every sample comes back, stock WebDataset reads them, damage is named, rebuilds are byte-equal."""

import io
import multiprocessing
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import webdataset as wds
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fc_model.artifacts import Artifact, Recipe, Store
from fc_model.data.images.record import ImageRecord, Line, Question, Word
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards, list_image_splits
from fc_model.errors import UserError

MAX_BYTES = 20_000
RECIPE = Recipe(config={}, code={"version": "1", "parts": {}}, inputs={})
# WebDataset leaves it to the garbage collector to close its tars.
leaky = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def picture(number: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16 + number % 5, 12), (number * 7 % 256, number % 256, 90)).save(file, kind)
    return file.getvalue()


def record(number: int, **changes) -> ImageRecord:
    fields = {
        "id": f"test/{number}",
        "source": "test",
        "kind": "line" if number % 3 else "document/invoice",
        "family": "text" if number % 2 else "natural",
        "licence": "CC0-1.0",
        "width": 16 + number % 5,
        "height": 12,
        "text": f"Größe {number}\n日本語",
        "words": [Word("Größe", (0, 0, 5, 4), 0)],
        "lines": [Line(f"Größe {number}", (0, 0, 9, 4))],
        "questions": [Question(question="Which?", answers=[str(number), "n"], kind="extractive")],
    }
    return ImageRecord(**fields | changes)


def sample(number: int, split: str = "train") -> tuple[ImageRecord, list[bytes], list[bytes]]:
    """Every fifth has two images, every seventh two crops."""
    crops = [picture(number), picture(number + 1)] if number % 7 == 0 else []
    meta = {"crops": [[0, 0, 8, 8], [8, 0, 16, 8]]} if crops else {}
    if number % 5:
        return record(number, split=split, meta=meta), [picture(number)], crops
    images = [picture(number), picture(number + 9, "JPEG")]
    return record(number, split=split, meta=meta, images=["0.png", "1.jpg"]), images, crops


def build(root: Path, *, train: int = 60, holdout: int = 8) -> Artifact:
    store = Store(root)
    with store.write("test/images", RECIPE) as out:
        writers = [ImageShardWriter(out, split=split, max_bytes=MAX_BYTES) for split in ("train", "holdout", "empty")]
        for writer, count in zip(writers, (train, holdout, 0), strict=True):
            for number in range(count):
                writer.add(*sample(number, writer.split))
        write_index(out, writers)
    artifact = store.find("test/images", RECIPE.identity("test/images"))
    assert artifact is not None
    return artifact.verify()


@pytest.fixture(scope="module")
def artifact(tmp_path_factory) -> Artifact:
    return build(tmp_path_factory.mktemp("store"))


def test_every_sample_comes_back_by_its_number(artifact):
    shards = ImageShards(artifact.folder, "train")
    assert len(shards) == 60 and len(list(artifact.folder.glob("train-*.tar"))) > 2
    for number in reversed(range(60)):
        assert shards.sample(number) == sample(number)
        assert shards.record(number) == sample(number)[0]
        assert shards.images(number) == sample(number)[1]
        assert shards.crops(number) == sample(number)[2]
    assert list(shards.records()) == [sample(number)[0] for number in range(60)]
    assert list(ImageShards(artifact.folder, "holdout").samples()) == [sample(n, "holdout") for n in range(8)]
    assert list(ImageShards(artifact.folder, "empty").samples()) == []
    for number in (-1, 60):
        with pytest.raises(IndexError):
            shards.record(number)


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


@leaky
def test_stock_webdataset_reads_and_decodes_all_of_it(artifact):
    shards = ImageShards(artifact.folder, "train")
    urls = [str(artifact.folder / f"{shard['name']}.tar") for shard in shards.summary["shards"]]
    found = list(wds.WebDataset(urls, shardshuffle=False, empty_check=False).decode("pil"))
    assert len(found) == shards.summary["samples"]
    for number, raw in enumerate(found):
        wanted, images, crops = sample(number)
        assert raw["__key__"] == f"{number:09d}"
        assert ImageRecord.from_json(raw["json"]) == wanted
        members = [*wanted.images, *(f"{n}.crop.png" for n in range(len(crops)))]
        assert {key for key in raw if not key.startswith("__")} == {"json", *members}
        for name, data in zip(members, [*images, *crops], strict=True):
            assert raw[name].tobytes() == Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def test_equal_samples_give_equal_bytes(artifact, tmp_path):
    assert build(tmp_path).digest == artifact.digest
    with tarfile.open(artifact.folder / "train-00000.tar") as tar:
        info = tar.next()
    assert info is not None
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
    (folder / "train-00000.idx").unlink()
    with pytest.raises(UserError, match=r"train-00000\.idx is missing"):
        ImageShards(folder, "train")
    with pytest.raises(UserError, match=r"no split 'test'; it has empty, holdout, train"):
        ImageShards(folder, "test")
    (folder / "index.json").write_text("{}")
    with pytest.raises(UserError, match="schema None"):
        ImageShards(folder, "train")


@pytest.mark.parametrize("place", [3, 148, 530], ids=["name", "checksum", "record"])
def test_flipped_bytes_in_a_sample_are_named(artifact, tmp_path, place):
    data = bytearray(artifact.path("train-00000.tar").read_bytes())
    data[place] ^= 0xFF
    shards = ImageShards(damage(artifact, tmp_path, "train-00000.tar", bytes(data)), "train")
    with pytest.raises(UserError, match=r"train-00000\.tar: sample 0 is damaged"):
        shards.record(0)
    assert shards.record(1) == sample(1)[0]


def read_ids(shards: ImageShards) -> list[str]:
    return [shards.record(number).id for number in range(0, len(shards), 3)]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_other_processes_read_the_same(artifact, start):
    shards = ImageShards(artifact.folder, "train")
    expected = read_ids(shards)
    with multiprocessing.get_context(start).Pool(1) as pool:
        assert pool.map(read_ids, [shards]) == [expected]


def test_what_does_not_fit_its_record_is_refused(tmp_path):
    with Store(tmp_path).write("test/images", RECIPE) as out:
        writer = ImageShardWriter(out, split="train")
        for wrong, images, crops in [
            (record(0), [], []),
            (record(0, images=["0.png", "1.png"]), [picture(0)], []),
            (record(0, images=["png", "png"]), [picture(0)] * 2, []),
            (record(0, images=["exe"]), [picture(0)], []),
            (record(0, split="holdout"), [picture(0)], []),
            (record(0, meta={"crops": [[0, 0, 1, 1]]}), [picture(0)], []),
        ]:
            with pytest.raises(ValueError, match="test/0"):
                writer.add(wrong, images, crops)
        for text in ("\ud800", float("nan")):
            with pytest.raises(UserError, match="'test/0': its record cannot be written"):
                writer.add(record(0, meta={"note": text}), [picture(0)])
        writer.add(record(1), [picture(1)])
        write_index(out, [writer])


texts = st.text(st.characters(codec="utf-8"), max_size=40)
boxes = st.tuples(*[st.integers(-5, 5000)] * 4)
records = st.builds(
    ImageRecord,
    id=texts,
    source=texts,
    kind=st.sampled_from(["line", "photo"]),
    family=st.sampled_from(["text", "natural"]),
    licence=texts,
    width=st.integers(1, 9999),
    height=st.integers(1, 9999),
    text=st.none() | texts,
    words=st.lists(st.builds(Word, texts, boxes, st.integers(0, 9)), max_size=3),
    lines=st.lists(st.builds(Line, texts, boxes), max_size=3),
    caption=st.none() | texts,
    questions=st.lists(st.builds(Question, question=texts, answers=st.lists(texts), kind=texts), max_size=2),
    meta=st.dictionaries(texts.filter(lambda key: key != "crops"), st.none() | texts | st.integers(), max_size=3),
    images=st.integers(1, 3).map(lambda count: [f"{n}.webp" for n in range(count)]),
)


@given(st.lists(st.tuples(records, st.lists(st.binary(max_size=1500), min_size=3, max_size=3)), max_size=6))
def test_any_record_comes_back(samples):
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as root, Store(root).write("test/images", RECIPE) as out:
        writer = ImageShardWriter(out, split="train", max_bytes=8000)
        for entry, data in samples:
            writer.add(entry, data[: len(entry.images)])
        write_index(out, [writer])
        shards = ImageShards(out.folder, "train")
        assert [(s.record, s.images) for s in shards.samples()] == [(e, d[: len(e.images)]) for e, d in samples]
