import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_pipeline.sources.archive import members, read_members

CAPS = {"max_file_bytes": 1 << 20, "max_total_bytes": 1 << 21}
FILES = {"demo/a.txt": b"alpha" * 100, "demo/b.txt": bytes(range(256)) * 20, "demo/empty.txt": b""}


def wheel(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def sdist(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def listed(path: Path) -> list[tuple[str, int]]:
    return members(path, max_total_bytes=CAPS["max_total_bytes"]).files


def read_all(path: Path) -> dict[str, bytes]:
    return dict(read_members(path, lambda name: True, **CAPS))


@pytest.mark.parametrize(("make", "name"), [(wheel, "demo.whl"), (sdist, "demo.tar.gz")])
def test_members_come_in_order_with_their_bytes(make, name: str, tmp_path: Path) -> None:
    path = make(tmp_path / name, FILES)
    assert listed(path) == [(name, len(data)) for name, data in FILES.items()]
    assert read_all(path) == FILES
    assert dict(read_members(path, lambda name: name.endswith("a.txt"), **CAPS)) == {"demo/a.txt": FILES["demo/a.txt"]}


@pytest.mark.parametrize(("make", "name"), [(wheel, "demo.whl"), (sdist, "demo.tar.gz")])
def test_names_that_leave_the_folder_are_never_read(make, name: str, tmp_path: Path) -> None:
    path = make(tmp_path / name, {"../evil": b"1", "/etc/evil": b"2", "a/../../evil": b"3", "good": b"4"})
    assert read_all(path) == {"good": b"4"}
    assert listed(path) == [("good", 1)]
    assert members(path, max_total_bytes=1 << 21).unsafe == ["../evil", "/etc/evil", "a/../../evil"]


def test_links_and_devices_are_never_read(tmp_path: Path) -> None:
    path = tmp_path / "demo.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("device", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert read_all(path) == {}
    zipped = tmp_path / "demo.whl"
    with zipfile.ZipFile(zipped, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert read_all(zipped) == {}


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    for name in ("broken.whl", "broken.tar.gz"):
        (tmp_path / name).write_bytes(b"this is no archive" * 50)
        with pytest.raises(UserError, match=f"^{name}: broken archive") as error:
            listed(tmp_path / name)
        assert "fetch it again" in str(error.value)


@pytest.mark.parametrize("name", ["demo.whl", "demo.tar.gz"])
def test_a_truncated_archive_is_an_error_wherever_it_is_cut(name: str, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = (wheel if name.endswith("whl") else sdist)(folder / name, FILES).read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(st.integers(min_value=0, max_value=len(whole) - 1))
    def cut(length: int) -> None:
        path = folder / f"cut-{name}"
        path.write_bytes(whole[:length])
        try:
            found = read_all(path)
        except UserError as error:
            assert "broken archive" in str(error)
        else:
            assert found == FILES, "a cut that loses a file must not pass silently"

    cut()


@pytest.mark.parametrize("name", ["demo.whl", "demo.tar.gz"])
def test_flipped_bytes_never_escape_as_another_exception(name: str, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("flip")
    whole = (wheel if name.endswith("whl") else sdist)(folder / name, FILES).read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(st.integers(min_value=0, max_value=len(whole) - 1), st.integers(min_value=1, max_value=255))
    def flip(position: int, change: int) -> None:
        data = bytearray(whole)
        data[position] ^= change
        path = folder / f"flip-{name}"
        path.write_bytes(data)
        try:
            read_all(path)
        except UserError as error:
            assert "\n" not in str(error)

    flip()


def test_a_zip_bomb_stops_at_the_cap(tmp_path: Path) -> None:
    path = wheel(tmp_path / "bomb.whl", {"zeros": bytes(8 << 20)})
    assert path.stat().st_size < 20_000
    with pytest.raises(UserError, match=r"bomb.whl: zeros unpacks to more than max_file_bytes"):
        read_all(path)


def test_many_files_stop_at_the_total_cap(tmp_path: Path) -> None:
    path = wheel(tmp_path / "bomb.whl", {f"zeros{number}": bytes(1 << 20) for number in range(4)})
    with pytest.raises(UserError, match="max_total_bytes"):
        read_all(path)
