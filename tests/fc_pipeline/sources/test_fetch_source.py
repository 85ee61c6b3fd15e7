from pathlib import Path

import pytest
from factories.packages import pin, sdist, wheel

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.catalogue.kinds import package_index
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import fetch_source


def local(folder: Path, **fields) -> dict:
    entry = {
        "name": "inbox",
        "kind": "local",
        "folder": str(folder),
        "licence": "CC0-1.0",
        "domain": "science",
        "files": [{"glob": "**/*.txt", "format": "txt"}, {"glob": "**/*.md", "format": "md"}],
    }
    return resolve_source({**entry, **fields}).model_dump(mode="json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.txt").write_text("second\r\ntext")
    (folder / "deep" / "a.txt").write_text("third")
    (folder / "a.md").write_text("# First\n\n[link](x)")
    (folder / "bad.txt").write_bytes(b"caf\xe9")
    (folder / "blank.txt").write_text(" \n")
    (folder / "ignored.bin").write_bytes(b"\x00")
    return folder


def test_a_folder_becomes_documents(run_step, folder: Path) -> None:
    artifact = run_step(fetch_source, "sources/inbox", local(folder))
    assert list(read_records(artifact.path("documents.jsonl.zst"))) == [
        {
            "id": f"inbox/{path}",
            "text": text,
            "source": "inbox",
            "domain": "science",
            "licence": "CC0-1.0",
            "meta": {"path": path, "format": format_name},
        }
        for path, text, format_name in (
            ("a.md", "# First\n\nlink", "md"),
            ("b.txt", "second\ntext", "txt"),
            ("deep/a.txt", "third", "txt"),
        )
    ]
    (refused,) = read_records(artifact.path("quarantine.jsonl.zst"))
    assert (refused["path"], refused["reason"]) == ("bad.txt", "invalid_utf8")
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.dropped, counters.quarantined) == (5, 3, {"empty": 1}, 1)
    assert artifact.manifest.licences == [{"licence": "CC0-1.0", "source": "inbox", "documents": 3}]
    assert artifact.metrics["text_bytes"] == len("# First\n\nlink" + "second\ntext" + "third")


def test_the_bytes_do_not_depend_on_the_workers(run_step, folder: Path) -> None:
    one = run_step(fetch_source, "sources/inbox", local(folder), workers=1)
    two = run_step(fetch_source, "sources/inbox", local(folder), workers=2)
    assert one.identity != two.identity and one.digest == two.digest


def test_a_changed_file_is_another_source_and_is_not_read_unplanned(run_step, folder: Path) -> None:
    planned = local(folder)
    (folder / "b.txt").write_text("changed")
    assert local(folder) != planned
    with pytest.raises(UserError, match=r"b\.txt changed after the run was planned; run again"):
        run_step(fetch_source, "sources/inbox", planned)


def test_a_glob_that_matches_nothing_is_an_error(run_step, folder: Path) -> None:
    config = local(folder, files=[{"glob": "*.rst", "format": "rst"}])
    with pytest.raises(UserError, match=r"source inbox: no file matches '\*\.rst'"):
        run_step(fetch_source, "sources/inbox", config)


def test_a_cap_takes_a_stable_spread(run_step, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number:03}.txt").write_text("x" * 100)
    files = [{"glob": "*.txt", "format": "txt"}]
    artifact = run_step(fetch_source, "sources/inbox", local(folder, files=files, max_bytes=1_000))
    taken = {record["meta"]["path"] for record in read_records(artifact.path("documents.jsonl.zst"))}
    assert len(taken) == 10
    assert any(path < "050.txt" for path in taken) and any(path > "050.txt" for path in taken)
    (folder / min({f"{number:03}.txt" for number in range(100)} - taken)).unlink()
    again = run_step(fetch_source, "sources/inbox", local(folder, files=files, max_bytes=1_000))
    assert {record["meta"]["path"] for record in read_records(again.path("documents.jsonl.zst"))} == taken


def test_two_documents_of_one_name_are_refused(run_step, tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    folder.mkdir()
    (folder / "x.json").write_text('[{"k": 1, "t": "a"}, {"k": 1, "t": "b"}, {"k": 1, "t": "c"}]')
    files = [{"glob": "*.json", "format": "json", "fields": {"key": "k", "text": "{t}"}}]
    with pytest.raises(UserError, match=r"2 of 3 records cannot be read \(duplicate_key 2; .*'1'; set `fields.key`"):
        run_step(fetch_source, "sources/inbox", local(folder, files=files))


def test_lone_surrogates_from_json_are_quarantined(run_step, tmp_path: Path) -> None:
    folder = tmp_path / "surrogates"
    folder.mkdir()
    (folder / "x.jsonl").write_bytes(b'{"t": "bad \\ud800"}\n{"t": "good"}\n')
    files = [{"glob": "*.jsonl", "format": "jsonl", "fields": {"text": "{t}"}}]
    artifact = run_step(fetch_source, "sources/inbox", local(folder, files=files))
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.quarantined) == (2, 1, 1)


