"""The Track component, and the shells that show steps as Dagster assets."""

from fc_pipeline.components.track import Track

__all__ = ["Track"]
