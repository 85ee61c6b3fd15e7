import gzip
import hashlib
import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
from factories.loopback_server import Cut, Status

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.download_file import download_file, git_blob_of

DATA = os.urandom(3 << 20)
PACKED = gzip.compress(DATA, compresslevel=1)
SHA256 = hashlib.sha256(DATA).hexdigest()
PATH = "/package.whl"
MIB = 1 << 20


def get(loopback, target: Path) -> Path:
    return download_file(target, find_url=lambda: loopback.url + PATH, expected=SHA256)


@pytest.fixture
def served(loopback):
    loopback.files[PATH] = DATA
    return loopback


def test_a_file_is_fetched_once(served, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "package.whl"
    assert get(served, target).read_bytes() == DATA
    assert get(served, target).read_bytes() == DATA
    assert len(served.requests) == 1
    assert [path.name for path in target.parent.iterdir()] == ["package.whl"]


def test_a_line_that_cuts_often_resumes_where_it_broke_and_gets_there(served, waits, tmp_path: Path) -> None:
    served.faults[PATH] = [Cut(256 << 10)] * 11
    assert get(served, tmp_path / "package.whl").read_bytes() == DATA
    starts = served.starts(PATH)
    assert len(starts) == 12 and starts[0] == 0 and all(one < other for one, other in pairwise(starts))
    assert waits == [1.0] * 11, "each cut came after progress, so the wait does not grow"


def test_the_next_process_resumes_what_this_one_left(served, waits, tmp_path: Path) -> None:
    served.faults[PATH] = [Cut(MIB), *[Cut(0)] * 4]
    target = tmp_path / "package.whl"
    with pytest.raises(UserError, match=r"package\.whl: the connection broke 5 times, \d+ bytes are kept"):
        get(served, target)
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert not target.exists()
    assert get(served, target).read_bytes() == DATA
    assert served.starts(PATH)[-1] > 0


def test_429_waits_as_long_as_it_is_told(served, waits, tmp_path: Path) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    served.faults[PATH] = [Status(429, {"Retry-After": "7"}), Status(503), Status(503, {"Retry-After": later})]
    assert get(served, tmp_path / "package.whl").read_bytes() == DATA
    assert waits[0] == 7.0 and waits[1] == 2.0 and 25 < waits[2] <= 30


def test_a_server_without_ranges_starts_over(served, tmp_path: Path) -> None:
    served.accepts_ranges = False
    served.faults[PATH] = [Cut(MIB)]
    assert get(served, tmp_path / "package.whl").read_bytes() == DATA


def test_leftovers_of_another_file_cost_one_more_download(served, tmp_path: Path) -> None:
    target = tmp_path / "package.whl"
    for leftover in (b"x" * (len(DATA) + 5), b"x" * 1000):
        target.unlink(missing_ok=True)
        target.with_name("package.whl.part").write_bytes(leftover)
        assert get(served, target).read_bytes() == DATA


def test_content_that_changed_under_the_pin_is_refused(served, tmp_path: Path) -> None:
    served.files[PATH] = DATA[:-1]
    actual = hashlib.sha256(DATA[:-1]).hexdigest()
    with pytest.raises(UserError, match=f"package.whl: checksum is {actual}, expected {SHA256}: the content") as error:
        get(served, tmp_path / "package.whl")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pinned", [PACKED, DATA], ids=["as sent", "as decoded"])
@pytest.mark.parametrize("faults", [[], [Cut(MIB)]], ids=["at once", "resumed"])
def test_bytes_that_a_server_calls_encoded(loopback, waits, tmp_path: Path, pinned: bytes, faults: list[Cut]) -> None:
    loopback.files[PATH] = (PACKED, {"Content-Encoding": "gzip"})
    loopback.faults[PATH] = list(faults)
    sha256 = hashlib.sha256(pinned).hexdigest()
    target = download_file(tmp_path / "a.gz", find_url=lambda: loopback.url + PATH, expected=sha256)
    assert target.read_bytes() == pinned
    assert [path.name for path in tmp_path.iterdir()] == ["a.gz"]
    assert len(loopback.starts(PATH)) == 1 + len(faults)


def test_bytes_that_are_called_encoded_and_are_not(served, tmp_path: Path) -> None:
    served.files[PATH] = (DATA[:-1], {"Content-Encoding": "gzip"})
    with pytest.raises(UserError, match="the content changed under the pin"):
        get(served, tmp_path / "package.whl")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(served, tmp_path: Path) -> None:
    target = tmp_path / "package.whl"
    target.write_bytes(DATA[:-1] + b"?")
    assert get(served, target).read_bytes() == DATA


@pytest.mark.parametrize(
    ("status", "message", "waited"),
    [
        (Status(503), "the server answered 503 5 times; try again later", [1.0, 2.0, 4.0, 8.0]),
        (Status(429, {"Retry-After": "86400"}), "the server asks to wait 86400 seconds; run again then", []),
        (Status(404), "the server answered 404.*correct the address", []),
        (Status(401), "the server answered 401.*set the token", []),
        (Status(400), "the server answered 400.*correct the address, or try", []),
    ],
)
def test_a_refusal_is_one_line_and_tried_again_where_it_may_pass(
    served, waits, tmp_path: Path, status: Status, message: str, waited: list[float]
) -> None:
    served.faults[PATH] = [status] * 9
    with pytest.raises(UserError, match=rf"package\.whl: {message}"):
        get(served, tmp_path / "package.whl")
    assert waits == waited and len(served.requests) == len(waited) + 1


def test_git_blob_id_is_gits(tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert git_blob_of(tmp_path / "hello") == "ce013625030ba8dba906f756967f9e9ca394464a"
