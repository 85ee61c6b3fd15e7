"""The steps of all tracks as data: keys, inputs, gates and milestones."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fc_model.errors import UserError, suggestion
from fc_pipeline.code_version.project import code_version
from fc_pipeline.engine.deferred import path_of
from fc_pipeline.engine.gates import Gate, SharedGate
from fc_pipeline.engine.milestones import Milestone
from fc_pipeline.engine.step import StepSpec

EXPERIMENTS = "experiments"


class Graph(Mapping[str, StepSpec]):
    """Steps by key, each after the steps that it needs."""

    def __init__(
        self,
        steps: Iterable[StepSpec],
        gates: Mapping[str, list[Gate]],
        *,
        milestones: Iterable[Milestone] = (),
        broken: Mapping[str, str] | None = None,
    ) -> None:
        """`broken` are tracks and experiments that could not be read, with the reasons: their steps are left out.

        The steps that wait for one of `milestones` require its artifacts themselves.

        Raises UserError for two different steps of one key, a needed key without a step, and a cycle.
        """
        self.milestones = tuple(milestones)
        self.broken = dict(broken or {})
        self._steps: dict[str, StepSpec] = {}
        for step in steps:
            other = self._steps.setdefault(step.key, step)
            if other != step:
                fields = [name for name in step.__dataclass_fields__ if getattr(other, name) != getattr(step, name)]
                raise UserError(
                    f"two tracks declare {step.key} with different {' and '.join(fields)}: "
                    f"make them equal, or give one of them another name"
                )
        for step in self._steps.values():
            for key in step.upstream:
                if key not in self._steps:
                    raise UserError(f"{step.key} needs {key}, which no step makes")
        for key in gates:
            if key not in self._steps:
                raise UserError(f"a gate is set on {key}, which no step makes{suggestion(key, self._steps, most=5)}")
        try:
            order = list(TopologicalSorter({key: step.upstream for key, step in self._steps.items()}).static_order())
        except CycleError as error:
            raise UserError(f"the steps depend on each other in a circle: {' -> '.join(error.args[1])}") from error
        self._steps = {key: self._steps[key] for key in order}
        self._gates = {key: list(ordered) for key, ordered in gates.items()}
        self._code: dict[str, dict[str, Any]] = {}

    def __getitem__(self, key: str) -> StepSpec:
        try:
            return self._steps[key]
        except KeyError:
            self._refuse_broken(key)
            raise UserError(f"there is no step {key!r}{suggestion(key, self._steps, most=5)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def __contains__(self, key: object) -> bool:
        return key in self._steps

    def gates(self, key: str, *, tracks: Collection[str] | None = None) -> list[Gate]:
        """The gates on the artifact of this key; most keys have none.

        `tracks`: only gates that block one of these; a track's gate on a shared artifact binds no other track.
        """
        gates = self._gates.get(key, [])
        if tracks is None:
            return gates
        return [gate for gate in gates if not isinstance(gate, SharedGate) or gate.track in tracks]

    def gates_for(self, key: str, *, for_key: str) -> list[Gate]:
        """The gates on the artifact of this key that must pass before `for_key` uses it."""
        return self.gates(key, tracks=(for_key.split("/")[0],))

    def code(self, key: str) -> dict[str, Any]:
        """`code_version` of the key's step with its helpers, read once: an edit during a run is for the next run."""
        if key not in self._code:
            self._code[key] = self._read_code(key, unedited=bool(self._code))
        return self._code[key]

    def edited(self, key: str) -> bool:
        """Whether the source of the key's step is no longer what `code` read."""
        return bool(self._read_code(key)["version"] != self.code(key)["version"])

    def _read_code(self, key: str, *, unedited: bool = False) -> dict[str, Any]:
        """One look at the files is enough for all functions of a step, and for all steps of a graph (`unedited`)."""
        spec = self[key]
        code = code_version(spec.function_path, unedited=unedited)
        helpers = {name: code_version(path_of(helper), unedited=True) for name, helper in sorted(spec.helpers.items())}
        if not helpers:
            return code
        versions = "\n".join([code["version"], *(f"{name} {one['version']}" for name, one in helpers.items())])
        return {
            "version": hashlib.sha256(versions.encode()).hexdigest()[:16],
            "parts": code["parts"] | {part: value for one in helpers.values() for part, value in one["parts"].items()},
        }

    def closure(self, keys: Iterable[str]) -> list[str]:
        """The keys and everything upstream of them, in order."""
        needed: set[str] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in needed:
                needed.add(key)
                waiting += self[key].upstream
        return [key for key in self if key in needed]

    def track(self, name: str) -> list[str]:
        """The keys of a track, or of `experiments/<name>`, and of the sources and corpus that it reads, in order.

        Raises UserError when there is no such track.
        """
        names = (*self.tracks, *self.experiments)
        if name not in names:
            self._refuse_broken(name)
            raise UserError(f"there is no track {name!r}{suggestion(name, names, most=5)}")
        return self.closure(key for key in self if key.startswith(f"{name}/"))

    def run_command(self, key: str) -> str:
        """What a person runs to have the artifact of this key."""
        name = next((name for name in (*self.tracks, *self.experiments) if key in self.track(name)), "TRACK")
        return f"run `fustercluck run {name} --only {key}`"

    def require_whole(self, purpose: str) -> None:
        """Raise UserError when a track or an experiment could not be read, since what it needs is not known."""
        if self.broken:
            raise UserError(
                f"{purpose} must know what every track needs, and cannot read {', '.join(self.broken)}: correct it, or "
                f"take its file away: {next(iter(self.broken.values()))}"
            )

    def _refuse_broken(self, name: str) -> None:
        for broken, why in self.broken.items():
            if name == broken or name.startswith(f"{broken}/"):
                raise UserError(why) from None

    @property
    def shared(self) -> list[str]:
        """The keys that belong to no track and no experiment, in order."""
        return [key for key, step in self.items() if step.track is None and key.split("/")[0] != EXPERIMENTS]

    @property
    def tracks(self) -> list[str]:
        return sorted({step.track for step in self.values() if step.track is not None})

    @property
    def experiments(self) -> list[str]:
        """`experiments/<name>` of each, sorted."""
        return sorted({"/".join(key.split("/")[:2]) for key in self if key.split("/")[0] == EXPERIMENTS})
