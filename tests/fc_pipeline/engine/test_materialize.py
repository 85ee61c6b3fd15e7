"""Materialize builds what is not there, reuses what is, and lets nothing pass a gate that did not pass it."""

import pytest
from factories.documents import records
from factories.toy_project import KEYS as ALL

from fc_model.artifacts import AlreadyBuilt, Store
from fc_model.errors import UserError
from fc_pipeline.engine import materialize as module
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import Runtime


def test_builds_once(toy):
    assert toy.build() == ALL
    assert toy.build() == []
    cleaned = toy.present("corpus/toy/cleaned")
    assert [record["text"] for record in records(cleaned)] == ["ccc", "dddd", "eeeee", "ffffff"]
    counters = cleaned.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (6, 4, {"too_short": 2})
    assert [entry.records for entry in cleaned.manifest.files] == [4]
    report = toy.present("toy/report")
    assert report.manifest.licences == [{"licence": "CC0-1.0", "source": "letters", "documents": 6}]
    assert report.manifest.run["seconds"] >= 0 and report.manifest.run["libraries"]["torch"]


def test_two_licences(toy):
    toy.edit(
        "steps.py",
        '[{"licence": "CC0-1.0", "source": "letters", "documents": step.config["count"]}]',
        '[{"licence": name, "source": "letters", "documents": 3} for name in ("MIT", "CC0-1.0")]',
    )
    toy.build()
    assert toy.present("toy/report").manifest.licences == [
        {"licence": "CC0-1.0", "source": "letters", "documents": 3},
        {"licence": "MIT", "source": "letters", "documents": 3},
    ]


def test_two_builds_are_equal(toy, tmp_path):
    toy.build()
    first = {key: toy.present(key).digest for key in ALL}
    toy.store = Store(tmp_path / "second")
    assert toy.build() == ALL
    assert {key: toy.present(key).digest for key in ALL} == first


def test_rebuilds_exactly_what_depends(toy):
    toy.build()
    toy.edit("helpers.py", '"""Loud."""', '"""Louder than that."""  # and more so')
    assert toy.build() == []
    toy.edit("helpers.py", "def unused(text):\n    return text", "def unused(text):\n    return text[1:]")
    assert toy.build() == []
    toy.edit("helpers.py", "text.upper()", 'text.upper() + "!"')
    assert toy.build() == ["toy/score", "toy/report"]
    toy.count = 7
    assert toy.build() == ALL


def test_changed_threshold(toy):
    toy.build()
    toy.gates = [Gate(artifact="score", metric="documents", min=5)]
    with pytest.raises(UserError, match="has no verdict: materialize toy/score again"):
        toy.materialize("toy/report")
    before = toy.store.versions("toy/score")[0].digest
    outcome = toy.materialize("toy/score")
    assert outcome.reused and outcome.artifact.digest == before
    expected = r"toy/report cannot go on from toy/score: gate score.documents failed: 4, must be at least 5"
    with pytest.raises(UserError, match=expected):
        toy.materialize("toy/report")
    toy.gates = [Gate(artifact="score", metric="documents", min=4)]
    assert toy.build() == []


@pytest.mark.parametrize("name", ["documents.jsonl.zst", "manifest.json"])
def test_damaged_artifact(toy, capsys, name):
    toy.build()
    artifact = toy.present("corpus/toy/cleaned")
    path = artifact.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert toy.build() == ["corpus/toy/cleaned"]
    assert "corpus/toy/cleaned is damaged and is built again" in capsys.readouterr().err
    again = toy.present("corpus/toy/cleaned")
    assert again.digest == artifact.digest and again.problems(strict=True) == []


def test_damaged_input(toy):
    for key in ALL[:2]:
        toy.materialize(key)
    path = toy.present("corpus/toy/cleaned").path("documents.jsonl.zst")
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(UserError, match=r"corpus/toy/cleaned is damaged: .*materialize corpus/toy/cleaned again"):
        toy.materialize("toy/score")
    assert toy.store.versions("toy/score") == []


def test_config_edited_by_step(toy):
    toy.edit("steps.py", "def cleaned(step):\n", "def cleaned(step):\n    step.config['extra'] = 1\n")
    toy.build()
    assert toy.present("corpus/toy/cleaned").manifest.recipe.config == {"filters": {"min_chars": 3}}
    assert toy.build() == []


def test_twin(toy, monkeypatch):
    """Another process commits between our look and our lock: its artifact is ours."""
    build = module._build

    def slow(*arguments, **options):
        build(*arguments, **options)
        build(*arguments, **options)
        raise AssertionError("the second build was let in")

    monkeypatch.setattr(module, "_build", slow)
    outcome = toy.materialize("sources/letters")
    assert outcome.reused and outcome.artifact.problems(strict=True) == []
    monkeypatch.undo()
    assert issubclass(AlreadyBuilt, UserError)


def test_leftover_workspace_is_tidied(toy):
    toy.materialize("sources/letters")
    folder = Resolver(toy.graph, toy.store).require("sources/letters", for_key="test").folder
    (folder / "workspace" / "training").mkdir(parents=True)
    assert toy.materialize("sources/letters").reused
    assert not (folder / "workspace").exists()


def test_code_edited_during_a_run(toy):
    """Modules are imported when a step first needs them; new code under the old version would never be rebuilt."""
    graph = toy.graph
    for key in ALL:
        graph.code(key)  # a run reads all versions when it begins
    runtime = Runtime(home=toy.store.root)
    module.materialize(graph, toy.store, "sources/letters", runtime)
    toy.edit("steps.py", 'len(record["text"]) <', 'len(record["text"]) <=')
    with pytest.raises(UserError, match=r"corpus/toy/cleaned: its code was edited after this run had begun; start"):
        module.materialize(graph, toy.store, "corpus/toy/cleaned", runtime)
    assert toy.build() == ALL[1:]
    assert toy.present("corpus/toy/cleaned").manifest.counters.kept == 3


def test_code_edited_while_its_workers_run(toy):
    """They import it when they start: which of the two they ran is not known, so nothing is committed."""
    edit_and_map = """def letters(step):
    from pathlib import Path
    path = Path(__file__).with_name("late.py")
    assert list(step.ordered_map(len, ["ab"])) == [2]
    path.write_text("FIRST = 65\\n", "utf-8")
    from toyfactory.late import FIRST
"""
    toy.write("late.py", "FIRST = 97\n")
    toy.edit("steps.py", "def letters(step):\n", edit_and_map)
    toy.edit("steps.py", "chr(97 + number)", "chr(FIRST + number)")
    with pytest.raises(UserError, match="sources/letters: its code was edited while it ran, and its workers may"):
        module.materialize(toy.graph, toy.store, "sources/letters", Runtime(home=toy.store.root, workers=2))
    assert toy.store.versions("sources/letters") == []


def test_code_edited_while_its_step_runs(toy):
    """All that a step reaches is imported before it starts, so it does not see an edit that is made meanwhile."""
    toy.write("late.py", "FIRST = 97\n")
    edit_and_import = """def letters(step):
    from pathlib import Path
    Path(__file__).with_name("late.py").write_text("FIRST = 65\\n", "utf-8")
    from toyfactory.late import FIRST
"""
    toy.edit("steps.py", "def letters(step):\n", edit_and_import)
    toy.edit("steps.py", "chr(97 + number)", "chr(FIRST + number)")
    assert [record["text"][0] for record in records(toy.present("sources/letters"))] == list("abcdef")
