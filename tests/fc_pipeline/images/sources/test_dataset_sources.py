"""A public set in a folder of one's own is a source like any other; without the folder the graph still stands."""

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from factories.dataset_files import encoded, img2dataset, put
from factories.image_artifacts import records
from factories.packages import tar
from factories.sources import refused

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.images.datasets.catalogue import DATASETS
from fc_pipeline.images.datasets.listing import listing
from fc_pipeline.images.datasets.registry import READERS
from fc_pipeline.images.sources.catalogue import CATALOGUE, resolve_image_source
from fc_pipeline.images.sources.fetch import check_folder
from fc_pipeline.images.sources.schema import DatasetReader

Fetch = Callable[..., Artifact]


def write_tar(path: Path, numbers: range, *, broken: Collection[int] = ()) -> None:
    members = [
        img2dataset(number, f"picture {number}", b"no image" if number in broken else encoded(48 + number, 32))
        for number in numbers
    ]
    put(path.parent, path.name, tar(*chain.from_iterable(members)))


def entry(folder: Path, **reader: Any) -> dict[str, Any]:
    return {"from": "cc3m", "name": "web", "reader": {"folder": str(folder), **reader}}


def of_set(fields: dict[str, Any]) -> DatasetReader:
    reader = resolve_image_source(fields).reader
    assert isinstance(reader, DatasetReader)
    return reader


def test_every_set_that_has_a_loader_ships_as_a_source_with_its_licence(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert DATASETS.keys() == READERS.keys() <= set(CATALOGUE.names())
    for name, known in DATASETS.items():
        source = resolve_image_source(name)
        assert isinstance(source.reader, DatasetReader) and source.reader.dataset == name
        assert source.licence == known.licence and source.reader.folder == f"data/datasets/{name}"
        assert source.reader.content is None, "without its folder it has no listing"


def test_a_set_becomes_shards_with_its_own_holdout(tmp_path: Path, fetch: Fetch) -> None:
    write_tar(tmp_path / "set" / "train" / "00000.tar", range(5), broken={3})
    write_tar(tmp_path / "set" / "validation" / "00000.tar", range(10, 12))
    artifact = fetch(entry(tmp_path / "set"))
    train = {name: record.caption for name, record in records(artifact).items()}
    assert train == {f"web/train/00000/{number:09d}": f"picture {number}" for number in (0, 1, 2, 4)}
    holdout = [(record.caption, record.source) for record in records(artifact, "holdout").values()]
    assert holdout == [("picture 10", "web"), ("picture 11", "web")]
    assert refused(artifact) == {"train/00000/000000003": "unknown_format"}
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.quarantined) == (7, 6, 1)
    assert [artifact.metrics[name] for name in ("records", "captions", "holdout_records")] == [6, 6, 2]
    licence = "LicenseRef-Conceptual-Captions"
    assert artifact.manifest.licences == [{"licence": licence, "source": "web", "documents": 6}]


def test_a_share_is_part_of_a_larger_share(tmp_path: Path, fetch: Fetch) -> None:
    write_tar(tmp_path / "set" / "00000.tar", range(60))
    quarter, half, whole = (set(records(fetch(entry(tmp_path / "set", share=share)))) for share in (0.25, 0.5, 1.0))
    assert quarter < half < whole
    assert 8 <= len(quarter) <= 24 and 20 <= len(half) <= 40 and len(whole) == 60


def test_a_missing_set_is_told_where_to_get(tmp_path: Path, fetch: Fetch) -> None:
    message = rf"images web: the data set cc3m is not in {tmp_path}/none; get it from https://ai\.google\.com/"
    with pytest.raises(UserError, match=rf"{message}.* and put there: \{{Train,Validation\}}_GCC-"):
        fetch(entry(tmp_path / "none"))


def test_names_and_sizes_are_pinned_and_times_are_not(tmp_path: Path) -> None:
    path = tmp_path / "set" / "00000.tar"
    write_tar(path, range(2))
    first = of_set(entry(tmp_path / "set"))
    os.utime(path, (0, 0))
    (tmp_path / "set" / ".DS_Store").write_bytes(b"x")
    assert of_set(entry(tmp_path / "set")) == first
    assert first.content is not None and (first.content.files, first.content.bytes) == (1, path.stat().st_size)
    path.rename(path.with_name("00001.tar"))
    assert of_set(entry(tmp_path / "set")) != first


def test_what_came_or_changed_after_the_plan_is_not_read(tmp_path: Path) -> None:
    planned = resolve_image_source(entry(tmp_path / "set")).model_dump(mode="json")
    write_tar(tmp_path / "set" / "00000.tar", range(2))
    reader = DatasetReader.model_validate(planned["reader"])
    with pytest.raises(UserError, match=r"images web: .* changed after the run was planned; run again"):
        check_folder(reader, "web")
    pinned = of_set(entry(tmp_path / "set"))
    check_folder(pinned, "web")
    write_tar(tmp_path / "set" / "00001.tar", range(2))
    with pytest.raises(UserError, match="changed after the run was planned"):
        check_folder(pinned, "web")


def test_a_stated_digest_spares_the_look_at_the_folder(tmp_path: Path, fetch: Fetch) -> None:
    folder = tmp_path / "set"
    write_tar(folder / "00000.tar", range(2))
    command = [sys.executable, "-m", "fc_pipeline.images.datasets.listing", str(folder)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    digest = printed.split()[1]
    assert printed == f"manifest_sha256: {digest}  # 1 files, {(folder / '00000.tar').stat().st_size:,} bytes\n"
    stated = entry(folder, manifest_sha256=digest)
    assert of_set(stated).content is None
    assert len(records(fetch(stated))) == 2
    before = of_set(stated)
    write_tar(folder / "00001.tar", range(2))
    assert of_set(stated) == before
    with pytest.raises(UserError, match=r"images web: .* holds 2 files of .* with the digest [0-9a-f]{64}, which is"):
        fetch(entry(folder, manifest_sha256=digest, share=0.9))


def test_shared_folders_may_be_links_and_circles_end(tmp_path: Path) -> None:
    put(tmp_path, "rico/0.jpg", b"12345")
    put(tmp_path, "set/a.csv", b"1")
    (tmp_path / "set" / "combined").symlink_to(tmp_path / "rico")
    (tmp_path / "rico" / "up").symlink_to(tmp_path / "set")
    listed = listing(tmp_path / "set")
    assert (listed.files, listed.bytes) == (2, 6)
