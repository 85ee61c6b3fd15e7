"""Models that were built: talk to them, or ask them about image files and pages of PDFs."""

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fc_model.artifacts import Artifact, Manifest, Store
from fc_model.artifacts.manifest import MANIFEST_NAME
from fc_model.config.image_stage import ImageStageConfig
from fc_model.errors import UserError
from fc_model.strict_json import parse_json
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.executors.child_process import available_threads
from fc_pipeline.paths import built_home

if TYPE_CHECKING:
    from PIL.Image import Image

    from fc_model.chat.grounding.mode import Grounding

with deferred_imports():
    from fc_model.chat.images import answer_about
    from fc_model.chat.text import chat as talk
    from fc_pipeline.cli.tools import named_tools, open_sandbox
    from fc_pipeline.experiments.graph import project_graph
    from fc_pipeline.sources.sandbox.isolated import isolated

_MAX_PAGES = 16
_DPI = 120


def chat(options: argparse.Namespace) -> None:
    schema = None if options.json_schema is None else _read_schema(Path(options.json_schema))
    if schema is not None and options.tools:
        raise UserError(
            "--json-schema bounds the whole reply, so no tool could be called: leave out the one or the other"
        )
    graph = project_graph(of=options.track)
    if options.vision:
        if schema is not None or options.tools:
            raise UserError("--json-schema and --tools are for talking; leave them out beside --vision")
        print(_answer_about_images(graph, options))
        return
    if options.prompt is not None:
        raise UserError("--prompt belongs to --vision; without it type the text, or pipe it in")
    sees = any(graph[key].config["stage"]["images"] is not None for key in _stages(graph, options.track))
    tools = named_tools(options.tools, sees=sees) if options.tools else []
    if sys.stdin is None:
        raise UserError("chat: standard input is closed: type there, or pipe the text in")
    store = Store(built_home())
    export = Resolver(graph, store).require(f"{options.track}/exports/{options.export}", for_key="chat").verify()
    model = export.folder
    if options.export == "gguf":
        names = (entry.path for entry in export.manifest.files if entry.path.endswith(".gguf"))
        model = export.path(options.file or next(names))
    # A corpus or a reader is of the track that talks, if one of the tools uses it.
    with open_sandbox(tools, folder=options.folder, track=options.track) as sandbox:
        talk(
            model,
            num_tokens=options.num_tokens,
            schema=schema,
            tools=tools,
            sandbox=sandbox,
            grounding=options.grounding or grounding_of(graph, options.track),
            show_reasoning=options.show_reasoning,
            threads=available_threads(),
            history_file=store.root / "chat_history",
        )


def grounding_of(graph: Graph, track: str) -> "Grounding":
    """As the track's calls are judged, so that its figures hold in chat."""
    judged = [graph[key].config for key in graph.track(track) if key.startswith(f"{track}/chat_evals/")]
    grounding: Grounding = judged[-1]["grounding"] if judged else "conversation"
    return grounding


def _read_schema(path: Path) -> dict[str, Any]:
    """Raises UserError for a file that is not there, or is no JSON object."""
    try:
        schema = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # of what is no UTF-8, too
        raise UserError(f"{path}: no JSON schema ({error})") from error
    if not isinstance(schema, dict):
        raise UserError(f'{path}: no JSON schema; write an object, for instance {{"type": "object"}}')
    return schema


def _answer_about_images(graph: Graph, options: argparse.Namespace) -> str:
    from fc_model.vision.prompts import READ

    answer = image_answerer(graph, options.track)
    return answer(read_pictures(map(Path, options.vision)), prompt=READ if options.prompt is None else options.prompt)


