"""SynthText, ICDAR 2013 and 2015 and IIIT 5K-word, in small files of their formats (MATLAB's written by scipy)."""

import io

import numpy as np
import pytest
from factories import image_bytes
from factories.dataset_files import encoded, put, read, reasons
from PIL import Image, ImageOps
from scipy.io import savemat

from fc_model.data.images.record import Line, Word


def cells(values: list) -> np.ndarray:
    """A 1 x n cell array."""
    row = np.empty((1, len(values)), dtype=object)
    for number, value in enumerate(values):
        row[0, number] = value
    return row


def mat(**variables) -> bytes:
    file = io.BytesIO()
    savemat(file, variables, do_compression=True)
    return file.getvalue()


def quads(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    """2 x 4 x n corners, clockwise from the upper left; 2 x 4 for one box."""
    corners = np.array([[[l, r, r, l], [t, t, b, b]] for l, t, r, b in boxes], np.float64)  # noqa: E741
    return corners.transpose(1, 2, 0) if len(boxes) > 1 else corners[0]


def test_synthtext(tmp_path):
    """txt holds instances: char matrices whose rows are padded with spaces; lines within one are separated by LF."""
    words = quads((2.5, 3, 20, 12), (22, 3, 40.2, 12), (2, 14, 30, 22), (-5, 30, 10, 40), (200, 0, 220, 9))
    names = ["8/ballet_1.jpg", "8/one.jpg", "8/count.jpg", "8/gone.jpg"]
    texts = [np.array(text) for text in (["Lines: I\nlost  ", "Kevin out     "], ["Only"], ["two words"], ["x"])]
    boxes = [words, quads((0, 0, 9, 9)), quads((0, 0, 9, 9)), quads((0, 0, 9, 9))]
    put(tmp_path, "gt.mat", mat(imnames=cells(names), wordBB=cells(boxes), charBB=cells(boxes), txt=cells(texts)))
    for name in names[:3]:
        put(tmp_path, name, encoded(100, 60))
    good, bad = read("synthtext", tmp_path)
    assert reasons(bad) == {"synthtext/8/count.jpg": "word_count", "synthtext/8/gone.jpg": "missing_image"}
    record = good["synthtext/8/ballet_1.jpg"]
    assert record.words == [
        Word("Lines:", (2, 3, 20, 12), 0),
        Word("I", (22, 3, 41, 12), 0),
        Word("lost", (2, 14, 30, 22), 1),
        Word("Kevin", (0, 30, 10, 40), 2),
    ]
    assert record.lines[0] == Line("Lines: I", (2, 3, 41, 12))
    assert record.text == "Lines: I\nlost\nKevin" and record.meta == {"outside": 1}
    assert good["synthtext/8/one.jpg"].words == [Word("Only", (0, 0, 9, 9), 0)]
    assert "non-commercial" in record.licence


def test_synthtext_of_one_image(tmp_path):
    """MATLAB has no difference between one cell and a list of one."""
    one = {"imnames": cells(["1/a.jpg"]), "wordBB": cells([quads((1, 2, 3, 4))]), "txt": cells([np.array(["Hi"])])}
    put(tmp_path, "gt.mat", mat(**one))
    put(tmp_path, "1/a.jpg", encoded())
    good, bad = read("synthtext", tmp_path)
    assert not bad and good["synthtext/1/a.jpg"].words == [Word("Hi", (1, 2, 3, 4), 0)]


SOUND_MAT = mat(imnames=cells(["1/a.jpg", "1/b.jpg"]), wordBB=cells([quads((1, 2, 3, 4))] * 2), txt=cells(["a", "b"]))


def test_damaged_and_other_matlab_files(tmp_path):
    cut = [SOUND_MAT[: len(SOUND_MAT) * k // 16] for k in range(16)]
    others = [b"MATLAB 7.3 MAT-file" + bytes(600), b"junk" * 99, mat(other=1), mat(imnames=1, wordBB=2, txt=3)]
    for content in cut + others:
        put(tmp_path, "gt.mat", content)
        good, bad = read("synthtext", tmp_path)
        assert not good and len(bad) == 1
        assert content in others or set(reasons(bad).values()) <= {"invalid_matlab", "invalid_annotations"}


def test_icdar2015(tmp_path):
    train, test = "ch4_training_localization_transcription_gt", "Challenge4_Test_Task4_GT"
    files = [
        "\ufeff377,117,463,117,465,130,378,130,Genaxis Theatre\r\n493,115,519,115,519,131,493,131,[06]\r\n"
        "374,155,409,155,409,170,374,170,###\r\n",
        "\ufeff-3,5,40,5,40,20,-3,20,£9,99 café\r\n",
        "1,2,3,4,5,6,7,word\n",
        "9000,5,9040,5,9040,20,9000,20,far\n",
        b"1,1,9,1,9,9,1,9,caf\xe9\n",
        "1,1,9,1,9,9,1,9,lost\n",
        "",
    ]
    for number, content in enumerate(files, start=1):
        put(tmp_path, f"{train}/gt_img_{number}.txt", content)
    put(tmp_path, f"{test}/gt_img_1.txt", "1,1,9,1,9,9,1,9,other\n")
    for number in (1, 2, 3, 4, 5, 7):
        put(tmp_path, f"ch4_training_images/img_{number}.jpg", encoded(1280, 720))
    put(tmp_path, "ch4_test_images/img_1.jpg", encoded(640, 480))  # the same name as one for training
    good, bad = read("icdar2015", tmp_path)
    assert reasons(bad) == {
        f"icdar2015/{train}/gt_img_3.txt": "invalid_record",
        f"icdar2015/{train}/gt_img_4.txt": "invalid_box",
        f"icdar2015/{train}/gt_img_5.txt": "invalid_utf8",
        f"icdar2015/{train}/gt_img_6.txt": "missing_image",
    }
    record = good["icdar2015/ch4_training_images/img_1.jpg"]
    assert [word.text for word in record.words] == ["Genaxis Theatre", "[06]"]
    assert record.words[0].box == (377, 117, 465, 130)
    assert record.meta["quads"][0] == [377, 117, 463, 117, 465, 130, 378, 130]
    assert record.meta["unreadable"] == [[374, 155, 409, 170]] and record.text is None
    second = good["icdar2015/ch4_training_images/img_2.jpg"]
    assert second.words == [Word("£9,99 café", (0, 5, 40, 20), 0)] and second.text == "£9,99 café"
    assert good["icdar2015/ch4_training_images/img_7.jpg"].text == ""
    held_out = good["icdar2015/ch4_test_images/img_1.jpg"]
    assert (held_out.split, held_out.width, held_out.text) == ("holdout", 640, "other")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_of_stored_pixels_lie_on_their_word_in_the_upright_picture(tmp_path, orientation):
    """A black word on white in a picture that EXIF turns; labels are of the pixels as they are stored."""
    stored = Image.new("L", (200, 120), 255)
    stored.paste(0, (30, 20, 90, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    put(tmp_path, "train_images/img_1.png", image_bytes.encoded(stored, "PNG", exif=exif.tobytes()))
    put(tmp_path, "train_gt/gt_img_1.txt", "30,20,90,20,90,40,30,40,word\n")
    good, _ = read("icdar2015", tmp_path)
    [record] = good.values()
    upright = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "train_images/img_1.png")))
    ys, xs = np.nonzero(upright == 0)
    assert record.words[0].box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert set(record.meta["quads"][0]) == set(map(float, record.words[0].box))


def test_icdar_words_that_have_no_place(tmp_path):
    """Mostly cut away, longer and shorter than its text can be; what cannot be read may be of any shape."""
    lines = ["10,10,60,10,60,30,10,30,good", "-60,40,20,40,20,60,-60,60,cut", "0,70,1000,70,1000,80,0,80,ab"]
    lines += [
        "10,100,30,100,30,300,10,300,###",
        "10,400,30,400,30,440,10,440,much too long a text for it",
        "5,5,5,5,5,5,5,5,x",
    ]
    put(tmp_path, "train_gt/gt_img_1.txt", "\n".join(lines))
    put(tmp_path, "train_images/img_1.jpg", encoded(1000, 500))
    good, bad = read("icdar2015", tmp_path)
    [record] = good.values()
    assert not bad and [word.text for word in record.words] == ["good"] and record.meta["outside"] == 4
    assert record.text is None and record.meta["unreadable"] == [[10, 100, 30, 300]]


def test_icdar_pictures_of_one_name_in_two_folders(tmp_path):
    for folder in ("a", "b"):
        put(tmp_path, f"train/{folder}/img_1.png", encoded(60 if folder == "a" else 80, 40, "PNG"))
    put(tmp_path, "train/b/gt_img_1.txt", "1,1,30,1,30,9,1,9,word\n")
    put(tmp_path, "train/gt/gt_img_1.txt", "1,1,30,1,30,9,1,9,word\n")
    good, bad = read("icdar2015", tmp_path)
    assert [(record.id, record.width) for record in good.values()] == [("icdar2015/train/b/img_1.png", 80)]
    assert reasons(bad) == {"icdar2015/train/gt/gt_img_1.txt": "ambiguous_image"}


def test_icdar2013(tmp_path):
    lines = '158 128 411 181 "Footpath"\n443 128 501 169 "To"\n64 200 363 243 "said \\"no, no\\""\n'
    put(tmp_path, "train_gt/gt_100.txt", lines)
    put(tmp_path, "test_gt/gt_img_1.txt", '38, 43, 920, 215, "Tiredness"\r\n275, 264, 665, 450, "kills, A"\r\n')
    put(tmp_path, "train_images/100.jpg", encoded(640, 480))
    put(tmp_path, "test_images/img_1.jpg", encoded(960, 960))
    good, bad = read("icdar2013", tmp_path)
    assert not bad
    record = good["icdar2013/train_images/100.jpg"]
    assert record.text == 'Footpath\nTo\nsaid "no, no"' and record.words[0].box == (158, 128, 411, 181)
    test = good["icdar2013/test_images/img_1.jpg"]
    assert test.text == "Tiredness\nkills, A" and test.split == "holdout"


def test_iiit5k(tmp_path):
    fields = [("ImgName", object), ("GroundTruth", object), ("smallLexi", object), ("mediumLexi", object)]
    lexicon = cells(["PRIVATE", "PARKING"])

    def rows(*words: tuple[str, str]) -> np.ndarray:
        return np.array([[(name, truth, lexicon, lexicon) for name, truth in words]], dtype=fields)

    train = rows(("train/1009_1.png", "YOU"), ("train/1009_2.png", ""), ("train/1009_3.png", "12"), ("../x.png", "A"))
    put(tmp_path, "traindata.mat", mat(traindata=train))
    put(tmp_path, "testdata.mat", mat(testdata=rows(("test/1_1.png", "RESCUE"))))
    put(tmp_path, "train/1009_1.png", encoded(60, 24, "PNG"))
    put(tmp_path, "train/1009_2.png", encoded(60, 24, "PNG"))
    put(tmp_path, "train/1009_3.png", encoded(1, 1, "PNG"))
    put(tmp_path, "test/1_1.png", encoded(60, 24, "PNG"))
    good, bad = read("iiit5k", tmp_path)
    assert reasons(bad) == {
        "iiit5k/train/1009_2.png": "empty_text",
        "iiit5k/train/1009_3.png": "too_small",
        "iiit5k/../x.png": "unsafe_path",
    }
    assert good["iiit5k/train/1009_1.png"].text == "YOU" and good["iiit5k/train/1009_1.png"].split == "train"
    assert good["iiit5k/test/1_1.png"].text == "RESCUE" and good["iiit5k/test/1_1.png"].split == "holdout"


def test_iiit5k_of_another_shape(tmp_path):
    put(tmp_path, "traindata.mat", mat(traindata=np.array([[("a.png",)]], dtype=[("ImgName", object)])))
    put(tmp_path, "testdata.mat", mat(testdata=np.eye(3)))
    good, bad = read("iiit5k", tmp_path)
    assert not good and set(reasons(bad).values()) == {"invalid_annotations"} and len(bad) == 2
