"""The base of every settings class: unknown fields, changes and numbers that are not finite are refused."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Settings that a person writes: a misspelt field is an error, and nothing changes them once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
