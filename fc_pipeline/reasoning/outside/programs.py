"""Public programs that check answers, each run in a process of its own: python-chess and reasoning-gym.

Both are files of the package index, pinned by hash and never installed: python-chess is GPL, and reasoning-gym asks for
an older tabulate than MLflow's and for packages that have to be compiled. What is used of the latter, some families of
generators, needs none of these.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from fc_pipeline.catalogue.download.archive import read_members
from fc_pipeline.catalogue.entry import PypiPin
from fc_pipeline.catalogue.kinds.pypi import download
from fc_pipeline.reasoning.outside.chess_rules import judge_position
from fc_pipeline.reasoning.outside.gym import make_task, score_task
from fc_pipeline.reasoning.outside.process import helper

CHESS = PypiPin(
    kind="pypi",
    project="chess",
    version="1.11.2",
    file="chess-1.11.2.tar.gz",
    sha256="a8b43e5678fdb3000695bdaa573117ad683761e5ca38e591c4826eba6d25bb39",
)
GYM = PypiPin(
    kind="pypi",
    project="reasoning-gym",
    version="0.1.25",
    file="reasoning_gym-0.1.25-py3-none-any.whl",
    sha256="7f17a3eddb13c015d7d4a755ed576a061df889faf9468bcc2cca334ebe9e0435",
)
GYM_LICENCE = "Apache-2.0"
_CHESS_MODULE = "chess-1.11.2/chess/__init__.py"
"""The rules; its other modules, such as those that run engines, are left in the sdist."""
_MAX_FILE_BYTES = 1 << 20
_MAX_TOTAL_BYTES = 64 << 20


class Programs(NamedTuple):
    """Where the programs are; the empty path of one that no problem needs."""

    chess: str = ""
    """A folder with the module `chess`."""
    gym: str = ""
    """A wheel."""

    @classmethod
    def fetched(cls, families: Collection[str], *, home: Path, folder: Path) -> "Programs":
        """Those that the families need; the sdist's module is unpacked into the folder.

        Raises UserError where a file cannot be had, or is not what is pinned.
        """
        paths: dict[str, str] = {}
        if "gym" in families:
            paths["gym"] = str(download(GYM, home))
        if "chess" in families:
            caps = {"max_file_bytes": _MAX_FILE_BYTES, "max_total_bytes": _MAX_TOTAL_BYTES}
            ((_, source),) = read_members(download(CHESS, home), _CHESS_MODULE.__eq__, **caps)
            module = folder / "chess" / "__init__.py"
            module.parent.mkdir(exist_ok=True)
            module.write_bytes(source)
            paths["chess"] = str(folder)
        return cls(**paths)

    def position(self, fen: str) -> dict[str, Any]:
        """See `judge_position`."""
        return dict(helper().answer(judge_position, folder=self.chess, fen=fen))

    def task(self, name: str, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
        """See `make_task`."""
        return dict(helper().answer(make_task, wheel=self.gym, name=name, seed=seed, settings=settings))

    def score(self, name: str, seed: int, settings: dict[str, Any], answer: str) -> float:
        """See `score_task`."""
        return float(
            helper().answer(score_task, wheel=self.gym, name=name, seed=seed, settings=settings, answer=answer)
        )
