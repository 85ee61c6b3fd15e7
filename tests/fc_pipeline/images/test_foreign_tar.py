"""Tars of strangers: read as webdataset reads them, and what is hostile is skipped by reason or refused by name."""

import gzip
import io
import tarfile
import time
from collections import Counter

import pytest
import webdataset as wds

from fc_model.errors import UserError
from fc_pipeline.images.foreign_tar import TarLimits, read_webdataset

LIMITS = TarLimits(max_members=1000, max_total_bytes=1 << 20, max_member_bytes=5000, max_sample_bytes=8000)
GOOD = {"0.jpg": b"jpeg", "0.json": b"{}", "1.jpg": b"other", "1.txt": b"caption"}
GOOD_SAMPLES = [("0", {"jpg": b"jpeg", "json": b"{}"}), ("1", {"jpg": b"other", "txt": b"caption"})]


def member(name: str, data: bytes = b"", **fields) -> bytes:
    info = tarfile.TarInfo(name)
    for field, value in {"size": len(data), **fields}.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.PAX_FORMAT) + data + b"\0" * (-len(data) % 512)


def tar(*members: bytes) -> io.BytesIO:
    good = b"".join(member(name, data) for name, data in GOOD.items())
    return io.BytesIO(good + b"".join(members) + b"\0" * 1024)


def read(file, limits: TarLimits = LIMITS):
    skipped: Counter[str] = Counter()
    return list(read_webdataset(file, limits, skipped=skipped)), skipped


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_samples_are_those_of_webdataset(tmp_path):
    path = tmp_path / "a.tar"
    names = ["a/b.c/page.1.v2.JPG", "a/b.c/page.1.v2.txt", "a/b.c/other.png", "x.seg.PNG", "x.cls", "y.txt", "x.png"]
    path.write_bytes(b"".join(member(name, name.encode()) for name in names) + b"\0" * 1024)
    stock = wds.WebDataset(str(path), shardshuffle=False)
    stripped = [
        (sample["__key__"], {name: data for name, data in sample.items() if not name.startswith("__")})
        for sample in stock
    ]
    assert read(path) == (stripped, Counter())
    assert [key for key, _ in stripped] == ["a/b.c/page", "a/b.c/other", "x", "y", "x"]


