import gzip
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from factories.packages import package, special, tar
from hypothesis import given
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_pipeline.catalogue.download import archive as archive_module
from fc_pipeline.catalogue.download.archive import members, read_members

CAPS = {"max_file_bytes": 1 << 20, "max_total_bytes": 1 << 21}
FILES = {"demo/a.txt": b"alpha" * 100, "demo/b.txt": bytes(range(256)) * 20, "demo/empty.txt": b""}


def put(path: Path, files: dict[str, bytes]) -> Path:
    """The kind of package that the file's name says."""
    path.write_bytes(package(path.name, files))
    return path


def listed(path: Path) -> list[tuple[str, int]]:
    return members(path, max_total_bytes=CAPS["max_total_bytes"]).files


def read_all(path: Path) -> dict[str, bytes]:
    return dict(read_members(path, lambda name: True, **CAPS))


@pytest.mark.parametrize("name", ["demo.whl", "demo.tar.gz"])
def test_members_come_in_order_with_their_bytes(name: str, tmp_path: Path) -> None:
    path = put(tmp_path / name, FILES)
    assert listed(path) == [(name, len(data)) for name, data in FILES.items()]
    assert read_all(path) == FILES
    assert dict(read_members(path, lambda name: name.endswith("a.txt"), **CAPS)) == {"demo/a.txt": FILES["demo/a.txt"]}


@pytest.mark.parametrize("name", ["demo.whl", "demo.tar.gz"])
def test_names_that_leave_the_folder_are_never_read(name: str, tmp_path: Path) -> None:
    path = put(tmp_path / name, {"../evil": b"1", "/etc/evil": b"2", "a/../../evil": b"3", "good": b"4"})
    assert read_all(path) == {"good": b"4"}
    assert listed(path) == [("good", 1)]
    assert members(path, max_total_bytes=1 << 21).unsafe == ["../evil", "/etc/evil", "a/../../evil"]


def test_links_and_devices_are_never_read(tmp_path: Path) -> None:
    path = tmp_path / "demo.tar.gz"
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE)
    path.write_bytes(tar(*(special(str(kind), kind) for kind in kinds), mode="w:gz"))
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
@given(place=st.integers(0, 10**9), change=st.integers(1, 255))
def test_cut_and_flipped_bytes_are_never_another_exception(
    name: str, place: int, change: int, tmp_path_factory
) -> None:
    path, whole = tmp_path_factory.mktemp("damaged") / name, package(name, FILES)
    place %= len(whole)
    path.write_bytes(whole[:place])
    try:
        assert read_all(path) == FILES, "a cut that loses a file must not pass silently"
    except UserError as error:
        assert "broken archive" in str(error)
    path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
    try:
        read_all(path)
    except UserError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"zeros": bytes(8 << 20)}, r"bomb.whl: zeros unpacks to more than max_file_bytes"),
        ({f"zeros{number}": bytes(1 << 20) for number in range(4)}, r"zeros2 unpacks to more than max_total_bytes"),
    ],
    ids=["one", "many"],
)
def test_a_zip_bomb_stops_at_the_cap(contents: dict[str, bytes], message: str, tmp_path: Path) -> None:
    path = put(tmp_path / "bomb.whl", contents)
    assert path.stat().st_size < 20_000
    with pytest.raises(UserError, match=message):
        read_all(path)


def packed_tar(path: Path, blocks: bytes) -> Path:
    path.write_bytes(gzip.compress(blocks + bytes(1024), mtime=0))
    return path


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_would_fill_the_memory_is_refused(kind: bytes, tmp_path: Path) -> None:
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, 1 << 32
    with pytest.raises(UserError, match=r"^bomb\.tar\.gz: broken archive \(ReadError: a header of 4294967296 bytes\)"):
        listed(packed_tar(tmp_path / "bomb.tar.gz", info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))


def test_a_header_that_cannot_be_read_is_not_the_end_of_the_archive(tmp_path: Path) -> None:
    """tarfile stops at such a header without a word, and the files behind it would be lost."""
    whole = bytearray(tar(("a.txt", b"a" * 600), ("b.txt", b"b")))
    whole[512 + 1024 + 150] ^= 1  # in the checksum of the second header
    with pytest.raises(UserError, match="broken archive"):
        listed(packed_tar(tmp_path / "demo.tar.gz", bytes(whole)))


