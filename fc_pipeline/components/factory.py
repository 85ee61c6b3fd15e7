"""The one resource of all assets: the store, and the machine's settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_model.observer import Track, untracked
from fc_pipeline.engine.step import Runtime
from fc_pipeline.executors.child_process import available_cores, available_threads
from fc_pipeline.executors.settings import executor_settings
from fc_pipeline.paths import fc_home


class Factory(dg.ConfigurableResource):
    """Settings that must not change the bytes of artifacts. Every field can be set in the launchpad."""

    home: str = ""
    """Folder of the artifacts; empty: FC_HOME."""
    workers: int = 0
    """Worker processes of data steps; 0: one a core."""
    threads: int = 0
    """Threads of tensor libraries; 0: OMP_NUM_THREADS, else one a core."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    executor: str = ""
    """Where data steps compute: local, ray or slurm; empty: FC_EXECUTOR, local by default."""

    @property
    def folder(self) -> Path:
        return Path(self.home).expanduser().absolute() if self.home else fc_home()

    @property
    def store(self) -> Store:
        return Store(self.folder)

    def runtime(
        self, *, report: Callable[[dict[str, Any]], None], tags: dict[str, str], track: Track = untracked
    ) -> Runtime:
        """Raises dagster.Failure when the executor's settings are wrong."""
        try:
            executor = executor_settings(self.executor, home=self.folder)
        except UserError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from None
        return Runtime(
            home=self.folder,
            workers=self.workers or available_cores(),
            threads=self.threads or available_threads(),
            device=self.device,
            executor=executor,
            report=report,
            track=track,
            tags=tags,
        )
