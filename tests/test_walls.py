"""An import only ever points down, and some calls stand nowhere."""

import ast
import sys
from pathlib import Path

import pytest

from fc_pipeline.code_version.scopes import unfollowable

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path for package in ("fc_model", "fc_pipeline") for path in (ROOT / package).rglob("*.py"))
DAGSTER_FOLDERS = ("defs", "components", "orchestration")
DAGSTER_FILES = {"definitions.py", "cli/run.py"}


def imported(path: Path, *, at_load: bool = False) -> list[str]:
    """Modules that a file imports; `at_load` leaves out functions, TYPE_CHECKING blocks and deferred imports."""
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.extend(f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
        if at_load and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if at_load and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if at_load and isinstance(node, ast.With) and ast.unparse(node.items[0]) == "deferred_imports()":
            return
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_bytes()))
    return found


def below(name: str) -> list[Path]:
    return [path for path in FILES if path.is_relative_to(ROOT / name)]


def test_there_is_something_to_look_at():
    assert len(below("fc_model")) > 20 and len(below("fc_pipeline")) > 20
    main, builds = (ROOT / "fc_pipeline" / "cli" / name for name in ("main.py", "builds.py"))
    assert "argparse" in imported(main, at_load=True)
    assert "fc_pipeline.cli.builds.plan" not in imported(main, at_load=True)
    assert "fc_pipeline.cli.builds.plan" in imported(main)
    assert "fc_pipeline.cli.run.run_track" not in imported(builds, at_load=True)
    assert "fc_pipeline.cli.run.run_track" in imported(builds)


def offences(paths: list[Path], names: set[str], *, at_load: bool = False) -> dict[str, list[str]]:
    """What each file imports of these top-level packages; files without are left out."""
    found = {
        str(path.relative_to(ROOT)): [name for name in imported(path, at_load=at_load) if name.split(".")[0] in names]
        for path in paths
    }
    return {path: names for path, names in found.items() if names}


def test_the_model_knows_no_pipeline():
    assert offences(below("fc_model"), {"dagster", "fc_pipeline"}) == {}


def test_artifacts_need_the_standard_library_and_zstandard():
    allowed = sys.stdlib_module_names | {"zstandard"}
    for path in below("fc_model/artifacts"):
        names = [name for name in imported(path) if name.split(".")[0] not in allowed]
        assert all(name.startswith(("fc_model.artifacts.", "fc_model.errors.")) for name in names), path


def test_dagster_stays_in_its_folders():
    pipeline = ROOT / "fc_pipeline"
    outside = [
        path
        for path in below("fc_pipeline")
        if path.relative_to(pipeline).parts[0] not in DAGSTER_FOLDERS
        and str(path.relative_to(pipeline)) not in DAGSTER_FILES
    ]
    assert len(outside) > 20
    assert offences(outside, {"dagster"}) == {}


def test_the_pipeline_loads_without_torch():
    heavy = {"torch", "pytorch_lightning", "lightning", "transformers", "datatrove", "mlflow"}
    assert offences(below("fc_pipeline"), heavy, at_load=True) == {}


def test_imports_can_be_followed():
    """`code_version` follows names through imports; relative, dotted and * imports hide where a name comes from."""
    found = {}
    for path in FILES:
        imports = [
            node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        problems = [problem for node in imports if (problem := unfollowable(node, ("fc_model", "fc_pipeline")))]
        found |= {str(path): problems} if problems else {}
    assert found == {}


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
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            found += [f"{node.lineno}: import {name}" for name in modules & UNSAFE_MODULES]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            constants = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
            found += [f"{node.lineno}: {called}"] * (called in UNSAFE_CALLS)
            found += [f"{node.lineno}: {word}" for word in constants.items() if word in UNSAFE_ARGUMENTS]
            texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
            lossy = called.endswith((".decode", ".encode")) and "ignore" in texts
            unguarded = called == "torch.load" and "weights_only" not in constants
            loaders = [ast.unparse(word.value) for word in node.keywords if word.arg == "Loader"]
            unguarded |= called == "yaml.load" and loaders in ([], ["yaml.Loader"], ["yaml.UnsafeLoader"])
            found += [f"{node.lineno}: {called}"] * (lossy or unguarded)
    return found


LOOKS_BEFORE_IT_LOADS = "fc_pipeline/sources/readers/plain_pickle.py"


def test_nothing_unsafe():
    found = {str(path.relative_to(ROOT)): forbidden(ast.parse(path.read_bytes())) for path in FILES}
    assert [line.split(": ")[1] for line in found.pop(LOOKS_BEFORE_IT_LOADS)] == ["import pickle"]
    assert {path: lines for path, lines in found.items() if lines} == {}


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
def test_unsafe_calls_are_seen(line):
    assert forbidden(ast.parse(line))
