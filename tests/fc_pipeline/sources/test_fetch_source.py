from pathlib import Path
from typing import Any

import pytest
from factories.documents import document
from factories.packages import pin, sdist, wheel
from factories.sources import documents, files, inbox, refused, source, texts

from fc_model.errors import UserError
from fc_pipeline.catalogue.kinds import package_index

TEXTS, PAGES = files("**/*.txt", "txt"), files("**/*.md", "md")


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


def test_a_folder_becomes_documents(fetch, folder: Path) -> None:
    artifact = fetch(inbox(folder, TEXTS, PAGES))
    assert documents(artifact) == [
        document(f"demo/{path}", text, path=path, format=format_name) | {"licence": "CC0-1.0"}
        for path, text, format_name in (
            ("a.md", "# First\n\nlink", "md"),
            ("b.txt", "second\ntext", "txt"),
            ("deep/a.txt", "third", "txt"),
        )
    ]
    assert refused(artifact) == {"bad.txt": "invalid_utf8"}
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.dropped, counters.quarantined) == (5, 3, {"empty": 1}, 1)
    assert artifact.manifest.licences == [{"licence": "CC0-1.0", "source": "demo", "documents": 3}]
    assert artifact.metrics["text_bytes"] == len("# First\n\nlink" + "second\ntext" + "third")
    assert fetch(inbox(folder, TEXTS, PAGES), workers=2).digest == artifact.digest


def test_a_glob_that_matches_nothing_is_an_error(fetch, folder: Path) -> None:
    names = ", ".join(sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))[:5])
    with pytest.raises(UserError, match=r"source demo: no file matches '\*\.rst'") as caught:
        fetch(inbox(folder, files("*.rst", "rst")))
    assert f"{folder} has " in str(caught.value) and f" files, such as {names}: correct the glob" in str(caught.value)


def test_a_cap_takes_a_stable_spread(fetch, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    names = {f"{number:03}.txt" for number in range(100)}
    for name in names:
        (folder / name).write_text("x" * 100)

    def read_paths() -> set[str]:
        return {document["meta"]["path"] for document in documents(fetch(inbox(folder, TEXTS, max_bytes=1_000)))}

    paths = read_paths()
    assert len(paths) == 10 and min(paths) < "050.txt" < max(paths)
    (folder / min(names - paths)).unlink()
    assert read_paths() == paths


def test_two_documents_of_one_name_are_refused(fetch, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"k": 1, "t": "a"}, {"k": 1, "t": "b"}, {"k": 1, "t": "c"}, {"k": 1, "t": "a"}]')
    spec = files("*.json", "json", fields={"key": "k", "text": "{t}"})
    with pytest.raises(UserError, match=r"2 of 4 records cannot be read \(duplicate_key 2; .*'1'; set `fields.key`"):
        fetch(inbox(tmp_path, spec))
    (tmp_path / "x.json").write_text('[{"k": 1, "t": "a"}, {"k": 1, "t": "a"}]')
    assert fetch(inbox(tmp_path, spec)).manifest.counters.dropped == {"repeated": 1}


def test_fields_of_a_record_take_no_place_of_our_own(fetch, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"t": "a", "_replaced": "yes", "_key": "own", "path": "b.py", "edits": "none"}')
    kept = {"record_path": "path", "record_edits": "edits", "_replaced": "_replaced"}
    (document,) = documents(fetch(inbox(tmp_path, files("*", "jsonl", fields={"text": "{t}", "meta": kept}))))
    own = {"path": "x.jsonl", "format": "jsonl"}
    assert document["meta"] == {"record_path": "b.py", "record_edits": "none", "_replaced": "yes", **own}
    assert document["id"] == "demo/x.jsonl#0"
    for name in ("cluster", "decontaminated_chars", "edits", "format", "path", "replaced"):
        with pytest.raises(UserError, match=f"meta: '{name}' is a name of our own; keep .* `record_{name}: {name}`"):
            inbox(tmp_path, files("*", "jsonl", fields={"text": "{t}", "meta": [name]}))
    with pytest.raises(UserError, match="group: 'records' is a name of our own"):
        group = {"by": "records", "title": ""}
        inbox(tmp_path, files("*", "jsonl", fields={"text": "{t}", "group": group}))


