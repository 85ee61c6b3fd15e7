import io
import json

import pytest
from PIL import Image

from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards
from fc_model.errors import UserError
from fc_pipeline.images.strings import string_key
from fc_pipeline.images.synthesis_config import SynthesisConfig
from fc_pipeline.images.synthesize import jobs_of, synthesize

CONFIG = {
    "seed": 7,
    "kinds": {"line": {"train": 60, "holdout": 20}, "document/form": {"train": 4, "format": "jpg", "holdout": 2}},
    "held_out_faces": ["DejaVuSerif", "DejaVuSansMono"],
    "text": {"train_chars": 200_000, "holdout_chars": 100_000},
    "batch_images": 16,
}


@pytest.fixture(scope="module")
def made(build, fonts, corpus):
    return build("toy/synthetic", synthesize, CONFIG, {"fonts": fonts, "documents": corpus})


@pytest.fixture(scope="module")
def records(made):
    return {split: list(ImageShards(made.folder, split).records()) for split in ("train", "holdout")}


def test_two_workers_make_the_same_bytes(build, fonts, corpus, made):
    again = build("toy/synthetic", synthesize, CONFIG, {"fonts": fonts, "documents": corpus}, workers=2)
    assert again.identity != made.identity and again.digest == made.digest
    assert made.manifest.run["images_per_second"] > 0
    other = build("toy/synthetic", synthesize, CONFIG | {"seed": 8}, {"fonts": fonts, "documents": corpus})
    assert other.digest != made.digest


def test_the_holdout_shares_nothing_with_training(records):
    for name in ("fonts", "documents"):
        train, holdout = ({each for r in records[split] for each in r.meta[name]} for split in ("train", "holdout"))
        assert train and holdout and not train & holdout, name
    assert {font for r in records["holdout"] for font in r.meta["fonts"]} <= set(CONFIG["held_out_faces"])
    for kind in CONFIG["kinds"]:
        train, holdout = (
            {r.meta["layout"] for r in records[split] if r.kind == kind} for split in ("train", "holdout")
        )
        assert train and holdout and not train & holdout, kind
    assert {r.meta["layout"] for r in records["holdout"] if r.kind == "line"} == {"tinted", "ruled"}
    train, holdout = ({string_key(r.text) for r in records[split]} for split in ("train", "holdout"))
    assert not train & holdout


def test_records_are_those_of_the_images(made, records):
    shards = ImageShards(made.folder, "train")
    for number, record in enumerate(records["train"]):
        (data,) = shards.sample(number).images
        (made.folder.parent / "image").write_bytes(data)
        with Image.open(made.folder.parent / "image") as image:
            assert image.size == (record.width, record.height)
            assert image.format == ("PNG" if record.kind == "line" else "JPEG")
        assert record.text == "\n".join(line.text for line in record.lines)
        assert record.licence == "PSF-2.0" and record.family == "text" and record.id.startswith("synthetic/train/")
    assert len({record.id for record in records["train"]}) == 64
    grey = [n for n, r in enumerate(records["train"]) if r.meta["layout"] == "plain"]
    assert all(shards.sample(n).images[0][25] == 0 for n in grey), "PNG colour type 0: one channel"


def test_counts_add_up(made, records):
    metrics = made.manifest.metrics
    assert (metrics["images"], metrics["train_images"], metrics["holdout_images"]) == (86, 64, 22)
    assert metrics["images_line"] == 80 and metrics["images_document/form"] == 6 and metrics["faces"] == 8
    assert metrics["words"] == sum(len(r.words) for split in records.values() for r in split)
    counters = made.manifest.counters
    assert counters.kept == 86 and counters.read == 86 + sum(counters.dropped.values())
    assert made.manifest.licences == [{"licence": "PSF-2.0", "source": "synthetic", "documents": 86}]
    index = json.loads(made.path("index.json").read_text())
    assert index["splits"]["train"]["kinds"] == {"document/form": 4, "line": 60}


def test_every_stretch_has_the_kinds_in_their_shares():
    order = [job.kind for job in jobs_of(SynthesisConfig.model_validate(CONFIG), "train")]
    assert order.count("line") == 60
    assert [order[start : start + 16].count("document/form") for start in range(0, 64, 16)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"held_out_faces": ["Arial"]}, r"there is no face Arial; there are DejaVuSans, "),
        ({"kinds": {"lines": {"train": 1}}}, r"there is no kind lines; there are document/article, "),
        ({"line": {"min_chars": 24}, "max_attempts": 2}, r"synthetic/train/line/\d+: none of 2 draws gave an image"),
    ],
)
def test_mistakes_are_named(build, fonts, corpus, change, message):
    with pytest.raises(UserError, match=message):
        build("toy/mistake", synthesize, CONFIG | change, {"fonts": fonts, "documents": corpus})


def test_photographs_lie_under_scenes_of_their_split(build, fonts, corpus, faces, tmp_path):
    def pictures(step):
        writers = []
        for split, grey in (("train", 90), ("holdout", 200)):
            writer = ImageShardWriter(step.out, split=split)
            file = io.BytesIO()
            Image.new("RGB", (160, 120), (grey, grey, 50)).save(file, "PNG")
            about = {"source": "photos", "kind": "photo", "licence": "CC-BY-2.0", "images": ["png"], "split": split}
            record = ImageRecord(id=f"photos/{split}", family="natural", width=160, height=120, caption="a", **about)
            writer.add(record, [file.getvalue()])
            writers.append(writer)
        write_index(step.out, writers)

    photos = build("images/photos", pictures, {}, {})
    config = CONFIG | {"kinds": {"scene/sign": {"train": 12, "holdout": 8}}, "photographs": ["photos"]}
    inputs = {"fonts": fonts, "documents": corpus, "photographs_photos": photos}
    made = build("toy/synthetic_scenes", synthesize, config, inputs)
    for split in ("train", "holdout"):
        drawn = list(ImageShards(made.folder, split).records())
        under = [record for record in drawn if "photographs" in record.meta]
        assert 2 <= len(under) < len(drawn)
        for record in under:
            assert record.meta["background"] == "photograph" and record.meta["photographs"] == [f"photos/{split}"]
            assert "CC-BY-2.0" in record.licence
        assert not any("CC-BY-2.0" in record.licence for record in drawn if record not in under)
