"""What changes the version of code, and what does not: measured on a project on disk."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fc_model.errors import UserError
from fc_pipeline.code_version import project as module
from fc_pipeline.code_version.project import Project
from fc_pipeline.experiments.graph import project_graph

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
ROOT = Path(module.__file__).parents[2]
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

    @property
    def versions(self) -> dict[str, str]:
        return {step: self.version(step) for step in STEPS}

    def write(self, **files: str) -> str:
        """Write modules; returns the version of `mini.top:step`."""
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)
        return self.version("step")

    def parts(self, function: str) -> set[str]:
        return {name.removeprefix("mini.") for name in self.project.version(f"mini.top:{function}")["parts"]}

    def changed_by(self, name: str, old: str, new: str) -> set[str]:
        """The steps whose version an edit changes."""
        before = self.versions
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
        ("import mini.words\n\n\ndef step():\n    mini.words\n", r"1: 'import mini\.words': write 'from mini import w"),
        ("from .words import tidy\n\n\ndef step():\n    tidy('')\n", "relative imports cannot be followed"),
        ("def step():\n    from mini.words import *\n", r"\* cannot be followed"),
        ("from mini import words\n\n\ndef step():\n    words.gone('')\n", r"mini\.words\.gone cannot be followed"),
        ("from mini.gone import x\n\n\ndef step():\n    x\n", r"mini\.gone cannot be followed: there is no such mod"),
        ("def step(:\n", "top.py:1: .*correct it before planning"),
        ("def other():\n    pass\n", r"mini\.top\.step cannot be followed"),
    ],
)
def test_what_cannot_be_followed_is_refused(mini, source, reason):
    with pytest.raises(UserError, match=reason):
        mini.write(top=source)


def test_module_as_a_value_reaches_everything_in_it(mini):
    mini.write(top="from mini import late\n\n\ndef step():\n    return vars(late)\n")
    assert mini.parts("step") == {"top:step", "late:late_helper", "late:other"}


def test_packages_and_lazy_modules(mini):
    (mini.folder / "deep").mkdir()
    (mini.folder / "deep" / "__init__.py").write_text("def __getattr__(name):\n    return 1\n")
    (mini.folder / "deep" / "inner.py").write_text("def f():\n    return 1\n")
    used = "deep.inner.f, deep.lazy, mini.late.other, mini.__name__"
    mini.write(top=f"import mini\nfrom mini import deep\n\n\ndef step():\n    return {used}\n")
    assert mini.parts("step") == {"top:step", "deep.inner:f", "deep:__getattr__", "late:other"}


def test_name_imported_from_two_places(mini):
    imports = "try:\n    from mini.late import other as f\nexcept ImportError:\n    from mini.words import odd as f\n"
    mini.write(top=f"{imports}\n\ndef step():\n    return f\n")
    assert mini.parts("step") == {"top:step", "late:other", "words:odd", "words:even"}


def test_remembered_versions_are_of_this_very_source(mini, tmp_path):
    memory = tmp_path / "cache" / "memory.json"

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
    assert [path.name for path in memory.parent.iterdir()] == ["memory.json"]


def test_an_edit_that_keeps_size_and_time_is_seen(mini):
    before, path = mini.versions, mini.folder / "words.py"
    status = path.stat()
    path.write_text(path.read_text().replace('SEPARATOR = " "', 'SEPARATOR = "_"'))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size and mini.version("step") != before["step"]


def test_one_look_at_the_source_serves_several_functions(mini):
    before = mini.versions
    (mini.folder / "words.py").write_text(FILES["words.py"].replace('SEPARATOR = " "', 'SEPARATOR = "__"').lstrip())
    assert mini.project.version("mini.top:step", unedited=True)["version"] == before["step"]
    (mini.folder / "top.py").write_text("def step():\n    return 1\n\n\ndef newcomer():\n    return 2\n")
    assert mini.project.version("mini.top:newcomer", unedited=True)["version"] not in before.values(), "not known yet"
    assert mini.version("step") != before["step"]


def test_imports_in_a_circle_are_no_trouble(mini):
    mini.write(late="from mini.top import step\n\n\ndef late_helper():\n    return step\n")
    assert {"late:late_helper", "top:step"} <= mini.parts("step")
    facade = "from mini.words import tidy\nfrom mini.late import late_helper\n"
    with pytest.raises(UserError, match="cannot be followed"):
        mini.write(late="from mini.facade import late_helper\n", facade=facade)


def copy_of_this_project(folder: Path) -> None:
    for package in ("fc_model", "fc_pipeline"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))


def move(root: Path, old: str, new: str) -> None:
    """Move a module below `root`, with every import and import path of it."""
    (parent, _, leaf), (new_parent, _, new_leaf) = old.rpartition("."), new.rpartition(".")
    for path in root.rglob("*.py"):
        text = path.read_text("utf-8")
        if leaf not in text:
            continue
        imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
        lines = text.split("\n")
        for node in sorted(imports, key=lambda node: -node.lineno):
            moved = [alias for alias in node.names if alias.name == leaf and node.module == parent]
            node.names = [alias for alias in node.names if alias not in moved]
            if moved:
                now = [f"from {new_parent} import {new_leaf} as {alias.asname or leaf}" for alias in moved]
                now += [ast.unparse(node)] if node.names else []
                lines[node.lineno - 1 : node.end_lineno] = [" " * node.col_offset + line for line in now]
        path.write_text(re.sub(rf"\b{re.escape(old)}\b", new, "\n".join(lines)), "utf-8")
    target = root.joinpath(*new.split(".")).with_suffix(".py")
    target.parent.mkdir(exist_ok=True)
    root.joinpath(*old.split(".")).with_suffix(".py").rename(target)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mini.words", "mini.deep.phrases"),  # mutual recursion, an alias of the module
        ("mini.late", "mini.deep.later"),  # imported inside a function, and named by an import path in a string
        ("mini.tables", "mini.lists"),  # used as `tables.TABLE`
        ("mini.base", "mini.shapes_base"),
        ("mini.facade", "mini.deep.facade"),
    ],
)
def test_a_moved_module_changes_nothing(mini, old, new):
    before = mini.versions
    move(mini.folder.parent, old, new)
    assert mini.versions == before
    assert not any(part.startswith(old.removeprefix("mini.") + ":") for step in STEPS for part in mini.parts(step))


def test_moved_modules_of_this_project_change_nothing(tmp_path):
    functions = {spec.function_path for spec in project_graph().values()}
    parts = {part for function in functions for part in module.code_version(function)["parts"]}
    before = {function: module.code_version(function)["version"] for function in functions}
    copy_of_this_project(tmp_path)
    moved = {
        next(part.split(":")[0] for part in sorted(parts) if part.endswith(f":{name}")): new
        for name, new in {"Decoder": "fc_model.anywhere.text_decoder", "split": "fc_pipeline.into_two"}.items()
    }
    for old, new in moved.items():
        move(tmp_path, old, new)
    copy = Project(tmp_path, packages=("fc_model", "fc_pipeline"))
    for function in sorted(functions):
        name, _, rest = function.partition(":")
        assert copy.version(f"{moved.get(name, name)}:{rest}")["version"] == before[function], function


STEP = "\n\ndef step():\n    return other() + 1\n"


@pytest.mark.parametrize(
    "top",
    [
        f"from mini.late import other as f\n{STEP}".replace("other()", "f()"),
        f"from mini import late\n{STEP}".replace("other()", "late.other()"),
        f"from mini import late as l, words\n{STEP}".replace("other()", "l.other()"),
        f"import mini\n{STEP}".replace("other()", "mini.late.other()"),
        f"import mini.late as m\n{STEP}".replace("other()", "m.other()"),
        f"import mini.base as b\n{STEP}".replace("other()", "b.exact()"),
        "def step():\n    from mini.late import other\n\n    return other() + 1\n",
        "def step():\n    from mini import late, words\n    import mini.base as b\n\n    return late.other() + 1\n",
        f"def other():\n    return 2\n{STEP}",
        f"from typing import TYPE_CHECKING\nfrom mini.late import other\n\n"
        f"if TYPE_CHECKING:\n    from mini.words import tidy\n{STEP}",
    ],
)
def test_how_a_name_is_imported_and_where_it_stands_changes_nothing(mini, top):
    (mini.folder / "base.py").write_text("from mini.late import other as exact\n")
    assert mini.write(top=top) == mini.write(top=f"from mini.late import other\n{STEP}")


def test_the_alias_of_a_library_changes_nothing_but_another_library_does(mini):
    text = "import numpy as np\n\n\ndef step():\n    return np.array([1])\n"
    before = mini.write(top=text)
    assert mini.write(top=text.replace("np", "n")) == before
    assert mini.write(top="from numpy import array\n\n\ndef step():\n    return array([1])\n") == before
    assert mini.write(top=text.replace("numpy", "torch")) != before
    assert mini.write(top=text.replace("import numpy as np", "np = 1")) != before


CALLERS = """
from mini import a, b