def test_an_installed_distribution_is_pinned_to_its_version(fetch) -> None:
    spec = files("yaml/*.py", "py")
    config = source("installed", spec, distribution="PyYAML")
    assert config["version"]
    paths = [document["meta"]["path"] for document in documents(fetch(config))]
    assert "yaml/loader.py" in paths and paths == sorted(paths)
    with pytest.raises(UserError, match=r"0\.0\.1 was planned; plan again"):
        fetch({**config, "version": "0.0.1"})
    with pytest.raises(UserError, match="no-such-distribution is not installed"):
        source("installed", spec, distribution="no-such-distribution")


WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
NEVER_RUN = b"raise SystemExit('package code must never run')"
WHOLE = {
    WHEEL: wheel({"demo/data.json": b'[{"t": "one"}, {"t": "two"}]', "demo/__init__.py": NEVER_RUN}),
    SDIST: sdist({"demo-1.0/setup.py": NEVER_RUN, "demo-1.0/doc/a.txt": b"words"}),
}


@pytest.fixture
def package(loopback, monkeypatch):
    """package(file name, *files) -> a source whose package the loopback index serves."""

    def serve(name: str, *specs: dict[str, Any], data: bytes | None = None, **fields: Any) -> dict[str, Any]:
        data = WHOLE[name] if data is None else data
        pinned = pin(name, data)
        page = f'<a href="/files/{name}#sha256={pinned["sha256"]}">{name}</a>'.encode()
        loopback.files |= {"/simple/demo/": page, f"/files/{name}": data}
        monkeypatch.setattr(package_index, "index_urls", lambda: [loopback.url + "/simple"])
        return source(**{"kind": "pypi", **pinned, **fields, "files": specs or [files("demo/data.json", "json")]})

    return serve


def test_a_wheel_is_fetched_read_and_kept_in_the_cache(package, loopback, fetch, tmp_path: Path) -> None:
    config = package(WHEEL)
    artifact = fetch(config)
    assert [document["id"] for document in documents(artifact)] == ["demo/demo/data.json#0", "demo/demo/data.json#1"]
    assert (tmp_path / "home/cache/downloads" / config["sha256"] / WHEEL).is_file()
    loopback.files.clear()
    assert fetch(config, workers=2).digest == artifact.digest


@pytest.mark.parametrize(("name", "text"), [(WHEEL, '[{"t": "one"}, {"t": "two"}]'), (SDIST, "words")])
def test_a_broken_package_leaves_earlier_artifacts(package, fetch, tmp_path: Path, name: str, text: str) -> None:
    spec = files("**/{data.json,a.txt}", "txt")
    good = fetch(package(name, spec))
    assert texts(good) == [text]
    with pytest.raises(UserError, match=rf"^{name}: broken archive .* fetch it again$"):
        fetch(package(name, spec, data=WHOLE[name][:-20]))
    assert good.problems() == []
    assert not list((tmp_path / "home/sources/demo").glob("*/*.tmp"))


def test_a_pin_that_the_index_contradicts_is_refused_before_the_download(package, loopback, fetch) -> None:
    with pytest.raises(UserError, match=f"the index states sha256 [0-9a-f]{{64}}, the source pins {'0' * 64}"):
        fetch(package(WHEEL, sha256="0" * 64))
    assert not [path for path, _ in loopback.requests if path.startswith("/files")]


def test_a_file_that_is_not_what_was_pinned(package, loopback, fetch) -> None:
    config = package(WHEEL)
    loopback.files[f"/files/{WHEEL}"] = WHOLE[WHEEL] + b"more"
    with pytest.raises(UserError, match=f"checksum is [0-9a-f]{{64}}, expected {config['sha256']}"):
        fetch(config)
