"""The Track and Experiment components, and the shells that show steps as Dagster assets."""

from fc_pipeline.components.experiment import Experiment
from fc_pipeline.components.track import Track

__all__ = ["Experiment", "Track"]
