"""An import only ever points down, and some calls stand nowhere."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from fc_pipeline.code_version.scopes import unfollowable

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path for package in ("fc_model", "fc_pipeline") for path in (ROOT / package).rglob("*.py"))
DAGSTER_FOLDERS = ("defs", "components", "orchestration")
DAGSTER_FILES = {"definitions.py", "cli/run.py"}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


@cache
def imported(path: Path, *, at_load: bool = False) -> list[str]:
    """Modules that a file imports; `at_load` leaves out functions, TYPE_CHECKING blocks and deferred imports."""
    names: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.extend(f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
        if at_load and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if at_load and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if at_load and isinstance(node, ast.With) and ast.unparse(node.items[0]) == "deferred_imports()":
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree_of(path))
    return names


def below(name: str) -> list[Path]:
    return [path for path in FILES if path.is_relative_to(ROOT / name)]


def test_files_and_imports():
    assert len(below("fc_model")) > 20 and len(below("fc_pipeline")) > 20
    main, builds = (ROOT / "fc_pipeline" / "cli" / name for name in ("main.py", "builds.py"))
    assert "argparse" in imported(main, at_load=True)
    assert "fc_pipeline.cli.builds.plan" not in imported(main, at_load=True)
    assert "fc_pipeline.cli.builds.plan" in imported(main)
    assert "fc_pipeline.cli.run.run_track" not in imported(builds, at_load=True)
    assert "fc_pipeline.cli.run.run_track" in imported(builds)


def offences(paths: list[Path], names: set[str], *, at_load: bool = False) -> dict[str, list[str]]:
    """What each file imports of these top-level packages; files without are left out."""
    imports = {
        str(path.relative_to(ROOT)): [name for name in imported(path, at_load=at_load) if name.split(".")[0] in names]
        for path in paths
    }
    return {path: names for path, names in imports.items() if names}


def test_model_imports_no_pipeline():
    assert offences(below("fc_model"), {"dagster", "fc_pipeline"}) == {}


MODEL_LAYERS = (
    *("errors", "seed", "device", "special_tokens", "strict_json", "json_schema", "tokenizer"),
    *("observer", "tracking", "capped_child", "child_process"),
    *("config", "optim", "model", "artifacts", "data", "vision", "checkpoints", "inference", "export", "tools", "chat"),
    *("train", "evals"),
)
"""Modules and packages of fc_model, bottom up: each imports only what stands before it."""
PIPELINE_LAYERS = (
    *("formatting", "paths", "yaml_loader", "code_version", "orchestration", "executors", "catalogue"),
    *("remote", "engine", "tracking", "store", "lineage", "report", "sources", "evalsets"),
    *(
        "feedback",
        "training",
        "corpus",
        "tokens",
        "images",
        "instructions",
        "tool_dialogues",
        "reasoning",
        "self_instruct",
        "exports",
        "evals",
    ),  # parts
    *("track", "experiments", "components", "defs", "definitions", "cli", "__main__"),
)
"""The same for fc_pipeline. `track` imports the parts by name (fc_pipeline/track/parts.py)."""


def arrows(package: str) -> dict[str, set[str]]:
    """What each first-level module or folder of a package imports of the others, imports inside functions included."""
    units: dict[str, set[str]] = {}
    for path in below(package):
        unit = path.relative_to(ROOT / package).with_suffix("").parts[0]
        parts = [name.split(".") for name in imported(path)]
        others = {names[1] for names in parts if names[0] == package and len(names) > 1}
        units.setdefault(unit, set()).update(others - {unit})
    return units


@pytest.mark.parametrize(("package", "layers"), [("fc_model", MODEL_LAYERS), ("fc_pipeline", PIPELINE_LAYERS)])
def test_no_import_points_upwards(package: str, layers: tuple[str, ...]) -> None:
    """So there is no cycle between packages either."""
    units = arrows(package)
    assert units.keys() - {"__init__"} == set(layers)
    order = {unit: place for place, unit in enumerate(layers)}
    upward = {(unit, other) for unit in order for other in units[unit] if order[other] >= order[unit]}
    assert upward == set()


def test_arrows_are_seen() -> None:
    assert "vision" in arrows("fc_model")["inference"] and "data" in arrows("fc_model")["vision"]
    assert "corpus" in arrows("fc_pipeline")["tokens"] and "engine" in arrows("fc_pipeline")["cli"]


def test_artifacts_imports():
    allowed = sys.stdlib_module_names | {"zstandard"}
    for path in below("fc_model/artifacts"):
        names = [name for name in imported(path) if name.split(".")[0] not in allowed]
        assert all(name.startswith(("fc_model.artifacts.", "fc_model.errors.")) for name in names), path


def test_dagster_folders():
    pipeline = ROOT / "fc_pipeline"
    outside = [
        path
        for path in below("fc_pipeline")
        if path.relative_to(pipeline).parts[0] not in DAGSTER_FOLDERS
        and str(path.relative_to(pipeline)) not in DAGSTER_FILES
    ]
    assert len(outside) > 20
    assert offences(outside, {"dagster"}) == {}


def test_pipeline_loads_without_torch():
    heavy = {"torch", "pytorch_lightning", "lightning", "transformers", "datatrove", "mlflow"}
    assert offences(below("fc_pipeline"), heavy, at_load=True) == {}


def test_imports_followable():
    """`code_version` follows names through imports; relative, dotted and * imports hide where a name comes from."""
    problems_by_path = {}
    for path in FILES:
        imports = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Import | ast.ImportFrom)]
        problems = [problem for node in imports if (problem := unfollowable(node, ("fc_model", "fc_pipeline")))]
        problems_by_path |= {str(path): problems} if problems else {}
    assert problems_by_path == {}


UNSAFE_MODULES = {"pickle", "dill", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "os.system", "os.popen", "builtins.eval", "pickle.load", "pickle.loads"}
UNSAFE_ARGUMENTS = {
    ("weights_only", False),
    ("allow_pickle", True),
    ("shell", True),
    ("trust_remote_code", True),
    ("errors", "ignore"),
}


def forbidden(tree: ast.AST) -> list[str]:
    """Calls that run what a file says, or that lose bytes in silence."""
    calls = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            calls += [f"{node.lineno}: import {name}" for name in modules & UNSAFE_MODULES]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            constants = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
            calls += [f"{node.lineno}: {called}"] * (called in UNSAFE_CALLS)
            calls += [f"{node.lineno}: {word}" for word in constants.items() if word in UNSAFE_ARGUMENTS]
            texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
            lossy = called.endswith((".decode", ".encode")) and "ignore" in texts
            unguarded = called == "torch.load" and "weights_only" not in constants
            loaders = [ast.unparse(word.value) for word in node.keywords if word.arg == "Loader"]
            unguarded |= called == "yaml.load" and loaders in ([], ["yaml.Loader"], ["yaml.UnsafeLoader"])
            calls += [f"{node.lineno}: {called}"] * (lossy or unguarded)
    return calls


LOOKS_BEFORE_IT_LOADS = "fc_pipeline/sources/readers/plain_pickle.py"


def test_nothing_unsafe():
    calls_by_path = {str(path.relative_to(ROOT)): forbidden(tree_of(path)) for path in FILES}
    assert [line.split(": ")[1] for line in calls_by_path.pop(LOOKS_BEFORE_IT_LOADS)] == ["import pickle"]
    assert {path: lines for path, lines in calls_by_path.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "exec(text)",
        "os.system(text)",
        "import pickle",
        "pickle.load(file)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(text, shell=True)",
        "load(name, trust_remote_code=True)",
        "open(path, errors='ignore')",
        "data.decode('utf-8', 'ignore')",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.UnsafeLoader)",
    ],
)
def test_forbidden(line):
    assert forbidden(ast.parse(line))


VAGUE = frozenset({"found", "there", "said", "given", "thing", "eyes", "mend", "give", "take", "say", "look"})
"""No name: the reader has to work out *what* was found, or *where* there is. Name what the variable holds."""
VAGUE_PARTS = VAGUE - {"given", "give", "take", "look"}  # `take_down`, `give_up` and `look_up` are words of their own


NAMED_NODES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
)


def is_vague(name: str) -> bool:
    words = name.strip("_").lower()
    return words in VAGUE or not VAGUE_PARTS.isdisjoint(words.split("_"))


def declared_names(tree: ast.AST) -> set[str]:
    """Every name that a file gives to something: variables, fields, parameters, functions, classes, aliases."""
    names: set[str | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, NAMED_NODES):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.asname)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            names.add(node.attr)
    return {name for name in names if name is not None}


def test_declared_names_are_all_that_a_file_names():
    tree = ast.parse(
        "import a as there\n"
        "class Look:\n    eyes: int = 0\n"
        "def give(said, *, thing=None):\n    found, self.mend = f(take=1).say\n    return [given for given in found]\n"
    )
    names = declared_names(tree)
    assert {name for name in names if is_vague(name)} == names - {"self"}
    assert names == {"there", "Look", "eyes", "give", "said", "thing", "found", "mend", "given"}
    assert not is_vague("take_down") and not is_vague("founder") and is_vague("_check_eyes")


STILL_VAGUE: set[str] = {
    "fc_pipeline/images/pack_config.py",
}
"""Files that still have such names. The list only shrinks: take a file out when it has none."""


def test_names_say_what_they_hold():
    vague = {str(path.relative_to(ROOT)): sorted(filter(is_vague, declared_names(tree_of(path)))) for path in FILES}
    vague = {path: names for path, names in vague.items() if names}
    assert {path: names for path, names in vague.items() if path not in STILL_VAGUE} == {}
    assert vague.keys() >= STILL_VAGUE, "these are clear now: take them out of STILL_VAGUE"
