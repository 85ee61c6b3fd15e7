"""`fustercluck`: the command line for what Dagster lacks. Every command imports only what it needs, when it runs."""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.engine.deferred import deferred_imports

with deferred_imports():
    from fc_pipeline.cli.artifacts import collect_garbage, verify
    from fc_pipeline.cli.builds import check, equivalent, leaderboard, plan, run, serve_ui, status
    from fc_pipeline.cli.documents import drops, similar, take_down, trace
    from fc_pipeline.cli.feedback import feedback
    from fc_pipeline.cli.models import chat
    from fc_pipeline.cli.remote import pull, push
    from fc_pipeline.cli.tools import tools

INTERRUPTED = 130
_OF_FILES = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ELOOP)
"""What a person causes; other errors of files are faults of the program."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 good, 1 bad news, 2 an error of the user, 130 Ctrl-C."""
    if sys.stdout is None:  # `>&-`: the first file that is opened would get what is printed
        return _refuse("standard output is closed: leave it open, or lead it to /dev/null")
    if isinstance(sys.stdout, io.TextIOWrapper):  # an encoding without a character of some name stops nothing
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        exit_status: int = options.command(options) or 0
        sys.stdout.flush()
    except UserError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and not _output_fails():
            if error.errno in _OF_FILES and error.filename is not None:
                return _refuse(f"{error.filename}: {error.strerror}: remove the cause, and try again")
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left would fail again at the end
        if isinstance(error, BrokenPipeError):  # `fustercluck plan | head`: the reader has all that it wants
            return 0
        return _refuse(f"standard output cannot be written ({error.strerror}): make room, or lead it elsewhere")
    return exit_status


