"""The command line as a person uses it: words, exit status, and nothing that makes it wait."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from fc_pipeline.cli import main as cli
from fc_pipeline.cli.builds import leaderboard_lines, too_little_space
from fc_pipeline.engine.resolve import read_equivalences
from fc_pipeline.track.config import parse_track, read_attributes

ROOT = Path(cli.__file__).parents[2]
COMMANDS = [
    "plan", "run", "status", "verify", "push", "pull", "trace", "drops", "similar", "takedown", "feedback", "chat",
    "tools", "gc", "equivalent", "leaderboard", "check", "ui",
]  # fmt: skip
HEAVY = {"torch", "pytorch_lightning", "transformers", "dagster", "mlflow", "datatrove", "datasets", "pyarrow"}
HEAVY |= {"pandas", "scipy", "sklearn", "matplotlib", "PIL", "fsspec", "requests", "sqlalchemy"}


def real(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, on the tracks of this project."""
    environment = os.environ | {"FC_HOME": str(home)}
    command = [sys.executable, "-W", "error", "-m", "fc_pipeline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


def test_plan(toy, command):
    status, lines, _ = command("plan", "toy")
    assert status == 0 and len(lines) == 5
    assert lines[0].split() == ["build", "sources/letters", "–", "never", "built"]
    assert lines[-1] == "4 artifacts: 4 to build; about 0.0 s, 0 B, not counting 4 never built"
    toy.build()
    assert command("plan")[1][-1] == "4 artifacts, all fresh"
    toy.edit("helpers.py", "text.upper()", "text.title()")
    toy.min_chars = 4
    status, lines, _ = command("plan", "toy", "--explain")
    assert status == 0
    text = "\n".join(lines)
    for expected in ("filters.min_chars 3 -> 4", "code: helpers:shout changed", "changed toyfactory.helpers:shout"):
        assert expected in text
    assert "gates: passed" not in text and "estimate: as toy/score@" in text


def test_plan_of_more_than_the_disk_holds(tmp_path, monkeypatch):
    """The disk of FC_HOME counts, not the one that the folder of its name would lie on, nor the root's."""
    asked = []
    monkeypatch.setattr("shutil.disk_usage", lambda path: asked.append(path) or SimpleNamespace(free=5_000_000_000))
    home = tmp_path / "mounted" / "not" / "there"
    (tmp_path / "mounted").mkdir()
    assert too_little_space(5_000_000_000, home) == []
    [(_, line)] = too_little_space(5_000_000_001, home)
    assert line == f"5.0 GB are free on the disk of {home}: free more, or set FC_HOME to another disk"
    assert asked == [tmp_path / "mounted"] * 2


def test_check_names_each_problem(command, monkeypatch):
    """A track of the kind that once shipped: no source of its chat, all of RefinedWeb, and a branch."""
    attributes = read_attributes("fustercluck_450")
    lichess = {"from": "lichess_games", "name": "games", "revision": "main", "max_bytes": 3_200_000_000}
    web = {"from": "refinedweb", "name": "web"}
    attributes["corpus"] = attributes["corpus"] | {"sources": [web, lichess]}
    attributes["mixture"] = attributes["mixture"] | {"weights": {"science": 83, "chess": 15, "chat": 2}}
    tracks = {"full": parse_track("full", attributes)}
    monkeypatch.setattr("fc_pipeline.track.config.load_tracks", lambda **_: tracks)
    status, lines, errors = command("check")
    assert status == 2 and lines == ["1 tracks, 0 experiments (toy), 4 artifacts: 3 problems"]
    assert [line.removeprefix("fustercluck: error: tracks/full: ") for line in errors.splitlines()] == [
        "source games: revision 'main' moves: write a commit of Lichess/standard-chess-games there, 40 hex digits "
        "(the first read names its head)",
        "mixture.weights.chat: no source of the corpus is of this domain: add one to corpus.sources, or give the "
        "domain the weight 0",
        "source web: 466.9 GB to download, about 500B tokens, where science needs 6.3B: set `max_bytes`, such as "
        "11,780,523,028",
    ]  # fmt: skip


def test_plan_json(toy, command):
    toy.build()
    toy.min_chars = 4
    status, lines, _ = command("plan", "--json")
    plan = json.loads("\n".join(lines))
    assert status == 0 and [item["state"] for item in plan["items"]] == ["fresh", "build", "maybe", "maybe"]
    assert set(plan["forecast"]["steps"]) == {"corpus/toy/cleaned", "toy/score", "toy/report"}


def test_status(toy, command):
    toy.build()
    status, lines, _ = command("status", "toy")
    assert status == 0 and lines[-1].startswith("4 of 4 built; ") and str(toy.store.root) in lines[-1]
    assert json.loads("\n".join(command("status", "--json")[1]))["items"][0]["key"] == "sources/letters"


def test_verify(toy, command):
    toy.store.root.mkdir()
    assert command("verify") == (0, ["0 artifacts checked, 0 problems"], "")
    toy.build()
    assert command("verify", "toy", "sources/letters") == (0, ["3 artifacts checked, 0 problems"], "")
    score = toy.present("toy/score")
    (score.folder / "foreign").write_text("?")
    assert command("verify")[0] == 0
    assert command("verify", "--strict")[:2] == (
        1,
        [f"{score.folder}/foreign: not in the manifest", "4 artifacts checked, 1 problems"],
    )
    score.path("score.txt").write_text("flipped")
    (toy.present("toy/report").folder / "manifest.json").write_text("{")
    status, lines, _ = command("verify")
    assert status == 1 and len(lines) == 3
    assert "toy/report" in lines[0] and "not a manifest" in lines[0] and "score.txt" in lines[1]
    status, _, errors = command("verify", "nano")
    assert status == 2 and "has nothing of 'nano'; there are: corpus/toy/cleaned, sources/letters" in errors


def test_gc(toy, command):
    toy.build()
    toy.min_chars = 4
    toy.build()
    status, lines, _ = command("gc")
    assert status == 0 and lines[-1] == "nothing was deleted: add --apply to delete" and "3 folders" in lines[-2]
    assert len(toy.store.versions("toy/score")) == 2
    status, lines, _ = command("gc", "--apply")
    assert status == 0 and lines[-1].endswith(" freed") and not lines[-1].startswith("0 B")
    assert len(toy.store.versions("toy/score")) == 1 and toy.build() == []
    assert command("gc", "--apply")[1] == ["nothing to delete", "0 B freed"]
    assert command("gc", "--keep", "-1")[0] == 2


def test_equivalent(toy, command):
    toy.build()
    toy.edit("helpers.py", "text.upper()", "str.upper(text)")
    status, lines, _ = command("equivalent", "toy/score", "--reason", "the same method")
    assert status == 0 and "its code counts as version" in lines[0]
    assert read_equivalences(toy.store)[0]["reason"] == "the same method" and toy.build() == []


def test_user_errors_are_one_line(toy, command):
    toy.store.root.mkdir()
    for arguments, message in [
        (("plan", "tow"), "there is no track 'tow'; did you mean 'toy'?"),
        (("status", "tow"), "there is no track 'tow'"),
        (("equivalent", "toy/score", "--reason", "x"), "toy/score was never built"),
        (("trace", "tow", "text"), "there is no track 'tow'"),
        (("trace", "toy", "text"), "there is no step 'toy/shards'"),
        (("chat", "toy"), "there is no step 'toy/exports/gguf'"),
        (("chat", "toy", "--tools", "calculate,calculator"), "no tool 'calculator'; did you mean 'calculate'?"),
    ]:
        status, lines, errors = command(*arguments)
        assert (status, lines) == (2, []) and errors.startswith(f"fustercluck: error: {message}")
        assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"{", "Expecting property name"),
        (b'{"type": "object", "type": "string"}', "comes twice"),
        (b"[" * 100_000, "nested deeper"),
        (b"\xff", "decode byte"),
        (b"[]", "write an object"),
    ],
)
def test_a_json_schema_that_is_none(command, tmp_path, content: bytes | None, why: str):
    if content is not None:
        (tmp_path / "schema.json").write_bytes(content)
    status, lines, errors = command("chat", "toy", "--json-schema", str(tmp_path / "schema.json"))
    assert (status, lines) == (2, []) and "no JSON schema" in errors and why in errors and errors.count("\n") == 1


