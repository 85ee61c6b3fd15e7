"""What a track can have. A new part is a package with a `part.py`, and a line here."""

from fc_pipeline.corpus import part as corpus
from fc_pipeline.engine.part import Part
from fc_pipeline.evals.images import part as image_evals
from fc_pipeline.evals.text import part as text_evals
from fc_pipeline.exports import part as exports
from fc_pipeline.images import part as images
from fc_pipeline.tokens import part as tokens
from fc_pipeline.training import part as training

PARTS: tuple[Part, ...] = (
    corpus.PART,
    training.PART,
    tokens.PART,
    images.PART,
    exports.PART,
    image_evals.PART,
    text_evals.PART,
)
"""Each behind those that it builds on; the report shows the last one's sections first."""
