"""Evaluation on images of a model that really learned eight lines, four captions and four answers, and of one that
did not; chat about images with the same model."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.build import build
from factories.documents import records
from factories.pdf_pages import pdf_page, stream
from factories.steps import step
from factories.vision_model import (
    COLOURS,
    IMAGES,
    LINES,
    build_model,
    line_picture,
    overfit,
    png,
    stage_files,
    write_images,
    write_tokenizer,
)
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from fc_model.artifacts import Artifact, Store
from fc_model.chat.images import answer_about, nearest_group
from fc_model.checkpoints.load import load_vision_model
from fc_model.config.image_stage import ImageGroup, ImageStageConfig
from fc_model.data.images.record import ImageRecord, Question
from fc_model.data.images.shards import ImageShards, Sample
from fc_model.errors import UserError
from fc_model.evals.image_samples import choose_captioned, choose_samples, some_of_each
from fc_model.evals.images import ImageReader
from fc_model.tokenizer import Tokenizer
from fc_pipeline.cli import main as cli
from fc_pipeline.cli.models import read_pictures
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.images.config import ImageEvalConfig
from fc_pipeline.evals.images.evaluate import evaluate_images

STAGE = {"kind": "multimodal", "images": IMAGES.model_dump(mode="json")}
EVALS = ImageEvalConfig(sample_pictures=6)


class World:
    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.reports: list[dict[str, Any]] = []
        self.images = self.build("t/images", lambda step: write_images(step.out))
        self.shards = self.build("t/shards", _write_shards)
        self.learned = self.stage("learned", steps=70)
        self.random = self.stage("random", steps=0)

    def build(
        self, key: str, function: Callable[[Step], None], config: dict[str, Any] | None = None, **inputs: Artifact
    ) -> Artifact:
        settings: dict[str, Any] = {"device": "cpu", "report": self.reports.append}
        return build(self.store, key, function, config, inputs, replace=True, **settings)

    def stage(self, name: str, *, steps: int, config: dict[str, Any] | None = None) -> Artifact:
        def train(step: Step) -> None:
            model = build_model()
            tokenizer = Tokenizer(step.inputs["shards"].path("tokenizer.model"))
            samples = list(ImageShards(step.inputs["images"].folder, "holdout").samples())
            overfit(model, samples, tokenizer, steps=steps)
            folder = step.out.workspace("training")
            stage_files(folder, model)
            for path in sorted(folder.iterdir()):
                step.out.adopt(path.name, path)

        config = {"stage": STAGE} if config is None else config
        return self.build(f"t/stages/{name}", train, config, images=self.images, shards=self.shards)

    def evaluate(self, stage: Artifact, *, inputs: dict[str, Artifact] | None = None, **changed: Any) -> Artifact:
        config = {
            "weights": changed.pop("weights", "model"),
            **EVALS.model_copy(update=changed).model_dump(mode="json"),
        }
        inputs = {"stage": stage, "images": self.images, "shards": self.shards} | (inputs or {})
        return self.build(f"t/image_evals/{stage.key.rpartition('/')[2]}", evaluate_images, config, **inputs)


def _write_shards(step: Step) -> None:
    step.out.adopt("tokenizer.model", write_tokenizer(step.out.workspace("tokenizer")))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    torch.set_num_threads(1)
    return World(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def learned(world: World) -> Artifact:
    def text(bits: float) -> Callable[[Step], None]:
        return lambda step: step.out.metrics.update({"bits_per_byte": bits})

    before, after = (world.build(f"t/evals/{name}", text(bits)) for name, bits in (("text", 2.0), ("see", 2.01)))
    return world.evaluate(world.learned, inputs={"before": before, "text": after})


def test_metrics_learned(world: World, learned: Artifact) -> None:
    metrics = learned.metrics
    for name in ("exact_match", "read_exact_match_line", "caption_exact_match_shape", "answer_exact_match_chart"):
        assert metrics[name] == 1
    assert metrics["read_cer"] == metrics["read_wer_nfkc"] == metrics["caption_cer"] == 0
    assert metrics["answer_anls"] == metrics["answer_relaxed_chart"] == 1
    assert metrics["answer_vqa_accuracy"] == 0.75  # with each of four left out: 2/3, 2/3, 2/3, 1
    assert metrics["read_recognizer_cer_line"] < 1
    assert metrics["exact_match_worst_face"] == metrics["exact_match_best_face"] == 1 and metrics["faces"] == 2
    assert metrics["retrieval_image_to_text_recall_at_1"] == 1 and metrics["retrieval_gain"] == 4
    assert metrics["text_bits_per_byte_rise"] == pytest.approx(0.005)
    assert {"step": 16, "steps": 16} in world.reports


def test_metrics_controls(world: World, learned: Artifact) -> None:
    assert learned.metrics["exact_match_shuffled"] == learned.metrics["exact_match_random"] == 0
    assert learned.metrics["read_exact_match_shuffled_line"] == learned.metrics["read_exact_match_random"] == 0
    assert learned.metrics["retrieval_gain_random"] < 4
    random = world.evaluate(world.random).metrics
    assert random["exact_match"] == 0 and random["read_cer"] > 0.5 and random["answer_anls"] < 0.5
    assert "text_bits_per_byte_rise" not in random


def test_shuffled_images(world: World) -> None:
    shards = ImageShards(world.images.folder, "holdout")
    reader = ImageReader(
        model=load_vision_model(world.learned.folder, weights="model"),
        tokenizer=Tokenizer(world.shards.path("tokenizer.model")),
        shards=shards,
        groups=IMAGES.groups,
        max_tokens={"read": 30, "caption": 30, "answer": 30},
    )
    samples = choose_samples(shards, IMAGES.groups, max_samples=20, seed=0)
    read = [each for each in reader.predict_shuffled(samples, seed=1) if each.sample.kind == "line"]
    assert sorted(each.text or "" for each in read) == sorted(LINES)
    assert [each.sample.answers for each in read] == [[line] for line in LINES]
    assert all(each.text != each.sample.answers[0] for each in read)
    assert reader.predict_shuffled(samples[:1], seed=1) == []


def test_samples_and_pictures(world: World, learned: Artifact) -> None:
    rows = records(learned, "samples")
    assert [row["prediction"] for row in rows if row["task"] == "read"] == LINES
    assert {row["task"] for row in rows} == {"read", "caption", "answer"} and all(row["exact"] for row in rows)
    shown = {row["picture"]: row for row in rows if row["picture"]}
    assert sorted(shown) == [f"samples/{number:03d}.png" for number in range(6)]
    assert {row["kind"] for row in shown.values()} == {"line", "shape", "chart"}
    shards = ImageShards(world.images.folder, "holdout")
    for name, row in shown.items():
        data = learned.path(name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert row["kind"] == "shape" or data == shards.sample(row["number"]).images[0]
    line = next(row for row in rows if row["kind"] == "line")
    assert (line["fonts"], line["layout"], line["cer"]) == (["face0"], "plain", 0)
    report = json.loads(learned.path("metrics.json").read_text())
    assert report["faces"]["face1"] == {"samples": 4, "exact_match": 1.0} and len(report["worst_faces"]) == 2


def test_deterministic(world: World, learned: Artifact) -> None:
    again = world.evaluate(world.learned)
    rise = "text_bits_per_byte_rise"  # of other artifacts
    assert again.metrics | {rise: learned.metrics[rise]} == learned.metrics
    files = [{(e.path, e.sha256) for e in one.manifest.files if e.path != "metrics.json"} for one in (again, learned)]
    assert files[0] == files[1]
    assert world.evaluate(world.learned, weights="ema", max_samples=2).metrics["samples"] == 6


def test_choose_samples(world: World) -> None:
    shards = ImageShards(world.images.folder, "holdout")

    def chosen(seed: int) -> list[int]:
        return [sample.number for sample in choose_samples(shards, IMAGES.groups, max_samples=3, seed=seed)]

    assert chosen(0) == chosen(0) and any(chosen(0) != chosen(seed) for seed in (1, 2, 3))
    assert len(chosen(0)) == 9
    every = choose_samples(shards, IMAGES.groups, max_samples=3, seed=0)
    some = some_of_each(every, max_samples=2, seed=0)
    assert [sample.kind for sample in some] == ["chart"] * 2 + ["shape"] * 2 + ["line"] * 2
    assert all(sample in every for sample in some)
    both = [IMAGES.groups[0], IMAGES.groups[0].model_copy(update={"task": "recognize"})]
    assert {sample.task for sample in choose_samples(shards, both, max_samples=3, seed=0)} == {"read"}
    alone = choose_samples(shards, both[1:], max_samples=3, seed=0)
    assert [sample.task for sample in alone] == ["recognize"] * 3
    captioned = choose_captioned(shards, IMAGES.groups, max_samples=3, seed=0)
    assert len(captioned) == 3 and {sample.task for sample in captioned} == {"caption"}


def test_stage_without_images(world: World) -> None:
    blind = world.stage("blind", steps=0, config={"stage": {"kind": "pretrain", "images": None}})
    with pytest.raises(UserError, match="t/stages/blind: a stage without images cannot be asked about them"):
        world.evaluate(blind)


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    blind = step("blind/stages/text", config={"stage": {"kind": "pretrain", "images": None}})
    monkeypatch.setenv("FC_HOME", str(world.store.root))
    monkeypatch.setattr("fc_pipeline.experiments.graph.project_graph", lambda **_: Graph([blind], {}))

    def run(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run


def test_chat(world: World, command: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shards, paths = ImageShards(world.images.folder, "holdout"), {}
    for number in (0, 8, 9):
        paths[number] = tmp_path / f"{number}.png"
        paths[number].write_bytes(shards.sample(number).images[0])
    folder = world.learned.folder
    assert command("chat", folder, "--vision", paths[0]) == (0, "cat\n", "")
    assert command("chat", folder, "--vision", paths[8], "--prompt", "Describe:") == (0, f"a {COLOURS[0]} disc\n", "")
    assert command("chat", folder, "--vision", paths[9], "--prompt", "What colour?") == (0, f"{COLOURS[0]}\n", "")
    assert command("chat", folder, "--vision", paths[0], paths[9])[0] == 0
    wide = tmp_path / "wide.png"
    wide.write_bytes(png(Image.new("RGB", (2000, 20), "white")))
    assert command("chat", folder, "--vision", wide)[0] == 0
    assert "a line of 2000 x 20 pixels is read from one of" in caplog.text and "cut it into pieces" in caplog.text
    assert caplog.text.count("cut it") == 1, "the others are as in training"

    bad = tmp_path / "bad.png"
    bad.write_bytes(png(line_picture("x"))[:60])
    for arguments, message in [
        ((folder, "--vision", bad), f"{bad}: damaged"),
        ((folder, "--vision", tmp_path / "no.png"), f"{tmp_path / 'no.png'}: cannot be read"),
        ((tmp_path, "--vision", paths[0]), f"{tmp_path}: has no manifest"),
        ((world.images.folder, "--vision", paths[0]), f"{world.images.folder}: t/images is no training stage"),
        (("blind", "--vision", paths[0]), "blind: trained without images, so it cannot see"),
        (("nowhere", "--vision", paths[0]), "there is no track 'nowhere'"),
        (("blind", "--prompt", "x"), "--prompt belongs to --vision"),
    ]:
        status, out, errors = command("chat", *arguments)
        assert (status, out) == (2, "") and errors.startswith(f"fustercluck: error: {message}")


def test_chat_pdf(world: World, tmp_path: Path) -> None:
    file, texts = tmp_path / "paper.pdf", ["first page", "and the second"]
    with PdfPages(file) as pdf:
        for place, text in enumerate(texts):
            figure = Figure(figsize=(4, 2), facecolor=("white", "silver")[place])
            figure.text(0.1, 0.1 + 0.5 * place, text, size=20)
            pdf.savefig(figure)
    pages = read_pictures([file])
    assert [page.size for page in pages] == [(480, 240)] * 2

    asked = "What is the first line of page 2?"
    group = ImageGroup(
        kinds=["document/pdf"], task="answer", height=24, width=48, images=2, text_tokens=60, share=1
    )  # fmt: skip
    about: dict[str, Any] = {"source": "paper", "kind": "document/pdf", "family": "text", "licence": "CC0-1.0"}
    samples = []
    for order in ((0, 1), (1, 0)):
        question = Question(question=asked, answers=[texts[order[1]]], kind="page_line")
        record = ImageRecord(
            id=f"paper{order}", width=480, height=240, images=["0.png", "1.png"], questions=[question], **about
        )
        samples.append(Sample(record, [png(pages[place]) for place in order]))
    model, tokenizer_file = build_model(context_length=128), world.shards.path("tokenizer.model")
    images = ImageStageConfig(groups=[group])
    overfit(model, samples, Tokenizer(tokenizer_file), steps=120, images=images)
    stage_files(tmp_path / "stage", model)

    def say(pictures: list[Image.Image]) -> str:
        return answer_about(tmp_path / "stage", pictures, tokenizer_file=tokenizer_file, groups=[group], prompt=asked)

    assert say(pages) == "and the second" and say(pages[::-1]) == "first page"
    with pytest.raises(UserError, match="more than the model's context_length"):
        say(pages * 4)
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(UserError, match=r"paper\.pdf: invalid_pdf"):
        read_pictures([file])


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/dev/zero", "is a pipe or a device"),  # has no end
        ("pipe", "is a pipe or a device"),  # nobody writes into it
        (".", "Is a directory"),
        ("none.png", "No such file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, path: str, why: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=why):
        read_pictures([tmp_path / path])


def test_a_pdf_is_shown_as_a_viewer_shows_it(tmp_path: Path) -> None:
    """With the stamp on it, and whatever stands before its header."""
    stamp = "/Type /XObject /Subtype /Form /BBox [0 0 100 30]"
    objects = ["<< /Type /Annot /Subtype /Stamp /F 4 /Rect [40 80 140 110] /AP << /N 7 0 R >> >>"]
    data = pdf_page("", page="/Annots [6 0 R]", objects=[*objects, stream("0 g 0 0 100 30 re f", stamp)])
    (tmp_path / "a.pdf").write_bytes(data)
    (tmp_path / "b.pdf").write_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + data)
    first, second = read_pictures([tmp_path / "a.pdf", tmp_path / "b.pdf"])
    assert first.tobytes() == second.tobytes()
    assert first.convert("L").point(lambda level: 255 - level).getbbox() is not None


def test_nearest_group() -> None:
    def group(task: Any, height: int, width: int) -> ImageGroup:
        return ImageGroup(kinds=["x"], task=task, height=height, width=width, images=1, text_tokens=8, share=1)

    groups = [group("read", 32, 384), group("read", 224, 224), group("answer", 448, 224), group("answer", 224, 336)]
    sizes = {("Read:\n", 900, 60): 0, ("Read:\n", 300, 280): 1, ("Who?\n", 300, 700): 2, ("Who?\n", 300, 280): 3}
    for (prompt, width, height), expected in sizes.items():
        assert nearest_group(groups, prompt=prompt, width=width, height=height) is groups[expected]
    assert nearest_group(groups, prompt="Describe:\n", width=900, height=60) is groups[0]
    # A short line is shown as large as it is, not enlarged to the height of a form.
    lines_and_forms = [group("read", 64, 144), group("read", 32, 144)]
    for (width, height), expected in {(80, 32): 1, (140, 60): 0, (1000, 222): 1, (1000, 440): 0}.items():
        assert nearest_group(lines_and_forms, prompt="Read:\n", width=width, height=height) is lines_and_forms[expected]