def g():
    return a.f()


def h():
    return b.f()


def step():
    return g() - h()
"""


def test_two_definitions_of_one_name_are_told_apart(mini):
    files = {"a": "def f():\n    return 1\n", "b": "def f():\n    return 2\n"}
    before = mini.write(top=CALLERS, **files)
    assert mini.write(a=files["b"], b=files["a"]) != before  # each caller calls the other one
    assert mini.write(top=CALLERS.replace("import a, b", "import b as a, a as b")) == before
    assert mini.write(top=CALLERS.replace("import a, b", "import a, a as b")) != before


def test_two_equal_tables_are_not_one(mini):
    """One that two functions change in place is not two, each of which one function changes."""
    before = mini.write(top=CALLERS.replace("f()", "f"), a="f = {}\n", b="f = {}\n")
    assert mini.write(top=CALLERS.replace("f()", "f").replace("import a, b", "import a, a as b")) != before


CIRCLE = """
from mini import a, b


class Node:
    def next(self):
        return Node(), a.even


def step():
    return a.even(3), b.odd(3), Node
"""
EVEN = "from mini import b\n\n\ndef even(n):\n    return n == 0 or b.odd(n - 1)\n"
ODD = "from mini import a\n\n\ndef odd(n):\n    return n != 0 and a.even(n - 1)\n"


def test_definitions_that_refer_to_each_other(mini):
    before = mini.write(top=CIRCLE, a=EVEN, b=ODD)
    assert mini.write(a=EVEN.replace("n - 1", "n - 3")) != before
    assert mini.write(a=EVEN, b=ODD.replace("a.even", "odd")) != before
    assert mini.write(a=EVEN, b=ODD) == before
    for old, new in (("mini.a", "mini.z"), ("mini.b", "mini.deep.b"), ("mini.top", "mini.bottom")):
        move(mini.folder.parent, old, new)
    assert mini.project.version("mini.bottom:step")["version"] == before
    both = "def even(n):\n    return n == 0 or odd(n - 1)\n\n\ndef odd(n):\n    return n != 0 and even(n - 1)\n"
    assert mini.write(top=CIRCLE.replace("import a, b", "import a, a as b"), a=both) == before


def test_circles_of_equal_names_are_told_apart(mini):
    """Four of one name and text in a ring: what differs is a single one far away, and who calls whom."""

    def ring(order: str, odd_one: str) -> str:
        for here, after in zip(order, order[1:] + order[0], strict=True):
            text = f"from mini import {after}\n\n\ndef f():\n    return {after}.f()\n"
            (mini.folder / f"{here}.py").write_text(text.replace(".f()", ".f") if here == odd_one else text)
        return mini.write(top="from mini import a\n\n\ndef step():\n    return a.f()\n")

    assert ring("abcd", "c") == ring("adcb", "c")
    assert len({ring("abcd", odd_one) for odd_one in "abcd-"}) == 5


def test_a_long_chain(mini):
    text = "".join(f"def f{number}():\n    return f{number + 1}()\n" for number in range(2000))
    text += "def f2000():\n    pass\n"
    assert len(mini.version("step")) == 16
    before = mini.write(top=text + "def step():\n    return f0()\n")
    assert mini.write(top=text.replace("    pass", "    return 1") + "def step():\n    return f0()\n") != before


def test_a_moved_definition_is_the_same_part(mini):
    first = mini.project.version("mini.top:step")["parts"]
    move(mini.folder.parent, "mini.words", "mini.phrases")
    second = mini.project.version("mini.top:step")["parts"]
    assert first != second
    assert {part.replace("mini.words:", "mini.phrases:"): value for part, value in first.items()} == second
    (mini.folder / "phrases.py").write_text((mini.folder / "phrases.py").read_text().replace("n == 0", "n == 1"))
    third = mini.project.version("mini.top:step")["parts"]
    assert {part for part in third if third[part] != second[part]} == {"mini.phrases:even", "mini.phrases:odd"}


def test_the_place_of_an_import_matters_when_a_name_is_bound_twice(mini):
    text = (
        "def step(fast):\n    if fast:\n        from mini.late import other as f\n    else:\n"
        "        from mini.words import odd as f\n    return f\n"
    )
    swapped = text.replace("if fast", "if not fast")
    before = mini.write(top=text)
    assert mini.write(top=swapped) != before
    late, words = "from mini.late import other", "from mini.words import odd"
    assert mini.write(top=text.replace(late, "-").replace(words, late).replace("-", words)) != before
    move(mini.folder.parent, "mini.late", "mini.later")
    mini.write(top=text.replace("mini.late", "mini.later"))
    assert mini.version("step") == before


def test_an_import_into_a_global_name_counts(mini):
    text = "def step():\n    global f\n    from mini.late import other as f\n"
    assert mini.write(top=text) != mini.write(top=text.replace("other", "late_helper"))


def test_this_project():
    parts = module.code_version("fc_pipeline.training.stage:train_stage")["parts"]
    assert {
        "fc_pipeline.training.stage:train_stage",
        "fc_model.model.decoder:Decoder",
        "fc_model.config.stage:StageConfig",
    } <= parts.keys()
    assert not any(name.startswith("fc_model.artifacts.store") for name in parts)  # infrastructure, not meaning


def other_pythons() -> list[str]:
    """One interpreter of each further version of Python on this machine that works."""
    paths = [path for minor in (11, 12, 13) if (path := shutil.which(f"python3.{minor}"))]
    paths += map(str, Path.home().glob(".pyenv/versions/3.1[123].*/bin/python"))
    code = "import sys; print(sys.version_info.minor)"
    ours = ("", str(sys.version_info.minor))
    answers = [subprocess.run([path, "-c", code], capture_output=True, text=True).stdout.strip() for path in paths]
    return list({minor: path for path, minor in zip(paths, answers, strict=True) if minor not in ours}.values())


def test_the_same_on_every_version_of_python(mini):
    if not (pythons := other_pythons()):
        pytest.skip("no other Python on this machine")
    copy_of_this_project(mini.folder.parent)  # so that nobody edits it between the runs
    code = (
        f"import sys, json; sys.path.insert(0, {str(mini.folder.parent)!r})\n"
        "from fc_pipeline.code_version.project import Project, code_version\n"
        f"mini = Project(__import__('pathlib').Path({str(mini.folder.parent)!r}), packages=('mini',))\n"
        f"versions = [mini.version('mini.top:' + step) for step in {STEPS!r}]\n"
        "print(json.dumps([*versions, code_version('fc_pipeline.training.stage:train_stage')]))"
    )
    here = json.loads(subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, check=True).stdout)
    for python in pythons:
        result = subprocess.run([python, "-B", "-c", code], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout) == here, python