def test_zipped_and_empty_tars_are_read(tmp_path):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar().getvalue()))
    assert read(path) == (GOOD_SAMPLES, Counter())
    assert read(io.BytesIO(b"\0" * 10240)) == ([], Counter())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (member("../2.jpg", b"x"), "unsafe_name"),
        (member("/etc/2.jpg", b"x"), "unsafe_name"),
        (member("a/../../2.jpg", b"x"), "unsafe_name"),
        (member("c:\\2.jpg", b"x"), "unsafe_name"),
        (member("2.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "not_a_file"),
        (member("2.jpg", type=tarfile.LNKTYPE, linkname="0.jpg"), "not_a_file"),
        (member("2.jpg", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "not_a_file"),
        (member("2.jpg", type=tarfile.FIFOTYPE), "not_a_file"),
        (member("noextension", b"x"), "odd_name"),
        (member(".hidden", b"x"), "odd_name"),
        (member("2.", b"x"), "odd_name"),
        (member("2\n.jpg", b"x"), "odd_name"),
        (member("2\udcff.jpg", b"x"), "odd_name"),
        (member("2" * 2000 + ".jpg", b"x"), "odd_name"),
        (member("1.jpg", b"again"), "duplicate_member"),
        (member("2.jpg", b"x" * 5001), "member_too_large"),
        (b"".join(member(f"2.{n}.jpg", b"x" * 4900) for n in range(4)), "sample_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_bad_member_is_skipped_by_reason_and_the_rest_is_read(bad, reason):
    found, skipped = read(tar(bad, member("3.jpg", b"last")))
    assert found == [*GOOD_SAMPLES, ("3", {"jpg": b"last"})]
    assert skipped == {reason: 1}


def test_folders_are_no_fault():
    assert read(tar(member("folder", type=tarfile.DIRTYPE)))[1] == Counter()


def pax(records: bytes, kind: bytes) -> bytes:
    return member("pax", records, type=kind)


def comment(key: str, size: int) -> bytes:
    rest = f" {key}=".encode() + b"x" * size + b"\n"
    length = len(rest) + len(str(len(rest) + 8))
    return str(length).encode() + rest


def sparse_bomb() -> bytes:
    """An old GNU sparse file whose map goes on for ever: blocks of 21 pieces, each with a sign that more follow."""
    header = bytearray(member("2.jpg", type=tarfile.GNUTYPE_SPARSE)[:512])
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + (b"00000000001\0" * 42 + b"\1" + b"\0" * 7) * 1000


def endless_sparse_map() -> bytes:
    """A sparse file of PAX format 1.0 that announces a billion pieces."""
    records = b"".join(b"%d %s\n" % (len(text) + 4, text) for text in (b"GNU.sparse.major=1", b"GNU.sparse.minor=0"))
    return pax(records, tarfile.XHDTYPE) + member("2.jpg", b"1000000000\n" + b"1\n" * 400_000)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"".join(member(f"{n}.jpg") for n in range(1001)), r"more than max_members \(1,000\)"),
        (b"".join(member(f"{n}.jpg", b"x" * 4000) for n in range(300)), r"more than max_total_bytes \(1048576\)"),
        (member("2.jpg", size=1 << 40), r"'2\.jpg' has 1,099,511,627,776 bytes, more than max_total_bytes"),
        (member("2.jpg", size=1 << 19), "broken archive .*unexpected end"),
        (pax(b"x" * (1 << 21), tarfile.XHDTYPE), "a header of 2097152 bytes"),
        (pax(comment("size", 0).replace(b"=", b"=-1"), tarfile.XHDTYPE), "broken archive"),
        (pax(b"8 a=b\n\n", tarfile.XHDTYPE) * 1200, "broken archive"),
        (sparse_bomb(), "'2.jpg' is a sparse file"),
        (endless_sparse_map(), "is a sparse file"),
        (b"garbage" * 200, "broken archive"),
    ],
    ids=["members", "total", "stated", "cut", "pax", "negative", "chain", "sparse", "sparse_map", "garbage"],
)
def test_what_would_eat_the_machine_is_refused_by_name(bad, message):
    began = time.process_time()
    with pytest.raises(UserError, match=message):
        read(tar(bad))
    assert time.process_time() - began < 2


def test_global_headers_without_end_are_refused():
    bombs = [pax(comment(f"k{n}", 90_000), tarfile.XGLTYPE) + member(f"{n}.jpg") for n in range(15)]
    with pytest.raises(UserError, match="global headers have no end"):
        read(tar(*bombs), LIMITS._replace(max_total_bytes=1 << 24))


def test_a_zip_bomb_stops_at_the_cap(tmp_path):
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(tar().getvalue() + b"\0" * (50 << 20)))
    with pytest.raises(UserError, match=r"bomb\.tar\.gz: unpacks to more than max_total_bytes"):
        read(path)


@pytest.mark.parametrize("end", [512, 1024, 1024 + 100, 1536, 2048 + 200, 4096])
def test_a_cut_is_never_taken_for_the_end(end):
    """webdataset reads a tar that was cut between two members short and says nothing."""
    with pytest.raises(UserError, match="broken archive"):
        read(io.BytesIO(tar().getvalue()[:end]))


def test_a_cut_or_changed_zip_is_seen(tmp_path):
    path = tmp_path / "cut.tar.gz"
    whole = gzip.compress(tar().getvalue())
    for data in (whole[:-4], whole[:-6] + b"\0\0" + whole[-4:]):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"cut\.tar\.gz: broken archive"):
            read(path)