def test_json_of_a_schema_calls_no_tools(command, tmp_path):
    (tmp_path / "schema.json").write_text("{}")
    status, lines, errors = command("chat", "toy", "--json-schema", str(tmp_path / "schema.json"), "--tools", "all")
    assert (status, lines) == (2, []) and "leave out the one or the other" in errors


def test_closed_pipe(tmp_path):
    environment, command = (
        os.environ | {"FC_HOME": str(tmp_path)},
        [sys.executable, "-m", "fc_pipeline", "plan", "--json"],
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(60) == 0


@pytest.mark.parametrize(
    ("redirection", "message"),
    [
        ("> /dev/full", "standard output cannot be written (No space left on device)"),
        (">&-", "standard output is closed"),
        ("| true", ""),
    ],
)
@pytest.mark.parametrize("arguments", ["plan --json", "status pico"], ids=["much", "little"])
def test_output_that_is_not_taken(tmp_path, arguments, redirection, message):
    """In one line, but for a reader that has enough."""
    line = f"'{sys.executable}' -m fc_pipeline {arguments} {redirection}; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"FC_HOME": str(tmp_path)}
    answer = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert answer.returncode == (2 if message else 0) and answer.stdout == ""
    assert message in answer.stderr and answer.stderr.count("\n") == bool(message)


def test_output_without_unicode(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    answer = real("plan", "pico", home=tmp_path)
    assert answer.returncode == 0 and answer.stderr == "" and r"\u2013" in answer.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        "drops toy x --limit 0", "drops toy --limit -1", "drops toy --limit x", "similar toy x --most 0",
        "gc --keep -1", "ui --port 0", "ui --mlflow-port -1",
    ],
)  # fmt: skip
def test_a_count_that_is_none(command, arguments):
    status, lines, errors = command(*arguments.split())
    option, number = arguments.split()[-2:]
    assert (status, lines) == (2, []) and errors.startswith(f"fustercluck: error: {option} takes ")
    assert f"'{number}' is no such number" in errors and errors.count("\n") == 1


