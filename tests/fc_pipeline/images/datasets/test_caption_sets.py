"""COCO captions, Screen2Words, LAION and Conceptual Captions, in small files of their formats."""

import random
import tarfile

import pyarrow
import pytest
from factories.dataset_files import encoded, img2dataset, put, read, reasons
from factories.image_server import ImageServer
from factories.packages import special, tar
from PIL import Image
from pyarrow import parquet

from fc_model.data.images.limits import ImageLimits
from fc_model.errors import UserError
from fc_pipeline.images.datasets.catalogue import DownloadLimits

LOOPBACK = DownloadLimits(allow_private=True, attempts=1, timeout_seconds=2, concurrency=3)


def test_coco(tmp_path):
    licences = [
        {"id": 1, "name": "By-nc-sa", "url": "http://creativecommons.org/licenses/by-nc-sa/2.0/"},
        {"id": 7, "name": "No known copyright restrictions", "url": "http://flickr.com/commons/usage/"},
    ]
    images = [
        {"id": number, "file_name": f"{number:012d}.jpg", "width": 64, "height": 48, "license": 1}
        for number in (9, 25, 30, 34, 36)
    ]
    images[1] |= {"license": 7}
    images[2] |= {"width": 640}
    images += [{"id": 37}, {"file_name": "x"}]
    captions = [
        (9, "Closeup of bins of food."), (25, "Eine Giraffe äst."), (9, " A meal. "), (9, "A meal."), (30, "b"),
        (36, ""), (34, "gone"),
    ]  # fmt: skip
    annotations = [{"image_id": key, "id": number, "caption": text} for number, (key, text) in enumerate(captions)]
    content = {"licenses": licences, "images": images, "annotations": annotations}
    put(tmp_path, "annotations/captions_train2017.json", content)
    put(tmp_path, "annotations/captions_val2017.json", {"images": []})
    put(tmp_path, "annotations/captions_val2014.json", "[1, 2")
    for number in (9, 25, 30, 36, 37):
        put(tmp_path, f"train2017/{number:012d}.jpg", encoded(64, 48))
    good, bad = read("coco_captions", tmp_path)
    assert reasons(bad) == {
        "coco_captions/captions_val2014.json": "invalid_json",
        "coco_captions/captions_val2017.json": "invalid_annotations",
        "coco_captions/30": "size_mismatch",
        "coco_captions/34": "missing_image",
        "coco_captions/36": "no_caption",
        "coco_captions/37": "invalid_record",
        "coco_captions/entry 6": "invalid_record",
    }
    first, second = good["coco_captions/train2017/9"], good["coco_captions/train2017/25"]
    assert first.caption == "Closeup of bins of food." and first.meta["captions"][1:] == ["A meal."]
    assert (first.licence, first.family, first.split) == ("CC-BY-NC-SA-2.0", "natural", "train")
    assert (second.licence, second.caption) == ("LicenseRef-No-known-copyright-restrictions", "Eine Giraffe äst.")


def test_screen2words(tmp_path):
    summaries = (
        '72055,"page displaying the login screen, with fields"\n72055,login page\n100,пустой экран\n101, \n102,gone\n'
    )
    put(tmp_path, "screen_summaries.csv", f"screenId,summary\n{summaries}".replace("\n", "\r\n"))
    put(tmp_path, "split/train_screens.txt", "72055\n102\n")
    for number in (72055, 100, 101):
        put(tmp_path, f"combined/{number}.jpg", encoded(108, 192))
    good, bad = read("screen2words", tmp_path)
    assert reasons(bad) == {"screen2words/101": "no_caption", "screen2words/102": "missing_image"}
    record = good["screen2words/72055"]
    assert record.caption == "page displaying the login screen, with fields" and record.split == "train"
    assert record.meta["captions"] == [record.caption, "login page"]
    assert good["screen2words/100"].split == "holdout" and good["screen2words/100"].caption == "пустой экран"


@pytest.mark.parametrize("content", ["id,text\n1,a\n", 'screenId,summary\n1,"open\n', b"screenId,summary\n1,\xff\n"])
def test_summaries_that_are_none(tmp_path, content):
    put(tmp_path, "screen_summaries.csv", content)
    put(tmp_path, "split/train_screens.txt", "1\n")
    good, bad = read("screen2words", tmp_path)
    assert not good and set(reasons(bad).values()) <= {"invalid_csv", "invalid_utf8"} and len(bad) == 1


