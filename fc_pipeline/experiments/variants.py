"""What each variant of an experiment comes to: a whole track with the experiment's stages."""

from pathlib import Path

from fc_pipeline.experiments.config import BASELINE, ExperimentConfig
from fc_pipeline.experiments.image_variants import check_image_stages, image_variant
from fc_pipeline.experiments.text_variants import check_stage, text_variant
from fc_pipeline.track.config import TRACKS, TrackConfig, parse_track, read_attributes


def variant_tracks(experiment: ExperimentConfig, folder: Path = TRACKS) -> dict[str, TrackConfig]:
    """The track of each variant, without gates.

    On text its only stage is the experiment's. On images it has the track's stages of text, as they are, and then
    those of the experiment.

    Raises UserError for a field that is wrong, and for a variant that would be scored on other text or images, by
    other tokens or in another way than the baseline.
    """
    base = parse_track(experiment.track, read_attributes(experiment.track, folder))
    make = image_variant if experiment.stages else text_variant
    check = check_image_stages if experiment.stages else check_stage
    check(experiment, base)
    where = f"experiments/{experiment.name}"
    return {
        # The baseline changes nothing: what is wrong with it is wrong with the experiment.
        name: make(
            experiment,
            variant,
            base=base,
            folder=folder,
            where=where if name == BASELINE else f"{where}: variants.{name}",
        )
        for name, variant in experiment.variants.items()
    }
