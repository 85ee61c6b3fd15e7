"""`fustercluck`: the command line for what Dagster lacks. Every command imports only what it needs, when it runs."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fc_model.errors import UserError

if TYPE_CHECKING:
    from fc_model.artifacts import Artifact, Store
    from fc_pipeline.engine.graph import Graph
    from fc_pipeline.engine.resolve import Resolver

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 good, 1 bad news, 2 an error of the user, 130 Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except UserError as error:
        print(f"fustercluck: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `fustercluck plan | head`: the reader has gone, and with it everything to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fustercluck",
        description="A model factory: from raw documents to a chat model that llama.cpp runs, as one Dagster graph.",
        epilog="Artifacts lie in FC_HOME (default: data/), Dagster's runs in DAGSTER_HOME (default: dagster_home/). "
        "FC_REMOTE, such as s3://bucket/prefix, is looked in before anything is built, and gets what was.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function, text: str) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        return command

    command = add("plan", _plan, "what a run would build, and why")
    command.add_argument("track", nargs="?", help="one track, or experiments/<name> (default: all)")
    command.add_argument("--explain", action="store_true", help="every reason, changed function and estimate")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("run", _run, "build everything of a track that is not there")
    command.add_argument("track", help="a track, or experiments/<name>")
    command.add_argument("--only", nargs="+", metavar="KEY", help="only these keys and what they need")

    command = add("status", _status, "what is built, what is running and how far it is, disk use")
    command.add_argument("track", nargs="?", help="one track, or experiments/<name> (default: all)")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("verify", _verify, "rehash every file of every artifact")
    command.add_argument("keys", nargs="*", metavar="KEY", help="a key, or the beginning of keys (default: all)")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--strict", action="store_true", help="also name files that no manifest lists")
    where.add_argument("--remote", action="store_true", help="those in FC_REMOTE; downloads every one")

    command = add("push", _push, "copy what is built to FC_REMOTE, as far as it is not there")
    command.add_argument("keys", nargs="*", metavar="KEY", help="a key, or the beginning of keys (default: all)")
    command.add_argument("--again", action="store_true", help="also what is there: `verify --remote` found it damaged")

    command = add("pull", _pull, "copy what is in FC_REMOTE here, with all that it was made from")
    command.add_argument("wanted", nargs="+", metavar="TRACK|KEY", help="a track, a key, or the beginning of keys")

    command = add("trace", _trace, "which documents a piece of training data came from")
    command.add_argument("track")
    place = command.add_mutually_exclusive_group(required=True)
    place.add_argument("text", nargs="?", help="a text to look for in the shards")
    place.add_argument("--position", metavar="SPLIT:N", help="a token's place in a split, such as train:1000")
    place.add_argument("--document", metavar="ID", help="which artifacts, stages and exports a document touched")

    command = add("drops", _drops, "what cleaning dropped, by reason, with the documents")
    command.add_argument("track")
    command.add_argument("reason", nargs="?", help="show documents that were dropped for it")
    command.add_argument("--limit", type=int, default=10, metavar="N", help="documents to show (10)")

    command = add("similar", _similar, "which documents of the corpus a text is nearly equal to")
    command.add_argument("track")
    command.add_argument("text", metavar="TEXT|FILE", help="a text, the name of a UTF-8 file, or - for standard input")
    command.add_argument("--at-least", type=float, default=0.5, metavar="J", help="lowest Jaccard similarity (0.5)")
    command.add_argument("--most", type=int, default=10, metavar="N", help="documents to show (10)")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("takedown", _takedown, "take documents and their copies out of everything made from them")
    command.add_argument("documents", nargs="+", metavar="ID", help="as `trace` shows them: <source>/<path>")
    command.add_argument("--reason", default="", help="recorded with the takedown")
    command.add_argument("--apply", action="store_true", help="record, rebuild and delete (default: only show)")

    command = add("chat", _chat, "talk to the model of a track, or ask it about images")
    command.add_argument("track", help="a track; with --vision also the folder of a stage")
    command.add_argument("--with", dest="export", choices=("gguf", "huggingface"), default="gguf", help="which export")
    command.add_argument("--file", metavar="NAME", help="which file of the gguf export (default: the first)")
    command.add_argument("--vision", nargs="+", metavar="IMAGE", help="answer about these: PNG, JPEG, WebP or PDF")
    command.add_argument("--prompt", metavar="TEXT", help="with --vision: what to ask (default: Read:)")

    command = add("gc", _gc, "list, or delete, what no track needs any more")
    command.add_argument("--apply", action="store_true", help="delete (default: only list)")
    command.add_argument("--keep", type=int, default=1, metavar="N", help="newest artifacts to keep of each key (1)")
    command.add_argument("--remote", action="store_true", help="in FC_REMOTE, not here")

    command = add("equivalent", _equivalent, "declare that changed code makes the same bytes, so nothing is rebuilt")
    command.add_argument("key")
    command.add_argument("--reason", required=True, help="why the bytes are the same; recorded")

    command = add("leaderboard", _leaderboard, "every report of every track, the best model first")
    command.add_argument("--json", action="store_true", help="for other programs")

    add("check", _check, "validate every track, and that every step's code can be followed")
    add("ui", _ui, "Dagster and MLflow in the browser, on loopback")
    return parser


def _graph(*, also_without: Sequence[str] = ()) -> "Graph":
    from fc_pipeline.experiments.graph import project_graph

    return project_graph(also_without=also_without)


def _store() -> "Store":
    from fc_model.artifacts import Store
    from fc_pipeline.paths import fc_home

    return Store(fc_home())


def _keys(graph: "Graph", track: str | None) -> list[str]:
    return graph.track(track) if track is not None else list(graph)


def _print_json(value: object) -> int:
    print(json.dumps(value, indent=1, ensure_ascii=False))
    return 0


def _plan(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from fc_pipeline.cli.plan_table import plan_lines
    from fc_pipeline.engine.plan import UNFINISHED, make_plan
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.remote.sync import look

    graph, store = _graph(), _store()
    items = make_plan(graph, store, _keys(graph, options.track), elsewhere=look)
    unfinished = [item.key for item in items if item.state in UNFINISHED]
    estimate = None
    if unfinished:
        from fc_pipeline.training.forecast import forecast

        estimate = forecast(graph, store, unfinished)
    if options.json:
        return _print_json({"items": [asdict(item) for item in items], "forecast": estimate})
    print_lines(plan_lines(items, estimate, explain=options.explain))
    return 0


def _run(options: argparse.Namespace) -> int:
    from fc_pipeline.cli.run import run_track

    return run_track(options.track, keys=options.only)


def _status(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from fc_pipeline.engine.status import make_status, status_lines
    from fc_pipeline.formatting import print_lines

    graph, store = _graph(), _store()
    items = make_status(graph, store, _keys(graph, options.track))
    if options.json:
        return _print_json([asdict(item) for item in items])
    print_lines(status_lines(items, root=store.root))
    return 0


def _verify(options: argparse.Namespace) -> int:
    if options.remote:
        from fc_pipeline.cli.remote import verify_remotely

        return verify_remotely(options.keys)
    from fc_pipeline.store.verify import verify_store

    store = _store()
    checked, problems = verify_store(store, options.keys, strict=options.strict)
    for problem in problems:
        print(problem)
    print(f"{checked} artifacts checked, {len(problems)} problems")
    return 1 if problems else 0


def _push(options: argparse.Namespace) -> int:
    from fc_pipeline.cli.remote import push_artifacts

    return push_artifacts(_graph(), _store(), options.keys, again=options.again)


def _pull(options: argparse.Namespace) -> int:
    from fc_pipeline.cli.remote import pull_artifacts

    return pull_artifacts(_graph(), _store(), options.wanted)


def _trace(options: argparse.Namespace) -> int:
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.lineage.trace import trace_position, trace_text

    place = _place(options.position) if options.position is not None else None
    graph = _graph()
    graph.track(options.track)
    resolver = Resolver(graph, _store())
    if options.document is not None:
        return _touched(graph, resolver, options.track, options.document)
    shards = resolver.require(f"{options.track}/shards", for_key="trace").verify()
    if place is not None:
        return trace_position(shards, *place)
    tokenizer = resolver.require(f"{options.track}/tokenizer", for_key="trace").verify()
    return trace_text(shards, tokenizer, options.text)


def _touched(graph: "Graph", resolver: "Resolver", track: str, document: str) -> int:
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.lineage.cleaning_decisions import cleaning_artifacts, decision_lines
    from fc_pipeline.lineage.lineage import touched, touched_lines
    from fc_pipeline.lineage.takedown import live_artifacts

    items = touched(_store(), [document])
    print_lines([*decision_lines(cleaning_artifacts(graph, resolver, track), document), ("", "")])
    print_lines(touched_lines(items, live_artifacts(graph, _store())))
    return 0 if items else 1


def _drops(options: argparse.Namespace) -> int:
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.lineage.cleaning_decisions import cleaning_artifacts, drop_lines, reason_lines

    graph = _graph()
    artifacts = cleaning_artifacts(graph, Resolver(graph, _store()), options.track)
    if options.reason is None:
        print_lines(drop_lines(artifacts))
    else:
        print_lines(reason_lines(artifacts, options.reason, limit=options.limit))
    return 0


def _similar(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from fc_pipeline.cli.similar import answer_lines, read_text, similar
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.formatting import print_lines

    graph, text = _graph(), read_text(options.text)
    resolver = Resolver(graph, _store())
    answer = similar(graph, resolver, options.track, text, at_least=options.at_least, most=options.most)
    if options.json:
        return _print_json(asdict(answer))
    print_lines(answer_lines(answer, at_least=options.at_least))
    return 0


def _takedown(options: argparse.Namespace) -> int:
    import time

    from fc_pipeline.cli.remote import take_down
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.lineage import takedown
    from fc_pipeline.lineage.lineage import touched, touched_lines
    from fc_pipeline.lineage.takedown_list import record

    store, before = _store(), _graph()
    items = touched(store, options.documents)
    takedown.require_known(items, options.documents, before)
    print_lines(touched_lines(items, takedown.live_artifacts(before, store)))
    after = _graph(also_without=options.documents)
    work = takedown.to_rebuild(before, after, store)
    for track, keys in work.items():
        print(f"{track}: {len(keys)} artifacts are built again: {', '.join(keys)}")
    if not options.apply:
        live = takedown.live_artifacts(after, store)
        print_lines(("", line) for line in take_down(store, options.documents, items, live, apply=False))
        print("nothing was changed: add --apply to take it down")
        return 0
    record(store.root, options.documents, reason=options.reason, at=time.time())
    if status := takedown.rebuild(work):
        print(
            f"recorded, but not rebuilt: remove the cause, `fustercluck run {next(iter(work))}`, then this again",
            file=sys.stderr,
        )
        return status
    live = takedown.live_artifacts(after, store)
    left_remotely = take_down(store, options.documents, items, live, apply=True)
    takedown.remove_touched(store, after, items)
    print_lines(("", line) for line in left_remotely)
    left = takedown.remaining(store, options.documents)
    print_lines(touched_lines(left, takedown.live_artifacts(after, store)) if left else [])
    print(f"{len(left)} artifacts but the sources still hold or have read {', '.join(options.documents)}")
    return 1 if left or left_remotely else 0


def _place(text: str) -> tuple[str, int]:
    split, _, position = text.rpartition(":")
    if not split or not position.isdecimal():
        raise UserError(f"--position {text}: write SPLIT:N, such as train:1000")
    return split, int(position)


def _chat(options: argparse.Namespace) -> int:
    from fc_model.chat.text import chat
    from fc_pipeline.engine.resolve import Resolver
    from fc_pipeline.executors.child_process import available_cores
    from fc_pipeline.paths import fc_home

    if options.vision:
        return _look(options)
    if options.prompt is not None:
        raise UserError("--prompt belongs to --vision; without it type the text, or pipe it in")
    graph = _graph()
    graph.track(options.track)
    export = Resolver(graph, _store()).require(f"{options.track}/exports/{options.export}", for_key="chat").verify()
    model = export.folder
    if options.export == "gguf":
        model = export.path(options.file or _first_gguf(export))
    chat(model, threads=available_cores(), history_file=fc_home() / "chat_history")
    return 0


def _look(options: argparse.Namespace) -> int:
    from pathlib import Path

    from fc_model.chat.images import look
    from fc_model.vision.prompts import READ
    from fc_pipeline.cli.chat_images import find_eyes, read_pictures

    eyes = find_eyes(_graph(), _store(), options.track)
    print(
        look(
            eyes.folder,
            read_pictures(Path(image) for image in options.vision),
            tokenizer_file=eyes.tokenizer_file,
            groups=eyes.groups,
            prompt=READ if options.prompt is None else options.prompt,
        )
    )
    return 0


def _first_gguf(export: "Artifact") -> str:
    return next(entry.path for entry in export.manifest.files if entry.path.endswith(".gguf"))


def _gc(options: argparse.Namespace) -> int:
    from fc_pipeline.formatting import print_lines, size
    from fc_pipeline.store.gc import collect, find_garbage, garbage_lines, remove_leftovers

    if options.keep < 0:
        raise UserError("--keep takes 0 or more")
    graph, store = _graph(), _store()
    if options.remote:
        from fc_pipeline.cli.remote import collect_garbage_remotely

        return collect_garbage_remotely(graph, store, keep=options.keep, apply=options.apply)
    garbage = find_garbage(graph, store, keep=options.keep)
    print_lines(garbage_lines(garbage))
    if not options.apply:
        if garbage:
            print("nothing was deleted: add --apply to delete")
        return 0
    freed = 0
    for item, refused in collect(store, garbage):
        freed += item.num_bytes if not refused else 0
        if refused:
            print(f"kept: {refused}")
    freed += remove_leftovers(store)
    print(f"{size(freed)} freed")
    return 0


def _equivalent(options: argparse.Namespace) -> int:
    import time

    from fc_pipeline.engine.resolve import declare_equivalent

    older = declare_equivalent(_graph(), _store(), options.key, reason=options.reason, at=time.time())
    print(f"{options.key}: its code counts as version {older} from now on; recorded in equivalences.json")
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    from fc_pipeline.cli.leaderboard_table import leaderboard_lines
    from fc_pipeline.formatting import print_lines
    from fc_pipeline.report.leaderboard import leaderboard

    rows = leaderboard(_store())
    if options.json:
        return _print_json(rows)
    print_lines(leaderboard_lines(rows))
    return 0


def _check(options: argparse.Namespace) -> int:
    graph = _graph()
    for key in graph:
        graph.code(key)
    names = ", ".join((*graph.tracks, *graph.experiments))
    print(f"{len(graph.tracks)} tracks, {len(graph.experiments)} experiments ({names}), {len(graph)} artifacts: valid")
    return 0


def _ui(options: argparse.Namespace) -> int:
    from fc_pipeline.cli.ui import serve
    from fc_pipeline.paths import dagster_home, fc_home

    dagster_home()
    return serve(fc_home())
