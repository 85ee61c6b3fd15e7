import hashlib
import os
from pathlib import Path

import pytest
import requests

from fc_model.errors import UserError
from fc_pipeline.sources.download import fetch, git_blob_of

DATA = os.urandom(3 << 20)
SHA256 = hashlib.sha256(DATA).hexdigest()


def get(loopback, target: Path, *, expected: str = SHA256, path: str = "/package.whl", **options) -> Path:
    return fetch(
        target,
        find_url=lambda: loopback.url + path,
        expected=expected,
        session=requests.Session,
        pause_seconds=0.01,
        **options,
    )


def test_a_file_is_fetched_once(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA
    target = tmp_path / "cache" / "package.whl"
    assert get(loopback, target).read_bytes() == DATA
    assert get(loopback, target).read_bytes() == DATA
    assert len(loopback.requests) == 1
    assert [path.name for path in target.parent.iterdir()] == ["package.whl"]


def test_a_broken_connection_resumes_where_it_broke(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA
    loopback.break_after["/package.whl"] = [1 << 20, 1 << 20]
    assert get(loopback, tmp_path / "package.whl").read_bytes() == DATA
    ranges = [asked for _, asked in loopback.requests]
    assert ranges[0] is None
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in ranges[1:]]
    assert len(starts) == 2 and 0 < starts[0] < starts[1] < len(DATA)


def test_the_next_process_resumes_what_this_one_left(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA
    loopback.break_after["/package.whl"] = [1 << 20, 0, 0, 0, 0]
    target = tmp_path / "package.whl"
    with pytest.raises(UserError, match=r"download broke 5 times, \d+ bytes are kept"):
        get(loopback, target)
    assert not target.exists()
    assert get(loopback, target).read_bytes() == DATA
    assert loopback.requests[-1][1] is not None


def test_a_server_without_ranges_starts_over(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA
    loopback.accepts_ranges = False
    loopback.break_after["/package.whl"] = [1 << 20]
    assert get(loopback, tmp_path / "package.whl").read_bytes() == DATA


def test_leftovers_of_another_file_are_not_trusted(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA
    target = tmp_path / "package.whl"
    target.with_name("package.whl.part").write_bytes(b"x" * (len(DATA) + 5))
    with pytest.raises(UserError, match="checksum"):
        get(loopback, target)
    assert get(loopback, target).read_bytes() == DATA


def test_a_wrong_checksum_names_file_and_both_sums_and_keeps_nothing(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA[:-1]
    found = hashlib.sha256(DATA[:-1]).hexdigest()
    with pytest.raises(UserError, match=f"package.whl: checksum is {found}, expected {SHA256}") as error:
        get(loopback, tmp_path / "package.whl")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(loopback, tmp_path: Path) -> None:
    loopback.files["/package.whl"] = DATA
    target = tmp_path / "package.whl"
    target.write_bytes(DATA[:-1] + b"?")
    assert get(loopback, target).read_bytes() == DATA


def test_a_refusal_is_one_line(loopback, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"package\.whl: the server answered 404"):
        get(loopback, tmp_path / "package.whl")


def test_git_blob_id_is_gits(tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert git_blob_of(tmp_path / "hello") == "ce013625030ba8dba906f756967f9e9ca394464a"
