"""What changes the version of code, and what does not: measured on a project on disk."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fc_model.errors import UserError
from fc_pipeline.code_version import project as module
from fc_pipeline.code_version.project import Project

FILES = {
    "__init__.py": "",
    "top.py": '''
        """The step."""
        from mini import tables, words as w
        from mini.facade import tidy as clean
        from mini.shapes import Shape
        import json

        LIMIT: int = 10


        def step(argument, helper=None):
            # a comment
            from mini.late import late_helper

            return [clean(text) for text in argument][:LIMIT], w.count(argument), late_helper(), json.dumps({})


        def by_table(name):
            return tables.TABLE[name](1)


        def with_shape():
            return Shape(2).area()


        def shadowed(tidy_up, LIMIT):
            def late_helper():
                return 1

            w = tidy_up
            return w.count(LIMIT), late_helper(), [unused for unused in tidy_up], (lambda by_table: by_table)(1)


        def unused():
            return 0
    ''',
    "facade.py": "from mini.words import tidy\n__all__ = ['tidy']\n",
    "words.py": '''
        SEPARATOR = " "


        def tidy(text):
            """Doc."""
            return SEPARATOR.join(text.split())


        def count(texts):
            return sum(map(len, texts)) + even(4)


        def even(n):
            return True if n == 0 else odd(n - 1)


        def odd(n):
            return False if n == 0 else even(n - 1)
    ''',
    "late.py": "def late_helper():\n    return 1\n\n\ndef other():\n    return 2\n",
    "tables.py": """
        def double(x):
            return x * 2


        def triple(x):
            return x * 3


        TABLE = {"double": double}
        TABLE["triple"] = triple
        TABLE.update(late="mini.late:other")
    """,
    "shapes.py": """
        from dataclasses import dataclass

        from mini.base import Base, register

        SIDES = 4


        @register
        @dataclass
        class Shape(Base):
            size: int
            sides: int = SIDES

            def area(self):
                return self.size * scale(self.sides)


        def scale(x):
            return x
    """,
    "base.py": """
        import sys

        try:
            from mini.late import other as fast
        except ImportError:
            fast = None

        if sys.platform == "win32":
            def register(cls):
                return cls
        else:
            def register(cls):
                return fast and cls


        class Base:
            pass
    """,
}
STEPS = ("step", "by_table", "with_shape", "shadowed")


class Mini:
    def __init__(self, root: Path) -> None:
        self.folder = root / "mini"
        self.folder.mkdir(parents=True)
        for name, text in FILES.items():
            (self.folder / name).write_text("\n".join(line.removeprefix("        ") for line in text.split("\n")))
        self.project = Project(root, packages=("mini",))

    def version(self, function: str) -> str:
        return self.project.version(f"mini.top:{function}")["version"]

    def parts(self, function: str) -> set[str]:
        return {name.removeprefix("mini.") for name in self.project.version(f"mini.top:{function}")["parts"]}

    def changed_by(self, name: str, old: str, new: str) -> set[str]:
        """The steps whose version an edit changes."""
        before = {step: self.version(step) for step in STEPS}
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return {step for step in STEPS if self.version(step) != before[step]}


@pytest.fixture
def mini(tmp_path) -> Mini:
    return Mini(tmp_path)


def test_what_is_reached(mini):
    assert mini.parts("step") == {
        *("top:step", "top:LIMIT", "words:tidy", "words:SEPARATOR"),
        *("words:count", "words:even", "words:odd", "late:late_helper"),
    }
    assert mini.parts("by_table") == {"top:by_table", "tables:TABLE", "tables:double", "tables:triple", "late:other"}
    assert mini.parts("with_shape") == {
        *("top:with_shape", "shapes:Shape", "shapes:SIDES", "shapes:scale"),
        *("base:Base", "base:register", "base:fast", "late:other"),
    }
    assert mini.parts("shadowed") == {"top:shadowed"}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("top.py", "# a comment", "# another comment\n    # and more"),
        ("top.py", '"""The step."""', '"""Said better."""'),
        ("words.py", '"""Doc."""', '"""Doc.\n\n    More.\n    """'),
        ("words.py", '    """Doc."""\n', ""),
        ("top.py", "[clean(text) for text in argument]", "[\n        clean(text)\n        for text in argument\n    ]"),
        ("words.py", 'SEPARATOR = " "', "SEPARATOR = ' '  # one space"),
        ("words.py", "def tidy(text):", "def tidy(text: str) -> str:"),
        ("words.py", "def even(n):", "def even(\n    n,\n):"),
        ("shapes.py", "class Shape(Base):", 'class Shape(Base):\n    """A shape."""\n'),
        ("late.py", "return 2\n", "return 2\n\n\ndef newcomer():\n    return 3\n"),
        ("top.py", "LIMIT: int = 10", "LIMIT: 'int' = 10"),
        ("base.py", "class Base:\n    pass", 'class Base:\n    """Nothing in it."""'),
    ],
)
def test_what_changes_nothing(mini, name, old, new):
    assert mini.changed_by(name, old, new) == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "changed"),
    [
        ("top.py", "LIMIT: int = 10", "LIMIT: int = 11", {"step"}),
        ("words.py", 'SEPARATOR = " "', 'SEPARATOR = "_"', {"step"}),
        ("words.py", "return False if n == 0", "return n < 0 if n == 0", {"step"}),
        ("late.py", "return 1", "return 7", {"step"}),
        ("late.py", "return 2", "return 7", {"by_table", "with_shape"}),
        ("tables.py", "x * 3", "x * 4", {"by_table"}),
        ("tables.py", 'TABLE["triple"] = triple', 'TABLE["treble"] = triple', {"by_table"}),
        ("tables.py", 'late="mini', 'later="mini', {"by_table"}),
        ("shapes.py", "SIDES = 4", "SIDES = 5", {"with_shape"}),
        ("shapes.py", "size: int", "size: float", {"with_shape"}),
        ("shapes.py", "    return x", "    return -x", {"with_shape"}),
        ("shapes.py", "@register\n", "", {"with_shape"}),
        ("base.py", '"win32"', '"darwin"', {"with_shape"}),
        ("base.py", "    pass", "    size = 1", {"with_shape"}),
        ("base.py", "fast = None", "fast = 0", {"with_shape"}),
        ("facade.py", "from mini.words import tidy", "from mini.late import other as tidy", {"step"}),
        ("top.py", "helper=None", "helper=unused", {"step"}),
        ("top.py", "return w.count(LIMIT)", "return w.count(w, LIMIT)", {"shadowed"}),
    ],
)
def test_what_changes_exactly_whom(mini, name, old, new, changed):
    assert mini.changed_by(name, old, new) == changed


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import mini.words\n\n\ndef step():\n    mini.words.tidy('')\n",
            r"1: 'import mini\.words': write 'from mini import words'",
        ),
        ("from .words import tidy\n\n\ndef step():\n    tidy('')\n", "relative imports cannot be followed"),
        ("def step():\n    from mini.words import *\n", r"\* cannot be followed"),
        ("from mini import words\n\n\ndef step():\n    words.gone('')\n", r"mini\.words\.gone cannot be followed"),
        (
            "from mini.gone import x\n\n\ndef step():\n    x\n",
            r"mini\.gone cannot be followed: there is no such module",
        ),
        ("def step(:\n", "top.py:1: .*mend it before planning"),
        ("def other():\n    pass\n", r"mini\.top\.step cannot be followed"),
    ],
)
def test_what_cannot_be_followed_is_refused(mini, source, reason):
    (mini.folder / "top.py").write_text(source)
    with pytest.raises(UserError, match=reason):
        mini.version("step")


def test_module_as_a_value_reaches_everything_in_it(mini):
    (mini.folder / "top.py").write_text("from mini import late\n\n\ndef step():\n    return vars(late)\n")
    assert mini.parts("step") == {"top:step", "late:late_helper", "late:other"}


def test_packages_and_lazy_modules(mini):
    (mini.folder / "deep").mkdir()
    (mini.folder / "deep" / "__init__.py").write_text("def __getattr__(name):\n    return 1\n")
    (mini.folder / "deep" / "inner.py").write_text("def f():\n    return 1\n")
    (mini.folder / "top.py").write_text(
        "import mini\nfrom mini import deep\n\n\n"
        "def step():\n    return deep.inner.f, deep.lazy, mini.late.other, mini.__name__\n"
    )
    assert mini.parts("step") == {"top:step", "deep.inner:f", "deep:__getattr__", "late:other"}


def test_name_imported_from_two_places(mini):
    (mini.folder / "top.py").write_text(
        "try:\n    from mini.late import other as f\nexcept ImportError:\n    from mini.words import odd as f\n\n\n"
        "def step():\n    return f\n"
    )
    assert mini.parts("step") == {"top:step", "late:other", "words:odd", "words:even"}


def test_remembered_versions_are_of_this_very_source(mini, tmp_path):
    memory = tmp_path / "memory.json"

    def fresh() -> Project:
        return Project(tmp_path, packages=("mini",), memory=memory)

    first = fresh().version("mini.top:step")
    text = memory.read_text()
    memory.write_text(text.replace(first["version"], "f" * 16))
    assert fresh().version("mini.top:step")["version"] == "f" * 16  # it is read
    reader = fresh()
    assert reader.version("mini.top:step")["version"] == "f" * 16
    (mini.folder / "words.py").write_text("def tidy(text):\n    return text\n\n\ndef count(texts):\n    return 0\n")
    edited = mini.version("step")
    assert reader.version("mini.top:step")["version"] == fresh().version("mini.top:step")["version"] == edited
    assert edited not in (first["version"], "f" * 16)
    memory.write_text("{")
    assert fresh().version("mini.top:step")["version"] == edited
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["memory.json"]


def test_imports_in_a_circle_are_no_trouble(mini):
    (mini.folder / "late.py").write_text("from mini.top import step\n\n\ndef late_helper():\n    return step\n")
    assert {"late:late_helper", "top:step"} <= mini.parts("step")
    (mini.folder / "late.py").write_text("from mini.facade import late_helper\n")
    (mini.folder / "facade.py").write_text("from mini.words import tidy\nfrom mini.late import late_helper\n")
    with pytest.raises(UserError, match="cannot be followed"):
        mini.version("step")


def test_this_project():
    parts = module.code_version("fc_pipeline.training.stage:train_stage")["parts"]
    assert {
        "fc_pipeline.training.stage:train_stage",
        "fc_model.model.decoder:Decoder",
        "fc_model.config.stage:StageConfig",
    } <= parts.keys()
    assert not any(name.startswith("fc_model.artifacts.store") for name in parts)  # infrastructure, not meaning


def other_pythons() -> list[str]:
    """Further versions of Python on this machine that work."""
    found = [python for minor in (11, 12, 13) if (python := shutil.which(f"python3.{minor}"))]
    found += map(str, Path.home().glob(".pyenv/versions/3.1[123].*/bin/python"))
    return [path for path in found if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0]


OTHER_PYTHONS = other_pythons()


@pytest.mark.skipif(not OTHER_PYTHONS, reason="no other Python on this machine")
def test_the_same_on_every_version_of_python(mini):
    root = Path(module.__file__).parents[2]
    for package in ("fc_model", "fc_pipeline"):  # a copy, so that nobody edits it between the runs
        shutil.copytree(root / package, mini.folder.parent / package, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        f"import sys, json; sys.path.insert(0, {str(mini.folder.parent)!r})\n"
        "from fc_pipeline.code_version.project import Project, code_version\n"
        f"mini = Project(__import__('pathlib').Path({str(mini.folder.parent)!r}), packages=('mini',))\n"
        f"found = [mini.version('mini.top:' + step) for step in {STEPS!r}]\n"
        "print(json.dumps([*found, code_version('fc_pipeline.training.stage:train_stage')]))"
    )
    here = json.loads(subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, check=True).stdout)
    for python in OTHER_PYTHONS:
        result = subprocess.run([python, "-B", "-c", code], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout) == here, python
