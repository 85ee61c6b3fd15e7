"""What Dagster loads: stable keys and groups, nothing heavy, the policy, and the workspace that names it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from fc_pipeline.components.shared import all_tracks
from fc_pipeline.definitions import defs
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import StepSpec

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).with_name("asset_keys.txt")

# Dagster marks what it attaches to components itself.
pytestmark = pytest.mark.filterwarnings("ignore:Class `.*Reference.*` is currently in beta")


@pytest.fixture(scope="module")
def specs(loaded: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {"/".join(spec.key.path): spec for spec in loaded.resolve_all_asset_specs()}


def test_golden_keys_and_groups(specs):
    """After a wanted change: FC_WRITE_GOLDEN=1 pytest tests/fc_pipeline/defs, and read the difference."""
    found = "".join(f"{key}  {spec.group_name}\n" for key, spec in sorted(specs.items()))
    if os.environ.get("FC_WRITE_GOLDEN"):
        GOLDEN.write_text(found, "utf-8")
    assert found == GOLDEN.read_text("utf-8")


def test_loadable(loaded):
    dg.Definitions.validate_loadable(loaded)


def test_assets_equal_graph(specs):
    graph = all_tracks()
    steps: dict[str, list[StepSpec]] = {}
    for step in graph.values():
        steps.setdefault(step.asset, []).append(step)
    assert set(specs) == set(steps)
    for key, spec in specs.items():
        upstream = {graph[name].asset for step in steps[key] for name in step.upstream}
        assert {"/".join(dep.asset_key.path) for dep in spec.deps} == upstream, key
        assert spec.description, key
        assert spec.code_version, key


def test_checks_equal_gates(loaded):
    graph = all_tracks()
    checks: dict[str, int] = {}
    for asset in loaded.resolve_asset_graph().assets_defs:
        for check in asset.check_specs:
            key = "/".join(check.asset_key.path)
            assert check.blocking == (not key.startswith("corpus/")), key
            checks[key] = checks.get(key, 0) + 1
    assert checks == {key: len(graph.gates(key)) for key in graph if graph.gates(key)}
    assert checks


RESULT = re.compile(r"\d\.\d|\d ?%|\b(?:was|were|before|reached|measured|got)\b|: *\d")
"""What a result of an earlier run looks like in a sentence: `0.32 before`, `the worst of three runs: 94%`."""


def test_reasons_of_gates_hold_no_results():
    """The report prints `why` beside this run's value: a figure of another run would pass for one of this."""
    for text in ("0.32 before", "recall at 1 over chance: 20", "94% of spans"):
        assert RESULT.search(text)
    graph = all_tracks()
    reasons = {(key, gate.name): gate.why for key in graph for gate in graph.gates(key)}
    assert len(reasons) > 30 and all(reasons.values())
    assert not {where: why for where, why in reasons.items() if RESULT.search(why)}


def test_jobs_and_schedules(loaded):
    tracks = all_tracks().tracks
    assert {"pico", "nano", "fustercluck_450"} <= set(tracks)
    jobs = {job.name for job in loaded.jobs}
    experiments = {name.replace("/", "_") for name in all_tracks().experiments}
    assert jobs == {name for track in tracks for name in (track, f"{track}_shards")} | {"retention"} | experiments
    for schedule in loaded.schedules:
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    weekly = {f"{track}_shards_schedule" for track in tracks}
    assert {schedule.name for schedule in loaded.schedules} == weekly | {"retention_schedule"}


def test_what_is_broken_is_left_out_and_shown(monkeypatch):
    """The other tracks load, whatever stands in the file; the UI has the reason."""
    broken = {"small": "small/defs.yaml: not YAML", "experiments/fusion": "fusion/defs.yaml: no"}
    monkeypatch.setattr("fc_pipeline.definitions.all_tracks", lambda: Graph([], {}, broken=broken))
    left = defs()
    jobs = {job.name for job in left.resolve_all_job_defs()}
    assert {"nano", "pico", "experiments_filters"} <= jobs and not {"small", "experiments_fusion"} & jobs
    specs = {"/".join(spec.key.path): spec for spec in left.resolve_all_asset_specs()}
    assert specs["broken/small"].description == broken["small"] and "broken/experiments/fusion" in specs


def test_job_selection(loaded):
    graph = all_tracks()
    for name, keys in (("pico", graph.track("pico")), ("pico_shards", graph.closure(["pico/shards"]))):
        selected = loaded.resolve_job_def(name).asset_layer.executable_asset_keys
        assert {"/".join(key.path) for key in selected} == {graph[key].asset for key in keys}
    assert loaded.resolve_job_def("pico").executor_def.name == "in_process"


_LOAD = """
import sys
from fc_pipeline.definitions import defs
defs().resolve_all_asset_specs()
heavy = {"torch", "mlflow", "pytorch_lightning", "transformers", "matplotlib", "datatrove", "datasets"}
print(sorted(heavy & set(sys.modules)))
"""


def test_loading_imports_nothing_heavy():
    run = subprocess.run([sys.executable, "-c", _LOAD], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_code_location():
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text("utf-8"))
    (entry,) = workspace["load_from"]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["dg"]["project"]
    assert entry["python_module"]["location_name"] == settings["code_location_name"]
    assert entry["python_module"]["module_name"] == f"{settings['root_module']}.definitions"


def test_instance_settings(tmp_path, monkeypatch):
    """What tests/reliability does not see at work."""
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster_home" / "dagster.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled and not instance.nux_enabled
        assert type(instance.compute_log_manager).__name__ == "FileLogManager"
        assert instance.run_monitoring_max_resume_run_attempts == 0
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 5