def _refuse(message: str) -> int:
    print(f"fustercluck: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _output_fails() -> bool:
    """Whether standard output is what failed: it would again."""
    try:
        print(flush=True)
    except OSError:
        return True
    return False


def _whole(option: str, least: int) -> Callable[[str], int]:
    """Reads the number of an option; raises UserError for one that is none, or too small."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise UserError(f"{option} takes {least} or more: {text!r} is no such number")
        return min(number, sys.maxsize)

    return read


def _text(text: str) -> str:
    """Raises UserError for bytes that are no UTF-8, which the shell passes on and no document holds."""
    if not text.isascii() and text != text.encode("utf-8", "replace").decode():
        raise UserError(f"{text!r} is not UTF-8: convert it, as with iconv")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fustercluck",
        description="A model factory: from raw documents to a chat model that llama.cpp runs, as one Dagster graph.",
        epilog="Artifacts lie in FC_HOME (default: data/), Dagster's runs in DAGSTER_HOME (default: dagster_home/). "
        "FC_REMOTE, such as s3://bucket/prefix, is looked in before anything is built, and gets what was.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        return command

    command = add("plan", plan, "what a run would build, and why")
    command.add_argument("track", nargs="?", help="one track, or experiments/<name> (default: all)")
    command.add_argument("--explain", action="store_true", help="every reason, changed function and estimate")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("run", run, "build everything of a track that is not there")
    command.add_argument("track", help="a track, or experiments/<name>")
    command.add_argument("--only", nargs="+", metavar="KEY", help="only these keys and what they need")

    command = add("status", status, "what is built, what is running and how far it is, disk use")
    command.add_argument("track", nargs="?", help="one track, or experiments/<name> (default: all)")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("verify", verify, "rehash every file of every artifact")
    command.add_argument("keys", nargs="*", metavar="KEY", help="a key, or the beginning of keys (default: all)")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--strict", action="store_true", help="also name files that no manifest lists")
    where.add_argument("--remote", action="store_true", help="those in FC_REMOTE; downloads every one")

    command = add("push", push, "copy what is built to FC_REMOTE, as far as it is not there")
    command.add_argument("keys", nargs="*", metavar="KEY", help="a key, or the beginning of keys (default: all)")
    command.add_argument("--again", action="store_true", help="also what is there: `verify --remote` found it damaged")

    command = add("pull", pull, "copy what is in FC_REMOTE here, with all that it was made from")
    command.add_argument("wanted", nargs="+", metavar="TRACK|KEY", help="a track, a key, or the beginning of keys")

    command = add("trace", trace, "which documents a piece of training data came from")
    command.add_argument("track")
    place = command.add_mutually_exclusive_group(required=True)
    place.add_argument("text", nargs="?", type=_text, help="a text to look for in the shards")
    place.add_argument("--position", metavar="SPLIT:N", help="a token's place in a split, such as train:1000")
    place.add_argument(
        "--document", type=_text, metavar="ID", help="which artifacts, stages and exports a document touched"
    )

    command = add("drops", drops, "what cleaning dropped, by reason, with the documents")
    command.add_argument("track")
    command.add_argument("reason", nargs="?", help="show documents that were dropped for it")
    command.add_argument("--limit", type=_whole("--limit", 1), default=10, metavar="N", help="documents to show (10)")

    command = add("similar", similar, "which documents of the corpus a text is nearly equal to")
    command.add_argument("track")
    command.add_argument("text", metavar="TEXT|FILE", help="a text, the name of a UTF-8 file, or - for standard input")
    command.add_argument("--at-least", type=float, default=0.5, metavar="J", help="lowest Jaccard similarity (0.5)")
    command.add_argument("--most", type=_whole("--most", 1), default=10, metavar="N", help="documents to show (10)")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("takedown", take_down, "take documents and their copies out of everything made from them")
    command.add_argument(
        "documents", nargs="+", type=_text, metavar="ID", help="as `trace` shows them: <source>/<path>"
    )
    command.add_argument("--reason", type=_text, default="", help="recorded with the takedown")
    command.add_argument("--apply", action="store_true", help="record, rebuild and delete (default: only show)")

    command = add("feedback", feedback, "what the evaluation finds weak, and weights of it for the next build")
    command.add_argument("track")
    command.add_argument("--accept", action="store_true", help="the next build uses the weights (default: only show)")
    command.add_argument("--json", action="store_true", help="for other programs")

    command = add("chat", chat, "talk to the model of a track, or ask it about images")
    command.add_argument("track", help="a track; with --vision also the folder of a stage")
    command.add_argument("--with", dest="export", choices=("gguf", "huggingface"), default="gguf", help="which export")
    command.add_argument("--file", metavar="NAME", help="which file of the gguf export (default: the first)")
    command.add_argument("--vision", nargs="+", metavar="IMAGE", help="answer about these: PNG, JPEG, WebP or PDF")
    command.add_argument("--prompt", type=_text, metavar="TEXT", help="with --vision: what to ask (default: Read:)")
    command.add_argument("--json-schema", metavar="FILE", help="reply with JSON of this schema only")
    command.add_argument(
        "--tools", type=_text, metavar="NAMES", help="tools that a model of conversations may call: a,b or all"
    )
    command.add_argument("--folder", type=Path, metavar="DIR", help="of the files that tools read and write")
    command.add_argument(
        "--grounding",
        choices=("none", "conversation", "request"),
        help="what numbers and dates of a call are: any, or of what was told (default: chat_evals.grounding)",
    )
    command.add_argument("--show-reasoning", action="store_true", help="print a model's reasoning too")
    command.add_argument(
        "--num-tokens", type=_whole("--num-tokens", 1), default=200, metavar="N", help="most tokens of a reply (200)"
    )

    command = add("tools", tools, "the tools that a model may call: list them, show a schema, run a call")
    command.add_argument("name", nargs="?", help="a tool (default: list them)")
    command.add_argument(
        "arguments", nargs="?", metavar="JSON", help="run a call with these (default: show the schema)"
    )
    command.add_argument("--folder", type=Path, metavar="DIR", help="of the files that tools read and write")
    command.add_argument("--track", help="whose documents search_corpus searches, whose model read_image reads with")
    command.add_argument("--now", metavar="TIME", help="the time of current_time, as 2026-11-30T12:00+01:00")

    command = add("gc", collect_garbage, "list, or delete, what no track needs any more")
    command.add_argument("--apply", action="store_true", help="delete (default: only list)")
    command.add_argument(
        "--keep", type=_whole("--keep", 0), default=1, metavar="N", help="newest artifacts to keep of each key (1)"
    )
    command.add_argument("--remote", action="store_true", help="in FC_REMOTE, not here")

    command = add("equivalent", equivalent, "declare that changed code makes the same bytes, so nothing is rebuilt")
    command.add_argument("key")
    command.add_argument("--reason", type=_text, required=True, help="why the bytes are the same; recorded")

    command = add("leaderboard", leaderboard, "every report of every track, the best model first")
    command.add_argument("--json", action="store_true", help="for other programs")

    add("check", check, "validate every track, and that every step's code can be followed")
    command = add("ui", serve_ui, "Dagster and MLflow in the browser, on loopback")
    command.add_argument("--port", type=_whole("--port", 1), default=3000, help="of Dagster (3000)")
    command.add_argument("--mlflow-port", type=_whole("--mlflow-port", 1), default=5000, help="of MLflow (5000)")
    return parser