def test_laion_as_tars(tmp_path):
    members = [
        *img2dataset(0, "ein Häuschen"),
        *img2dataset(1, image=b"<html>404</html>"),
        ("../../etc/passwd", b""),
        special("000000002.jpg", tarfile.SYMTYPE),
        special("pipe", tarfile.FIFOTYPE),
        *img2dataset(3, extension="webp", image=encoded(format_="WEBP")),
        ("000000004.jpg", encoded()),
        ("000000004.json", b"{broken"),
        *img2dataset(5)[1:],
        *img2dataset(6, caption=" "),
        ("000000007.txt", b"\xff\xfe"),
        *img2dataset(8),
    ]
    put(tmp_path, "00000.tar", tar(*members))
    put(tmp_path, "00000_stats.json", {"count": 9, "successes": 8, "failed_to_download": 1})
    put(tmp_path, "00001.tar", tar(*img2dataset(10000))[:700])
    put(tmp_path, "00000.parquet", b"what img2dataset leaves beside its tars is not read")
    good, bad = read("laion", tmp_path)
    assert reasons(bad) == {
        "laion/00000/000000001": "format",
        "laion/00000/member 6": "unsafe_member",
        "laion/00000/member 7": "unsafe_member",
        "laion/00000/member 8": "unsafe_member",
        "laion/00000/000000004": "invalid_json",
        "laion/00000/000000005": "missing_image",
        "laion/00000/000000006": "no_caption",
        "laion/00000/000000007": "invalid_utf8",
        "laion/00001": "broken_tar",
    }
    assert good["laion/00000/000000000"].caption == "ein Häuschen"
    assert good["laion/00000/000000003"].images == ["webp"]
    assert good["laion/00000/000000008"].meta == {"url": "http://host/8.jpg"}


@pytest.mark.parametrize(
    "meta",
    [
        b'{"url": "u", "punsafe": NaN, "similarity": -Infinity, "width": 1e999}',
        b'{"url": "u", "url": "u", "exif": "\\u0000"}',
        b'{"url": NaN}',
        b'{"url": "\\ud800"}',
        b'{"url": {"a": "\\u0000"}}',
        b"[NaN]",
        b"no JSON",
        b"\xff\xfe",
        b"x" * 2000,
    ],
)
def test_metadata_that_nobody_needs_costs_no_sample(tmp_path, meta):
    members = img2dataset(0)
    members[1] = (members[1][0], meta)
    put(tmp_path, "00000.tar", tar(*members))
    good, bad = read("laion", tmp_path, max_record_bytes=1000)
    assert not bad and [record.caption for record in good.values()] == ["a caption"]


@pytest.mark.parametrize("caption", ["NaN", "null", "5", '["a"]'])
def test_a_caption_that_is_no_text_is_none(tmp_path, caption):
    put(
        tmp_path,
        "00000.tar",
        tar(("000000000.jpg", encoded()), ("000000000.json", f'{{"caption": {caption}}}'.encode())),
    )
    assert reasons(read("laion", tmp_path)[1]) == {"laion/00000/000000000": "no_caption"}


def test_members_beyond_the_limits_of_a_tar(tmp_path):
    """They are passed over; a second member of one name is, too."""
    members = [
        *img2dataset(0, image=bytes(3000)),
        *img2dataset(1, caption="a" * 1200),
        *img2dataset(2),
        ("000000002.jpg", encoded(32, 24)),
        ("no extension", b""),
    ]
    put(tmp_path, "00000.tar", tar(*members))
    good, bad = read("cc12m", tmp_path, image=ImageLimits(max_bytes=2500), max_record_bytes=1000)
    assert list(good) == ["cc12m/00000/000000002"] and good["cc12m/00000/000000002"].width == 64
    assert reasons(bad) == {
        "cc12m/00000/000000000": "too_many_bytes",
        "cc12m/00000/000000001": "too_many_bytes",
        "cc12m/00000/member 9": "unsafe_member",
        "cc12m/00000/member 10": "unsafe_member",
    }


def test_a_tar_that_was_cut_between_members(tmp_path):
    whole = tar(*img2dataset(0), *img2dataset(1))
    second = whole.index(b"000000001.jpg")
    put(tmp_path, "00000.tar", whole[:second])
    put(tmp_path, "00000_stats.json", {"successes": 2})
    good, bad = read("cc12m", tmp_path)
    assert list(good) == ["cc12m/00000/000000000"] and reasons(bad) == {"cc12m/00000": "missing_samples"}


def test_a_header_that_would_fill_the_memory(tmp_path):
    """PAX headers are read whole before the member that they describe; names of megabytes are no names."""
    header = {"format": tarfile.PAX_FORMAT, "pax_headers": {"comment": "a" * 2_000_000}}
    put(tmp_path, "00000.tar", tar(*img2dataset(0), **header))
    good, bad = read("cc12m", tmp_path)
    assert not good and reasons(bad) == {"cc12m/00000": "broken_tar"}


