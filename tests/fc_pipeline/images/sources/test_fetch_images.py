"""Packages and folders become image shards; one bad file never loses the others, and nothing goes uncounted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.image_artifacts import images, local_source, plain, records
from factories.sources import refused
from PIL import Image

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.executors import serialization as wire
from fc_pipeline.images.sources.entry import Dropped, Entry, Made, Refused

Fetch = Callable[..., Artifact]
Package = Callable[..., dict[str, Any]]


def drawing(colour: str) -> bytes:
    path = f'<path fill="{colour}" d="M0 0h4v8H0z"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">{path}</svg>'.encode()


EMOJI = {
    "emoji/svg/1F98A.svg": drawing("orange"),
    "emoji/svg/1F44B-1F3FF.svg": drawing("brown"),
    "emoji/svg/1F1E7-1F1EA.svg": drawing("yellow"),
    "emoji/svg/2764.svg": drawing("red"),
    "emoji/svg/E0AB.svg": drawing("green"),
    "emoji/svg/logo.svg": drawing("blue"),
    "emoji/__init__.py": b"raise SystemExit('package code must never run')",
}
NAMES = {
    "\U0001f98a": {"en": ":fox:", "alias": [":fox_face:", ":Fox:"]},
    "\u2764\ufe0f": {"en": ":red_heart:"},
    "\U0001f1e7\U0001f1ea": {"en": ":Belgium:"},
    "\U0001f44b\U0001f3ff": {"en": ":waving_hand_dark_skin_tone:"},
    "\U0001f480": {"en": ":skull:"},
}


def emoji(package: Package, more: dict[str, bytes] | None = None, **fields: Any) -> dict[str, Any]:
    pictures = package("emo-1.0-py3-none-any.whl", {**EMOJI, **(more or {})}, files={"pictures": "emoji/svg/*.svg"})
    table = {"names/emoji.json": json.dumps(NAMES).encode()}
    names = package("names-1.0.tar.gz", table, files={"names": "names/*.json"}, licence="BSD-3-Clause")
    reader = {"kind": "emoji", "size": 32, **fields.pop("reader", {})}
    origins = [pictures, names]
    return {"name": "signs", "licence": "CC-BY-SA-4.0", "origins": origins, "reader": reader, "holdout": 0, **fields}


def test_drawings_are_joined_with_their_names_and_hostile_ones_cost_only_themselves(
    fetch: Fetch, package: Package
) -> None:
    image = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><image href="/etc/hostname"/></svg>'
    hostile = {"emoji/svg/1F480.svg": image.encode()}
    artifact = fetch(emoji(package, hostile, attribution="its makers", max_bad_rate=0.2))
    drawn = records(artifact)
    aliases = {record.caption: record.meta["aliases"] for record in drawn.values()}
    assert aliases == {"fox": ["fox face"], "flag of Belgium": [], "red heart": []}
    fox = drawn["signs/emoji/svg/1F98A.svg"]
    assert fox.meta["attribution"] == "its makers" and fox.meta["emoji"] == "\U0001f98a"
    assert (fox.kind, fox.family, fox.licence, fox.width, fox.height) == ("emoji", "natural", "CC-BY-SA-4.0", 32, 32)
    (image,) = images(artifact, 0)
    assert image.mode == "RGB" and image.getpixel((4, 16)) == (255, 165, 0) and image.getpixel((28, 16)) == (255,) * 3
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.quarantined) == (7, 3, 1)
    assert refused(artifact) == {"emoji/svg/1F480.svg": "active_content"}
    assert counters.dropped == {"skin_tone": 1, "no_name": 1, "no_code_points": 1}
    assert artifact.manifest.licences == [{"licence": "CC-BY-SA-4.0", "source": "signs", "documents": 3}]
    assert artifact.metrics["captions"] == 3 and artifact.metrics["images"] == 3


def test_the_bytes_depend_on_the_seed_and_not_on_the_workers(fetch: Fetch, package: Package) -> None:
    entry = emoji(package, reader={"background": "seeded"}, holdout=0.5)
    one, two = fetch(entry, workers=1), fetch(entry, workers=2)
    assert one.identity != two.identity and one.digest == two.digest
    assert fetch({**entry, "seed": 1}).digest != one.digest


def test_questions_come_with_their_pictures_and_their_split(fetch: Fetch, package: Package) -> None:
    asked = [["what is the red shape?", "circle", 0], ["is there a circle?", "yes", 0], ["what colour?", "red", 0]]
    content = {
        "data/train/images/0.png": plain("red"),
        "data/train/images/7.png": plain("pink"),
        "data/train/questions.json": json.dumps(asked).encode(),
        "data/test/images/0.png": plain("blue"),
        "data/test/questions.json": json.dumps([["what colour?", "blue", 0]]).encode(),
    }
    files = {"pictures": "data/*/images/*.png", "questions": "data/*/questions.json"}
    origin = package("vqa-1.0-py3-none-any.whl", content, files=files)
    source = {"name": "shapes", "licence": "MIT", "origins": [origin], "reader": {"kind": "easy_vqa"}, "holdout": 0.9}
    artifact = fetch(source)
    (train,) = records(artifact).values()
    answers = [(question.answers, question.kind) for question in train.questions]
    assert answers == [(["circle"], "shape"), (["yes"], "yes_no"), (["red"], "colour")]
    assert train.caption == "a red circle"
    (test,) = records(artifact, "holdout").values()
    assert test.id == "shapes/data/test/images/0.png" and test.split == "holdout"
    assert test.caption is None, "its shape is not said"
    assert artifact.manifest.counters.dropped == {"no_questions": 1}
    content["data/test/questions.json"] = b'{"0": "blue"}'
    broken = package("vqb-1.0-py3-none-any.whl", content, files=files)
    with pytest.raises(UserError, match=r"images shapes: data/test/questions\.json is no list of \[question"):
        fetch({**source, "origins": [broken]})


CODE = b'''
raise SystemExit("never run")

def cat():
    """Chelsea the cat.

    A tabby.

    Notes
    -----
    No copyright restrictions. CC0 by the photographer.
    """
    return _load("data/cat.png")

def page():
    """Scanned
    page.
    """
    "other.png"
    return _load("data/page.png")

def both():
    """Two of them."""
    return _load("data/left.png"), _load("data/right.png")
'''


def test_pictures_are_described_by_docstrings_that_are_not_run(fetch: Fetch, package: Package) -> None:
    content = {
        "lib/code.py": CODE,
        "lib/data/cat.png": plain("red", size=(200, 100)),
        "lib/data/page.png": plain("blue"),
        "lib/data/left.png": plain("green"),
    }
    files = {"code": "lib/code.py", "pictures": "lib/data/*.png"}
    reader = {"kind": "docstrings", "text_files": ["page.png"], "max_side": 50}
    origin = package("pics-1.0.tar.gz", content, files=files)
    source = {"name": "photos", "licence": "BSD-3-Clause", "origins": [origin], "reader": reader, "holdout": 0}
    artifact = fetch(source)
    cat, page = records(artifact).values()
    assert (cat.caption, cat.licence, cat.kind) == ("Chelsea the cat", "CC0-1.0", "photo")
    assert (cat.width, cat.height) == (50, 25)
    assert cat.meta["description"] == "Chelsea the cat.\n\nA tabby."
    assert (page.caption, page.licence, page.family) == ("Scanned page", "BSD-3-Clause", "text")
    assert artifact.manifest.counters.dropped == {"not_described": 1}
    broken = package("picx-1.0.tar.gz", {**content, "lib/code.py": b"def ("}, files=files)
    with pytest.raises(UserError, match=r"images photos: lib/code\.py is no Python"):
        fetch({**source, "origins": [broken]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for colour in ("red", "green", "blue", "yellow"):
        (folder / f"{colour}_square.png").write_bytes(plain(colour))
    return folder


def local(folder: Path, files: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    reader = {"kind": "folder", **fields.pop("reader", {})}
    return local_source(folder, files or {"pictures": "*"}, reader, **fields)


def test_bad_pictures_are_quarantined_and_the_others_stay(fetch: Fetch, folder: Path) -> None:
    whole = plain("purple", size=(64, 64))
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "pixel.png").write_bytes(plain("black", size=(1, 1)))
    (folder / "huge.png").write_bytes(whole[:16] + (100_000).to_bytes(4, "big") * 2 + whole[24:])
    (folder / "page.png").write_bytes(b"<html>")
    (folder / "empty.png").write_bytes(b"")
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(folder / "print.jpg")
    artifact = fetch(local(folder, max_bad_rate=0.6))
    assert refused(artifact) == {
        "cut.png": "damaged",
        "pixel.png": "too_small",
        "huge.png": "too_large",
        "page.png": "format",
        "empty.png": "empty",
        "moving.gif": "animated",
    }
    kept = records(artifact)
    assert len(kept) == 5 and kept["inbox/red_square.png"].caption == "red square"
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.quarantined) == (11, 5, 6)
    with pytest.raises(UserError) as caught:
        fetch(local(folder))
    message = str(caught.value)
    assert "images inbox: 6 of 11 records cannot be read" in message and "max_bad_rate is 0.01" in message
    assert "\n" not in message and "animated 1, damaged 1, empty 1" in message


def test_the_same_picture_comes_once(fetch: Fetch, folder: Path) -> None:
    Image.new("RGB", (32, 24), "red").save(folder / "again.bmp")
    artifact = fetch(local(folder))
    assert artifact.manifest.counters.dropped == {"repeated_image": 1}
    assert artifact.manifest.counters.kept == 4


def test_texts_beside_the_pictures_are_their_captions(fetch: Fetch, folder: Path) -> None:
    (folder / "red_square.txt").write_text("A square,\nall red.")
    (folder / "green_square.txt").write_text(" \n")
    (folder / "blue_square.txt").write_bytes(b"caf\xe9")
    files = {"pictures": "*.png", "captions": "*.txt"}
    artifact = fetch(local(folder, files=files, reader={"caption": "text_file"}))
    assert [record.caption for record in records(artifact).values()] == ["A square, all red."]
    assert artifact.manifest.counters.dropped == {"no_caption": 2}
    assert refused(artifact) == {"blue_square.png": "invalid_utf8"}


def test_a_cap_takes_a_stable_part_and_the_holdout_is_one(fetch: Fetch, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number:03}.png").write_bytes(plain(f"#{number:02x}0000"))
    artifact = fetch(local(folder, max_images=60, holdout=0.3))
    train, holdout = set(records(artifact)), set(records(artifact, "holdout"))
    assert len(train | holdout) == 60 and not train & holdout and 8 <= len(holdout) <= 30
    assert artifact.manifest.counters.dropped == {"above_max_images": 40}
    all_of_them = fetch(local(folder, holdout=0.3))
    assert holdout <= set(records(all_of_them, "holdout")) and train <= set(records(all_of_them))


def test_what_workers_are_sent_goes_to_a_cluster_too() -> None:
    refused = Entry("a", BadInput("too_large", "9 bytes"), "MIT")
    asked = Entry("b", b"\x00", "MIT", caption="c", questions=[("q", ["a"], "k")], meta={"n": 1})
    results = [Dropped("d", "r"), Made("m", {}, [b"i"], None), Refused("e", "f", "g")]
    back = wire.decode(wire.encode([refused, asked, *results]))
    assert [type(each) for each in back] == [Entry, Entry, Dropped, Made, Refused]
    assert back[1].content == b"\x00" and [tuple(question) for question in back[1].questions] == [("q", ["a"], "k")]
    assert (back[0].content.reason, back[0].content.detail) == ("too_large", "9 bytes")