def image_answerer(graph: Graph, name: str) -> Callable[..., str]:
    """answer(pictures, prompt=READ): `answer_about` of the last stage of a track, or of the stage in a folder.

    Raises UserError when there is no such track or stage, when it is not built, and when it has no images.
    """
    is_folder = name not in graph.tracks and Path(name).is_dir()
    stage = _of_folder(Path(name)) if is_folder else _of_track(graph, Store(built_home()), name)
    # Where the folder stands says where the artifacts are that it was made from.
    store = Store(stage.folder.parents[len(stage.key.split("/"))])
    images = _images(stage, store)
    if images is None:
        raise UserError(f"{stage.key}: trained without images, so it cannot see; give a stage of kind multimodal")
    made_from = stage.manifest.recipe.inputs["shards"]
    shards = store.find(made_from.key, made_from.identity)
    if shards is None:
        raise UserError(f"{stage.key} was trained on {made_from.key}/{made_from.identity}, which is not there: pull it")
    return partial(
        answer_about,
        stage.folder,
        tokenizer_file=shards.path("tokenizer.model"),
        groups=ImageStageConfig.model_validate(images).groups,
    )


def _images(stage: Artifact, store: Store) -> dict[str, Any] | None:
    """What the stage was shown; a stage of conversations sees as the one that it began with."""
    config, start = stage.manifest.recipe.config["stage"], stage.manifest.recipe.inputs.get("start")
    if config["kind"] != "sft" or start is None:
        shown: dict[str, Any] | None = config.get("images")
        return shown
    before = store.find(start.key, start.identity)
    return None if before is None else _images(before, store)


def _of_folder(folder: Path) -> Artifact:
    path = folder.absolute() / MANIFEST_NAME
    if not path.is_file():
        raise UserError(f"{folder}: has no manifest, so it is no artifact; give a track or the folder of a stage")
    manifest = Manifest.from_json(path.read_bytes(), str(path))
    if "stage" not in manifest.recipe.config or "shards" not in manifest.recipe.inputs:
        raise UserError(f"{folder}: {manifest.key} is no training stage; give the folder of one, or a track")
    return Artifact(path.parent, manifest).verify()


def _stages(graph: Graph, track: str) -> list[str]:
    """The keys of a track's stages, in their order, without the one that only learns by heart."""
    return [
        key
        for key in graph.track(track)
        if key.startswith(f"{track}/stages/") and graph[key].config["stage"]["kind"] != "overfit"
    ]


def _of_track(graph: Graph, store: Store, track: str) -> Artifact:
    stages = _stages(graph, track)
    if not stages:
        raise UserError(f"{track} has no training stage, so there is no model to look with")
    if all(graph[key].config["stage"]["images"] is None for key in stages):
        raise UserError(f"{track}: trained without images, so it cannot see; give a track with a stage multimodal")
    return Resolver(graph, store).require(stages[-1], for_key="chat").verify()


def read_pictures(paths: Iterable[Path]) -> "list[Image]":
    """The images of the files, a PDF's first 16 pages each as one, upright RGB.

    Raises UserError for a file that is not there, and for one that is refused as hostile, damaged or no image.
    """
    from fc_model.data.images.decode import BadImage, decode
    from fc_model.data.images.formats import content_format

    pictures: list[Image] = []
    for path in paths:
        try:
            if path.exists() and not path.is_dir() and not path.is_file():
                raise UserError(f"{path}: is a pipe or a device; give an image or a PDF that is a file")
            data = path.read_bytes()
            pictures += map(decode, _pages(data) if content_format(data) == "PDF" else [data])
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror}); give an image or a PDF") from error
        except (BadImage, BadInput) as error:
            raise UserError(f"{path}: {': '.join(error.args[:2])}; give another PNG, JPEG, WebP or PDF") from error
    return pictures


def _pages(data: bytes) -> list[bytes]:
    """Pages as images, drawn in a process of its own. Raises BadInput."""
    from fc_pipeline.images.sources.pdf_pages import render_pages

    answers, images = isolated().call(render_pages, data, first=0, last=_MAX_PAGES, dpi=_DPI, forms=True)
    for page in answers:
        if "refused" in page:
            raise BadInput(*page["refused"])
    return images
