"""`fustercluck similar` on a corpus of pico's shape, with a dump, built by the real steps from hostile files."""

import io
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from factories.built_track import LEAKED, build_track
from factories.near_texts import random_text, vary

from fc_model.artifacts import Store, read_records
from fc_pipeline.cli import main as cli
from fc_pipeline.cli import similar as cli_similar
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.step import Runtime
from fc_pipeline.track.config import parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

DOMAINS = ("science", "data", "code", "chess", "chat")
HOSTILE = "evil\x1b[31m\u202egnp\u2066.md"
ANSWERED = "a text without a word that stands in any of the documents of this corpus"


def source(name: str, folder: Path, domain: str) -> dict:
    return {
        "name": name, "kind": "local", "folder": str(folder), "licence": f"{domain}-licence", "domain": domain,
        "files": [{"glob": "*.md", "format": "md"}],
    }  # fmt: skip


def graph_of(folder: Path) -> Graph:
    attributes = read_attributes("pico")
    attributes["corpus"] |= {
        "name": "notes",
        "sources": [source(f"notes_{domain}", folder / domain, domain) for domain in DOMAINS],
        "dumps": {"may": [source("may", folder / "may", "science")]},
        "filtering": {"filters": []},
        "decontamination": {"evalsets": []},
        "holdout": {"min_documents": 2},
    }
    attributes["gates"] = []
    return build_graph([parse_track("pico", attributes)])


