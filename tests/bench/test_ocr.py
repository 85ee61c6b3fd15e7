"""The bench of images: everyone gets the text and the face that ours drew, and rates are medians over rounds."""

import json
from pathlib import Path

import pytest
from factories.build import build
from PIL import Image

from bench import ocr_ours
from bench.ocr import SIDES, rates_of, ratios
from bench.ocr_environments import PEERS
from bench.ocr_ours import CONFIG, FIRST, WARM, jobs, pictures, write_plan
from bench.ocr_work import grey_png, read_work, time_side, write_work
from fc_model.artifacts import Store
from fc_pipeline.images.fonts.catalogue import fonts_config
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.fonts.fetch import fetch_fonts
from fc_pipeline.images.synthesis.renderer import Plan, draw_page


@pytest.fixture(scope="module")
def work_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def plan(work_folder, tmp_path_factory) -> Plan:
    """Of the faces that matplotlib brings, in the folder of the work."""
    config = fonts_config(["dejavu"]).model_dump(mode="json")
    fonts = build(Store(tmp_path_factory.mktemp("home")), "images/fonts", fetch_fonts, config).folder
    held_out = [load_faces(fonts).faces[0].name]
    return write_plan(work_folder, fonts, CONFIG.model_copy(update={"held_out_faces": held_out}))


@pytest.mark.parametrize(("task", "count"), [("lines", 5), ("pages", 8)])
def test_work_of_all_sides(plan, work_folder, task: str, count: int) -> None:
    faces = {face.name: face.file for face in load_faces(Path(plan.fonts)).faces}
    work = list(pictures(task, count, plan, faces))
    write_work(work_folder, task, work)
    assert read_work(work_folder, task) == work
    for job, picture in zip(jobs(task, count, first=FIRST), work, strict=True):
        page, record, _ = draw_page(job, plan=plan)
        assert [" ".join(line) for line in picture.words] == [" ".join(line.text.split()) for line in record.lines]
        assert (picture.width, picture.height) == page.image.size and Path(picture.font).is_file()
        assert 6 <= picture.size <= 40
    ocr_ours.main("ours_cold", task, work_folder)
    told = json.loads((work_folder / f"{task}-ours_cold.json").read_text("utf-8"))
    assert told["images"] == count and told["draw"] > 0 and told["png"] > 0 and told["bytes"] > 100 * count
    assert told["sizes"] == [round(sum(side) / count) for side in zip(*(p[3:] for p in work), strict=True)]


def test_warm_up_jobs() -> None:
    for task in ("lines", "pages"):
        timed = set(jobs(task, 200, first=FIRST))
        assert len(timed) == 200
        assert all(timed.isdisjoint(jobs(task, warm[task], first=0)) for warm in WARM.values())
    assert len({job.kind for job in jobs("pages", 8, first=0)}) == 8, "all kinds of documents, in turn"


def test_failed_picture(tmp_path: Path) -> None:
    draws = [Image.new("RGB", (40, 32)), None, Image.new("RGB", (60, 32))]
    time_side(tmp_path, "lines", "trdg", draw=draws.__getitem__, png=grey_png, count=3, warmup=lambda: None)
    told = json.loads((tmp_path / "lines-trdg.json").read_text("utf-8"))
    assert (told["images"], told["sizes"]) == (2, [50, 32])


def test_rates_and_ratios() -> None:
    def answer(draw: float, png: float) -> dict:
        return {"images": 100, "draw": draw, "png": png, "bytes": 5000, "sizes": [9, 9]}

    rates = {
        "ours": rates_of([answer(1, 1), answer(2, 2), answer(4, 4)]),
        "slow": rates_of([answer(50, 50)]),
        "fast": rates_of([answer(8, 2)]),
    }
    assert (rates["ours"]["images_per_cpu_second"], rates["ours"]["with_png"]) == (50, 25)
    assert (rates["ours"]["spread"], rates["fast"]["spread"]) == (1.5, 0)
    # the peer's 100 images take 8 seconds without files and 10 with
    assert ratios(rates) == {"ours_over_fastest_peer": {"images_per_cpu_second": 4.0, "with_png": 2.5}}
    assert ratios({"ours": rates["ours"]}) == {}


def test_sides_and_pins() -> None:
    for side in {side for sides in SIDES.values() for side in sides}:
        module = side.partition("_")[0]
        assert (Path(ocr_ours.__file__).parent / f"ocr_{module}.py").is_file()
        assert module == "ours" or PEERS[module][0].startswith(f"{module}==")
    assert all(pin.count("==") == 1 for pins in PEERS.values() for pin in pins)