def test_damaged_tars_never_raise(tmp_path):
    data = tar(*img2dataset(0), *img2dataset(1))
    rng = random.Random(3)
    for number in range(60):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[rng.randrange(1024 if number % 2 else len(data))] ^= 1 << rng.randrange(8)
        put(tmp_path, "00000.tar", bytes(damaged))
        good, bad = read("cc3m", tmp_path)
        assert len(good) <= 2 and (good or bad)


def table(path, **columns) -> None:
    parquet.write_table(pyarrow.table(columns), path)


def test_laion_as_a_list_of_urls(tmp_path):
    with ImageServer() as server:
        server.files |= {"/a.jpg": encoded(), "/b.png": encoded(format_="PNG"), "/c.jpg": b"<html>"}
        urls = [f"{server.url}{path}" for path in ("/a.jpg", "/gone.jpg", "/b.png", "/c.jpg")]
        table(
            tmp_path / "part-00000.parquet",
            URL=[*urls, None, urls[0]],
            TEXT=["first", "second", "日本", "fourth", "fifth", None],
            similarity=[float("nan"), 0.3, 0.31, 0.3, 0.3, 0.3],
            punsafe=[float("inf")] * 6,
            hash=[b"\xff\0"] * 6,
            NSFW=["UNLIKELY"] * 6,
            other=[1] * 6,
        )
        (tmp_path / "part-00001.parquet").write_bytes(b"PAR1 no more")
        table(tmp_path / "part-00002.parquet", link=["x"], words=["y"])
        good, bad = read("laion", tmp_path, download=LOOPBACK)
    assert reasons(bad) == {
        "laion/part-00000/2": "http_error",
        "laion/part-00000/4": "format",
        "laion/part-00000/5": "invalid_record",
        "laion/part-00000/6": "invalid_record",
        "laion/part-00001.parquet": "invalid_parquet",
        "laion/part-00002.parquet": "invalid_annotations",
    }
    assert list(good) == ["laion/part-00000/1", "laion/part-00000/3"]
    assert good["laion/part-00000/3"].caption == "日本"
    kept = {"NSFW": "UNLIKELY", "hash": str(b"\xff\0")}
    assert good["laion/part-00000/3"].meta == {"url": urls[2], "similarity": 0.31} | kept
    assert good["laion/part-00000/1"].meta == {"url": urls[0]} | kept


def test_conceptual_captions_as_lists(tmp_path):
    with ImageServer() as server:
        server.files["/a.jpg"] = encoded()
        url = f"{server.url}/a.jpg"
        lines = f'a very "typical" bus station\t{url}\nno url\n\xff\t{url}\n'.encode("latin-1")
        put(tmp_path, "Train_GCC-training.tsv", lines)
        put(tmp_path, "Validation_GCC-1.1.0-Validation.tsv", f"author : a life in photography\t{url}\n")
        put(tmp_path, "cc12m.tsv", f"url\tcaption\n{url}\tMetal Design Within Reach\n")
        good, bad = read("cc3m", tmp_path, download=LOOPBACK)
        assert reasons(bad) == {
            "cc3m/Train_GCC-training/2": "invalid_record",
            "cc3m/Train_GCC-training/3": "invalid_utf8",
        }
        assert {name: (record.caption, record.split) for name, record in good.items()} == {
            "cc3m/Train_GCC-training/1": ('a very "typical" bus station', "train"),
            "cc3m/Validation_GCC-1.1.0-Validation/1": ("author : a life in photography", "holdout"),
        }
        good, bad = read("cc12m", tmp_path, download=LOOPBACK)
        assert not bad and good["cc12m/cc12m/2"].caption == "Metal Design Within Reach"


def test_lists_are_downloaded_only_where_allowed(tmp_path):
    put(tmp_path, "cc12m.tsv", b"http://host/" + b"a" * 300_000 + b"\tno end\nhttp://127.0.0.1:9/a.jpg\tcaption\n")
    with pytest.raises(UserError, match="allow downloads, or run img2dataset"):
        read("cc12m", tmp_path)
    good, bad = read("cc12m", tmp_path, download=DownloadLimits(), max_record_bytes=10_000)
    assert not good and reasons(bad) == {"cc12m/cc12m/1": "record_too_large", "cc12m/cc12m/2": "private_address"}


def test_the_size_is_that_of_the_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    put(tmp_path, "00000.tar", tar(*img2dataset(0, image=encoded(64, 48, exif=exif.tobytes()))))
    good, _ = read("cc12m", tmp_path)
    assert [(record.width, record.height) for record in good.values()] == [(48, 64)]