def test_an_installed_distribution_is_pinned_to_its_version(run_step) -> None:
    entry = {
        "name": "yaml_code",
        "kind": "installed",
        "distribution": "PyYAML",
        "licence": "MIT",
        "domain": "code",
        "files": [{"glob": "yaml/*.py", "format": "py"}],
    }
    config = resolve_source(entry).model_dump(mode="json")
    assert config["version"]
    artifact = run_step(fetch_source, "sources/yaml_code", config)
    paths = [record["meta"]["path"] for record in read_records(artifact.path("documents.jsonl.zst"))]
    assert "yaml/loader.py" in paths and paths == sorted(paths)
    with pytest.raises(UserError, match=r"0\.0\.1 was planned; plan again"):
        run_step(fetch_source, "sources/yaml_code", {**config, "version": "0.0.1"})
    with pytest.raises(UserError, match="no-such-distribution is not installed"):
        resolve_source({**entry, "distribution": "no-such-distribution"})


WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
NEVER_RUN = b"raise SystemExit('package code must never run')"
WHOLE = {
    WHEEL: wheel({"demo/data.json": b'[{"t": "one"}, {"t": "two"}]', "demo/__init__.py": NEVER_RUN}),
    SDIST: sdist({"demo-1.0/setup.py": NEVER_RUN, "demo-1.0/doc/a.txt": b"words"}),
}


def package(loopback, monkeypatch, name: str, data: bytes | None = None, **fields) -> dict:
    """A source whose file the loopback index serves."""
    data = WHOLE[name] if data is None else data
    pinned = pin(name, data)
    page = f'<a href="/files/{name}#sha256={pinned["sha256"]}">{name}</a>'.encode()
    loopback.files |= {"/simple/demo/": page, f"/files/{name}": data}
    monkeypatch.setattr(package_index, "index_urls", lambda: [loopback.url + "/simple"])
    files = [{"glob": "demo/data.json", "format": "json", "fields": {"text": "{t}"}}]
    entry = {"name": "demo", "licence": "MIT", "domain": "chat", "files": files, **pinned, **fields}
    return resolve_source(entry).model_dump(mode="json")


def test_a_wheel_is_fetched_read_and_kept_in_the_cache(loopback, monkeypatch, run_step, tmp_path: Path) -> None:
    config = package(loopback, monkeypatch, WHEEL)
    artifact = run_step(fetch_source, "sources/demo", config)
    documents = list(read_records(artifact.path("documents.jsonl.zst")))
    assert [document["id"] for document in documents] == ["demo/demo/data.json#0", "demo/demo/data.json#1"]
    assert (tmp_path / "home/cache/downloads" / config["sha256"] / WHEEL).is_file()
    loopback.files.clear()
    assert run_step(fetch_source, "sources/demo", config, workers=2).digest == artifact.digest


def test_an_sdist_is_read_without_running_it(loopback, monkeypatch, run_step) -> None:
    files = [{"glob": "*/doc/*.txt", "format": "txt"}]
    config = package(loopback, monkeypatch, SDIST, files=files)
    artifact = run_step(fetch_source, "sources/demo", config)
    assert [document["text"] for document in read_records(artifact.path("documents.jsonl.zst"))] == ["words"]


@pytest.mark.parametrize("name", [WHEEL, SDIST])
def test_a_broken_package_leaves_earlier_artifacts(loopback, monkeypatch, run_step, tmp_path: Path, name: str) -> None:
    files = [{"glob": "**/{data.json,a.txt}", "format": "txt"}]
    good = run_step(fetch_source, "sources/demo", package(loopback, monkeypatch, name, files=files))
    broken = package(loopback, monkeypatch, name, WHOLE[name][:-20], files=files)
    with pytest.raises(UserError, match=rf"^{name}: broken archive .* fetch it again$"):
        run_step(fetch_source, "sources/demo", broken)
    assert good.problems() == []
    assert not list((tmp_path / "home/sources/demo").glob("*/*.tmp"))


def test_a_pin_that_the_index_contradicts_is_refused_before_the_download(loopback, monkeypatch, run_step) -> None:
    config = package(loopback, monkeypatch, WHEEL, sha256="0" * 64)
    with pytest.raises(UserError, match=f"the index states sha256 [0-9a-f]{{64}}, the source pins {'0' * 64}"):
        run_step(fetch_source, "sources/demo", config)
    assert not [path for path, _ in loopback.requests if path.startswith("/files")]


def test_a_file_that_is_not_what_was_pinned(loopback, monkeypatch, run_step) -> None:
    config = package(loopback, monkeypatch, WHEEL)
    loopback.files[f"/files/{WHEEL}"] = WHOLE[WHEEL] + b"more"
    with pytest.raises(UserError, match=f"checksum is [0-9a-f]{{64}}, expected {config['sha256']}"):
        run_step(fetch_source, "sources/demo", config)
