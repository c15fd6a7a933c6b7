"""What every table of the configuration has in common."""

from pydantic import BaseModel, ConfigDict

SHOWN: dict[str, bool] = {"shown": True}
"""Marks an optional key that the example file does not comment out."""


class Section(BaseModel):
    """A table of the file: unchangeable, no unknown keys, no guessing of types, no values in error texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
