"""A scenario: a named state of the world at a time, and what is different in a variant of it."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from omnisource.models.base import Name, Text, Value
from omnisource.models.changes import Change
from omnisource.models.policy import Policy


class Scenario(Value):
    """The head of a scenario folder (`scenario.toml`)."""

    name: Name
    summary: Text = ""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    now: AwareDatetime = Field(default=datetime.fromisoformat("2025-01-06T18:00:00+00:00"))
    policy: Policy = Policy()


class WhatIf(Value):
    """A scenario file: a base and what is different in it."""

    name: Name = Field(description="What reports call it.")
    summary: Text = Field("", description="What is supposed, in a sentence.")
    insight: Annotated[str, Field(max_length=2_000)] = Field(
        "", description="What a run of it showed, for who reads the report."
    )
    base: Name = Field(
        description="The scenario folder, or another scenario file, whose changes come first; "
        "relative to this file."
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, description="Of what changes draw at random; absent: the folder's."
    )
    changes: Annotated[tuple[Change, ...], Field(max_length=100)] = Field(
        description="What is different, in this order."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "WhatIf":
        if not self.changes:
            raise ValueError("changes is empty: say what is different, or allocate the base")
        return self
