"""The Lightning side: a thin module and callbacks around a run, and the Trainer that drives them.

This file imports pytorch_lightning, which takes seconds; import it only where training begins.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as lightning
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.plugins.environments import LightningEnvironment
from torch.optim import Optimizer

from fc_model.train.run import Run
from fc_model.train.signals import Interrupted, StopRequest

logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


class TrainModule(lightning.LightningModule):
    """Training of whatever the stage is of: a decoder on packed text, or one with images.

    The step itself is `Run.step`, so that it is the same with and without Lightning; optimization is manual,
    since there may be two optimizers and a non-finite step must not be applied.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.run = run
        self.model = run.train_step.model

    def training_step(self, batch: int, batch_idx: int) -> None:
        """One optimizer step; the batch is fetched by its number, see `Steps`."""
        self.run.step(self.manual_backward)

    def configure_optimizers(self) -> list[Optimizer]:
        return self.run.train_step.optimizer.optimizers


class Steps:
    """The numbers of the steps that are left, as Lightning's loader.

    A batch is a pure function of its number, and a rollback sets the number back, so a step fetches its own batch.
    The length is only a bound: with one, Lightning does not look ahead.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def __len__(self) -> int:
        return 2**31

    def __iter__(self) -> Iterator[int]:
        while True:
            yield self._run.state.step


class CheckpointAndStop(Callback):
    """Checkpoints on their steps, and before stopping on a signal."""

    def __init__(self, run: Run, request: StopRequest) -> None:
        self._run, self._request = run, request

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Lightning has set handlers of its own by now."""
        self._request.install()

    def on_train_batch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule, *rest: Any) -> None:
        run = self._run
        if run.done:
            trainer.should_stop = True
        elif self._request.signum is not None:
            run.save()
            name = signal.Signals(self._request.signum).name
            raise Interrupted(
                f"stage {run.stage.name}: {name} after step {run.state.step}; a checkpoint is saved; run it again",
                self._request.signum,
            )
        elif run.state.step % run.stage.checkpoint_every == 0:
            run.save()


def fit(run: Run, request: StopRequest) -> None:
    """Train until no step is left.

    Raises Interrupted when a signal asked to stop; no checkpoint is saved when it came before the first step, or twice.
    """
    accelerator = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}[run.train_step.device.type]
    trainer = lightning.Trainer(
        accelerator=accelerator,
        devices=1,
        plugins=[LightningEnvironment()],  # one process, whatever the variables of Slurm, torchrun, LSF or MPI say
        max_epochs=1,
        callbacks=[CheckpointAndStop(run, request)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=run.folder,
    )
    try:
        trainer.fit(TrainModule(run), train_dataloaders=Steps(run))
    except SystemExit as error:  # Lightning's answer to an interrupt
        raise Interrupted(
            f"stage {run.stage.name}: interrupted after step {run.state.step}; run it again",
            request.signum or signal.SIGINT,
        ) from error