@pytest.mark.parametrize("words", [("trace", "toy"), ("takedown",), ("equivalent", "toy/score", "--reason")])
def test_bytes_that_are_no_text(command, words):
    status, lines, errors = command(*words, os.fsdecode(b"caf\xe9"))
    assert (status, lines) == (2, []) and "is not UTF-8" in errors and errors.count("\n") == 1


def test_control_c_in_a_process(tmp_path):
    code = (
        "import signal, sys, time, fc_pipeline.cli.main as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in what a shell has put behind
        "cli.status = lambda options: print('ready', flush=True) or time.sleep(60)\n"
        "sys.exit(cli.main(['status']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and errors == b""


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("check",), ["nano", "pico", "fustercluck_450"]),
        (("plan", "nano"), ["nano/tokenizer"]),
        (("status",), ["0 of "]),
        (("gc",), ["nothing to delete"]),
    ],
)
def test_shipped_tracks_without_a_heavy_import(arguments, shown, tmp_path, monkeypatch):
    """Imports are most of what an answer takes: with torch or Dagster among them it would be seconds."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # names on stderr every module that is imported
    answer = real(*arguments, home=tmp_path)
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert answer.returncode == 0 and all(part in answer.stdout for part in shown), answer
    assert "fc_pipeline.track.graph" in imported and not imported & HEAVY
    assert all(map(find_spec, HEAVY)), "a library that is not installed is never imported"
    assert list(tmp_path.iterdir()) == []  # looking writes nothing


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify",), ("push",), ("gc",), ("gc", "--apply"), ("chat", "toy"), ("trace", "toy", "x"), ("drops", "toy"),
        ("similar", "toy", "x"), ("takedown", "x"), ("leaderboard",), ("equivalent", "toy/score", "--reason", "x"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_store(toy, command, tmp_path, monkeypatch, arguments):
    monkeypatch.setattr(toy.store, "root", tmp_path / "tpyo")
    monkeypatch.setenv("FC_REMOTE", f"file://{tmp_path}/remote")
    status, lines, errors = command(*arguments)
    assert (status, lines) == (2, [])
    assert f"{tmp_path / 'tpyo'} is no folder" in errors and "FC_HOME" in errors and errors.count("\n") == 1
    assert not (tmp_path / "tpyo").exists()


def test_ui_elsewhere(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster_home"))
    assert cli.main(["ui"]) == 2
    assert "dagster_home has no dagster.yaml" in capsys.readouterr().err
    (tmp_path / "dagster_home").mkdir()
    (tmp_path / "dagster_home" / "dagster.yaml").touch()
    assert cli.main(["ui"]) == 2
    assert "no workspace.yaml here" in capsys.readouterr().err


def test_help(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [line.split()[0] for line in text.splitlines() if line.startswith("    ") and line[4] != " "] == COMMANDS


def test_leaderboard(toy, command):
    toy.store.root.mkdir()
    assert command("leaderboard") == (0, ["no report is built yet: fustercluck run TRACK"], "")
    row = {"track": "nano", "bits_per_byte": 1.25, "perplexity": None, "parameters": 10_000_000, "tokens": 7_000_000}
    row |= {"gates": {"passed": 4, "waived": 0, "failed": 1}, "stage": "pretrain_b", "identity": "0" * 16}
    lines = leaderboard_lines([row])
    assert lines[1][0] == "red" and lines[1][1].split()[:4] == ["nano", "1.2500", "–", "10M"]
    assert "4 passed, 1 failed" in lines[1][1]


@pytest.mark.parametrize("position", ["train", "train:", "train:x", ":5", "train:-1"])
def test_bad_position(command, position):
    status, _, errors = command("trace", "toy", "--position", position)
    assert status == 2 and errors == f"fustercluck: error: --position {position}: write SPLIT:N, such as train:1000\n"
