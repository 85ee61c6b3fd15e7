"""Models that were built: talk to them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fc_model.errors import UserError
from fc_pipeline.cli.project import open_graph, open_store

if TYPE_CHECKING:
    from fc_model.artifacts import Artifact


def chat(options: argparse.Namespace) -> int:
    """Talk to the model of a track, or ask it about images."""
    from fc_model.chat.text import chat
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.executors.child_process import available_cores
    from fc_pipeline.paths import fc_home

    if options.vision:
        return _answer_about_images(options)
    if options.prompt is not None:
        raise UserError("--prompt belongs to --vision; without it type the text, or pipe it in")
    graph = open_graph()
    graph.track(options.track)
    export = Resolver(graph, open_store()).require(f"{options.track}/exports/{options.export}", for_key="chat").verify()
    model = export.folder
    if options.export == "gguf":
        model = export.path(options.file or _first_gguf(export))
    chat(model, threads=available_cores(), history_file=fc_home() / "chat_history")
    return 0


def _answer_about_images(options: argparse.Namespace) -> int:
    from pathlib import Path

    from fc_model.chat.images import answer_about
    from fc_model.vision.prompts import READ
    from fc_pipeline.cli.chat_images import find_eyes, read_pictures

    eyes = find_eyes(open_graph(), open_store(), options.track)
    print(
        answer_about(
            eyes.folder,
            read_pictures(Path(image) for image in options.vision),
            tokenizer_file=eyes.tokenizer_file,
            groups=eyes.groups,
            prompt=READ if options.prompt is None else options.prompt,
        )
    )
    return 0


def _first_gguf(export: Artifact) -> str:
    return next(entry.path for entry in export.manifest.files if entry.path.endswith(".gguf"))