def build(graph: Graph, store: Store, key: str) -> None:
    for needed in graph.closure([key]):
        materialize(graph, store, needed, Runtime(home=store.root, workers=1))


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Its store, its graph, and a text, of which there are an exact and a near-duplicate, and a variant in the dump."""
    folder = tmp_path_factory.mktemp("notes")
    rng = random.Random(1)
    for domain in (*DOMAINS, "may"):
        (folder / domain).mkdir()
        for number in range(6):
            (folder / domain / f"{number}.md").write_text(random_text(rng, 120))
    text = random_text(rng)
    (folder / "science" / HOSTILE).write_text(text)
    (folder / "science" / "zz_near.md").write_text(vary(text, 0.9, rng))
    (folder / "may" / "again.md").write_text(text.upper())
    (folder / "may" / "variant.md").write_text(vary(text, 0.7, rng))
    store = Store(folder / "home")
    build(graph_of(folder), store, "corpus/notes/split")
    return SimpleNamespace(folder=folder, store=store, text=text)


@pytest.fixture
def similar(notes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """similar(*arguments) -> (exit status, lines printed, errors printed)."""
    monkeypatch.setenv("FC_HOME", str(notes.store.root))
    monkeypatch.setattr("fc_pipeline.experiments.graph.project_graph", lambda **_: graph_of(notes.folder))

    def run(*arguments: str, track: str = "pico") -> tuple[int, list[str], str]:
        status = cli.main(["similar", track, *arguments])
        out, errors = capsys.readouterr()
        return status, out.splitlines(), errors

    return run


def test_a_line_for_each_document(notes, similar) -> None:
    status, lines, errors = similar(notes.text)
    assert (status, errors) == (0, "")
    visible = "notes_science/evil\\x1b[31m\\u202egnp\\u2066.md"
    cells = [line.split() for line in lines[:4]]
    assert [(row[1], row[2], row[4]) for row in cells] == [
        (cells[0][1], "notes_science", "base"),
        ("exact_duplicate", "may", "may"),
        ("near_duplicate", "notes_science", "base"),
        (cells[3][1], "may", "may"),
    ]
    assert {cells[0][1], cells[3][1]} <= {"train", "holdout"}
    assert {row[3] for row in cells} == {"science-licence"}
    assert [row[0] for row in cells[:2]] == ["1.0000", "1.0000"] and 0.85 < float(cells[2][0]) <= 0.9
    assert cells[0][5:] == [visible] and cells[1][5:] == ["may/again.md", "of", visible]
    assert lines[4].startswith("4 of Jaccard similarity 0.5 or more in the index of ")
    assert lines[4].endswith("; one at just 0.5 is found with odds 0.47") and len(lines) == 5
    assert "\x1b" not in "".join(lines) and "\u202e" not in "".join(lines)


def test_json_fewer_and_none(notes, similar) -> None:
    status, lines, _ = similar(notes.text, "--json", "--at-least", "0.85", "--most", "2")
    answer = json.loads("\n".join(lines))
    assert status == 0 and answer["total"] == 3 and answer["not_built"] == []
    first, second = answer["hits"]
    assert first["id"] == f"notes_science/{HOSTILE}" and first["jaccard"] == 1.0 and first["duplicate_of"] is None
    assert second["state"] == "exact_duplicate" and second["duplicate_of"] == first["id"] and second["dump"] == "may"
    assert similar(notes.text, "--at-least", "0.85", "--most", "2")[1][2].endswith(" documents, 2 shown")
    status, lines, _ = similar(ANSWERED, "--at-least", "0.9")
    assert status == 0 and len(lines) == 1 and lines[0].startswith("nothing of Jaccard similarity 0.9 or more in ")


def test_files_and_standard_input(notes, similar, tmp_path, monkeypatch) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes(b"\xef\xbb\xbf" + notes.text.encode())
    expected = similar(notes.text)
    assert similar(str(file)) == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(notes.text.encode())))
    assert similar("-") == expected
    monkeypatch.setattr("sys.stdin", None)
    assert similar("-")[::2] == (
        2, "fustercluck: error: similar: standard input cannot be read: pipe a text in, or name a file\n"
    )  # fmt: skip
    assert similar(notes.text + "\0\x1b\u202e" + "x" * 5000)[0] == 0, "a text that no file is named like"


def test_what_is_wrong_is_one_line(notes, similar, tmp_path) -> None:
    (tmp_path / "latin1.txt").write_bytes("déjà".encode("latin-1"))
    for arguments, expected in (
        (["two words"], "the text has fewer than 5 words"),
        ([""], "the text has fewer than 5 words"),
        (["missing.txt"], "there is no file missing.txt: correct its name"),
        (["../of/none"], "there is no file ../of/none"),
        ([str(tmp_path)], "is a folder; name one file of it"),
        ([str(tmp_path / "latin1.txt")], "latin1.txt is not UTF-8 (byte 1)"),
        (["five words \ud800 stand here now"], "the text is not UTF-8 (byte 11)"),
        ([notes.text, "--at-least", "0"], "--at-least takes a similarity above 0 and up to 1"),
        ([notes.text, "--at-least", "nan"], "--at-least takes"),
        ([notes.text, "--most", "0"], "--most takes 1 or more"),
    ):
        status, lines, errors = similar(*arguments)
        assert (status, lines) == (2, []) and expected in errors and errors.count("\n") == 1, errors
    status, _, errors = similar(notes.text, track="picco")
    assert status == 2 and "there is no track 'picco'; did you mean 'pico'?" in errors


def test_a_document_is_traced_if_anything_holds_it(notes, similar, capsys) -> None:
    similar(notes.text)  # on the tracks of these notes
    for document, status in (("notes_science/0.md", 0), ("notes_science/none.md", 2), ("none/0.md", 2), ("0.md", 2)):
        assert cli.main(["trace", "pico", "--document", document]) == status
        out, errors = capsys.readouterr()
        if status:
            assert out == "" and errors.startswith(f"fustercluck: error: {document}: nothing that is built holds this")
        else:
            assert "artifacts touched" in out


def test_what_is_not_built_or_damaged(notes, similar, monkeypatch, tmp_path) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("FC_HOME", str(tmp_path / "absent"))
        status, _, errors = similar(notes.text)
        assert status == 2 and "absent is no folder: " in errors
        patched.setenv("FC_HOME", str(tmp_path))
        status, _, errors = similar(notes.text)
        key = "corpus/notes/deduplicated"
        assert status == 2 and f"{key} is not built: run `fustercluck run pico --only {key}`" in errors
    with monkeypatch.context() as patched:
        store = Store(tmp_path / "half")
        patched.setenv("FC_HOME", str(store.root))
        build(graph_of(notes.folder), store, key)
        status, lines, _ = similar(notes.text)
        assert status == 0 and lines[-1] == "not searched, since it is not built: corpus/notes/dumps/deduplicated/may"
        assert lines[0].split()[1] == "kept", "there is no split yet"
        (artifact,) = store.versions(key)
        with artifact.path("index.bin").open("ab") as file:
            file.write(b"x")
        status, _, errors = similar(notes.text)
        assert status == 2 and f"{key} is damaged: " in errors and errors.count("\n") == 1


def test_what_decontamination_dropped(tmp_path) -> None:
    built = build_track(tmp_path).built
    graph, resolver = SimpleNamespace(track=lambda _: list(built)), SimpleNamespace(artifact=built.get)
    (leaked,) = (
        record
        for record in read_records(built["sources/games"].path("documents.jsonl.zst"))
        if LEAKED in record["text"]
    )
    answer = cli_similar.find_answer(graph, resolver, "nano", leaked["text"], at_least=0.9, most=1)  # type: ignore[arg-type]
    assert [(hit.id, hit.state) for hit in answer.hits] == [(leaked["id"], "contaminated")]