def test_a_member_larger_than_the_whole_may_be_stops_while_it_is_listed(tmp_path: Path) -> None:
    path = put(tmp_path / "bomb.tar.gz", {"zeros": bytes(8 << 20)})
    with pytest.raises(UserError, match=r"bomb\.tar\.gz: 'zeros' has 8,388,608 bytes, more than max_total_bytes"):
        listed(path)


@pytest.mark.parametrize("name", ["many.whl", "many.tar.gz"])
def test_more_members_than_any_package_has(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_MEMBERS", 100)
    path = put(tmp_path / name, {f"{number}": b"" for number in range(101)})
    with pytest.raises(UserError, match="more than 100 files; this is no package"):
        listed(path)


def test_what_lies_behind_the_last_member_counts_too(tmp_path: Path) -> None:
    path = packed_tar(tmp_path / "tail.tar.gz", tar(*FILES.items()) + bytes(4 << 20))
    with pytest.raises(UserError, match=r"tail\.tar\.gz: unpacks to more than max_total_bytes \(2097152\)"):
        listed(path)


def header_bytes(name: str, size: int, layout: int = tarfile.PAX_FORMAT, **pax_headers: str) -> bytes:
    """The header of a member. PAX states more, and what no field holds, in an extended header before it."""
    info = tarfile.TarInfo(name)
    info.size, info.pax_headers = size, pax_headers
    return info.tobuf(layout)


def sparse_header() -> bytes:
    """Of an old GNU sparse file that says it has a megabyte; its map goes on behind it."""
    info = tarfile.TarInfo("sparse")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482:495] = b"\1%011o " % (1 << 20)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    "stated",
    [
        header_bytes("huge", 1 << 40, tarfile.GNU_FORMAT),
        header_bytes("huge", 1 << 40),
        header_bytes("huge", 0, **{"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 40)}),
    ],
    ids=["header", "extended", "sparse"],
)
def test_a_stated_terabyte_is_refused_without_counting_to_it(stated: bytes, tmp_path: Path) -> None:
    path = packed_tar(tmp_path / "bomb.tar.gz", stated)
    for read in (listed, read_all):
        began = time.process_time()
        with pytest.raises(UserError, match=r"bomb\.tar\.gz: 'huge' has 1,099,511,627,776 bytes, more than max_total"):
            read(path)
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "bomb",
    [
        sparse_header() + (b"00000000001\0" * 42 + b"\1" + bytes(7)) * 3000,
        header_bytes("sparse", 1 << 20, **{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})
        + b"1000000000\n"
        + b"1\n" * 500_000,
    ],
    ids=["gnu", "pax"],
)
def test_maps_of_sparse_files_are_not_read(bomb: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"broken archive \(ReadError: 'sparse' is a sparse file\)"):
        listed(packed_tar(tmp_path / "sparse.tar.gz", bomb))


@pytest.mark.parametrize("between", [header_bytes("empty", 0), b""], ids=["members", "nothing"])
@pytest.mark.parametrize("value", ["x" * 40_000, ""], ids=["values", "keys"])
def test_global_headers_do_not_pile_up(between: bytes, value: str, tmp_path: Path) -> None:
    key = "k" if value else "k" * 40_000
    headers = (tarfile.TarInfo.create_pax_global_header({f"{key}{number}": value}) for number in range(40))
    pile = b"".join(header + between for header in headers)
    with pytest.raises(UserError, match=r"broken archive .*global headers have no end"):
        listed(packed_tar(tmp_path / "pile.tar.gz", pile + header_bytes("last", 0)))


def test_a_global_header_as_git_archive_writes_it_is_no_fault(tmp_path: Path) -> None:
    header = tarfile.TarInfo.create_pax_global_header({"comment": "0123456789abcdef" * 2})
    assert read_all(packed_tar(tmp_path / "git.tar.gz", header + tar(*FILES.items()))) == FILES
