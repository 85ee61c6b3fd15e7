"""Training of one stage, with or without Dagster: `python -m fc_model.train STAGE_FOLDER`."""

from fc_model.train.signals import Interrupted
from fc_model.train.stage import StageResult, run_stage

__all__ = ["Interrupted", "StageResult", "run_stage"]
