import pytest

from fc_pipeline.catalogue.download.globs import is_plain, matches


@pytest.mark.parametrize(
    ("path", "glob", "expected"),
    [
        ("a/b.py", "a/*.py", True),
        ("a/x/b.py", "a/*.py", False),
        ("a/x/y/b.py", "a/**/*.py", True),
        ("a/b.py", "a/**/*.py", True),
        ("a/b.pyc", "a/*.py", False),
        ("doc/user/x.rst", "doc/{user,dev}/*.rst", True),
        ("doc/api/x.rst", "doc/{user,dev}/*.rst", False),
        ("eco+C.json", "eco+?.json", True),
        ("aXb", "a.b", False),
        ("deep/down/below", "**", True),
    ],
)
def test_glob(path: str, glob: str, expected: bool) -> None:
    assert matches(path, glob) is expected


def test_excluded_paths_do_not_match() -> None:
    assert matches("a/tests/x.py", "**/*.py")
    assert not matches("a/tests/x.py", "**/*.py", ["**/tests/**"])


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "C:\\x", "C:/x", "a\\b", "..", "a/..", "x\0y", "", "//host/x", "../"]
)
def test_a_path_that_leaves_its_folder_is_not_plain(path: str) -> None:
    assert not is_plain(path)
    assert is_plain("a/b..c/d:e.txt")


@pytest.mark.parametrize("glob", ["**", "*", "*.txt", "new?line.txt", "**/*.txt"])
@pytest.mark.parametrize("end", ["\n", "\r", "\u2028"])
def test_a_name_may_hold_a_line_end(glob: str, end: str) -> None:
    assert matches(f"new{end}line.txt", glob)
