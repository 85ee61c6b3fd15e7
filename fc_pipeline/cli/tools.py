"""The tools that a model may call: their list, a schema, and one call, as a conversation would run it."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fc_model.artifacts import Store
from fc_model.artifacts.records import read_records
from fc_model.errors import UserError, suggestion
from fc_model.tools.call import run_tool
from fc_model.tools.corpus_search import write_index
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox
from fc_model.tools.tool import Tool
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import columns, print_json, print_lines
from fc_pipeline.paths import built_home

with deferred_imports():
    from fc_pipeline.cli.models import image_answerer
    from fc_pipeline.experiments.graph import project_graph


def tools(options: argparse.Namespace) -> int:
    """Returns 1 for a call that came to an error."""
    if options.name is None:
        print_lines(
            ("", line) for line in columns([["tool", "parameters", "what it does"], *map(_row, TOOLS.values())])
        )
        return 0
    tool = _named(options.name)
    if options.arguments is None:
        print_json(tool.schema())
        return 0
    with open_sandbox([tool], folder=options.folder, track=options.track, now=options.now) as sandbox:
        outcome = run_tool(tool.name, options.arguments, sandbox)
    print(outcome.text())
    return 0 if outcome.error is None else 1


def _row(tool: Tool) -> list[str]:
    required = tool.parameters["required"]
    names = [name if name in required else f"[{name}]" for name in tool.parameters["properties"]]
    return [tool.name, " ".join(names), tool.description]


def named_tools(names: str, *, sees: bool) -> list[Tool]:
    """The tools of a list with commas, each once; "all" are all, without `read_image` for a model that does not see.

    Raises UserError for a name that is none.
    """
    if names == "all":
        return [tool for tool in TOOLS.values() if sees or tool.name != "read_image"]
    return [_named(name) for name in dict.fromkeys(name.strip() for name in names.split(","))]


def _named(name: str) -> Tool:
    if name not in TOOLS:
        raise UserError(f"no tool {name!r}{suggestion(name, TOOLS)}")
    return TOOLS[name]


@contextmanager
def open_sandbox(
    used: Sequence[Tool], *, folder: Path | None, track: str | None, now: str | None = None
) -> Iterator[Sandbox]:
    """Only what the tools use is made: a model is loaded and a corpus indexed for nothing else."""
    if folder is not None and not folder.is_dir():
        raise UserError(f"--folder {folder}: is no folder; make it first")
    time = _time(now) if now is not None else datetime.now().astimezone()
    with tempfile.TemporaryDirectory() as scratch, Sandbox(folder=folder, now=time) as sandbox:
        if track is not None and any(tool.uses == "corpus" for tool in used):
            sandbox.corpus = _index(track, Path(scratch))
        if track is not None and any(tool.name == "read_image" for tool in used):
            answer = image_answerer(project_graph(of=track), track)
            sandbox.reader = lambda image: answer([image])
        yield sandbox


def _index(track: str, folder: Path) -> Path:
    """Of the documents that the track trains on. It lives as long as the call: no takedown misses it."""
    graph = project_graph(of=track)
    graph.track(track)
    key = graph[f"{track}/shards"].inputs["documents"]
    documents = Resolver(graph, Store(built_home())).require(key, for_key="tools").verify()
    path = folder / "corpus.sqlite"
    write_index(read_records(documents.path("train.jsonl.zst")), path)
    return path


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--now {text}: is no time; write it as 2026-11-30T12:00+01:00") from error
