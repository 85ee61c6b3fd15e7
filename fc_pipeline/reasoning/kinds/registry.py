"""The families of problems."""

from fc_pipeline.reasoning.kinds.chess import CHESS
from fc_pipeline.reasoning.kinds.gym import GYM
from fc_pipeline.reasoning.kinds.story import STORY
from fc_pipeline.reasoning.kinds.tables import TABLES
from fc_pipeline.reasoning.kinds.texts import TEXT
from fc_pipeline.reasoning.kinds.units import UNITS
from fc_pipeline.reasoning.problem import Kind

KINDS: dict[str, Kind] = {
    "table": TABLES,
    "text": TEXT,
    "units": UNITS,
    "story": STORY,
    "chess": CHESS,
    "gym": GYM,
}
