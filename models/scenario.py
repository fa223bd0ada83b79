"""A scenario: a named state of the world at a time, with the policy that applies."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from omnisource.models.base import Name, Text, Value
from omnisource.models.policy import Policy


class Scenario(Value):
    """The head of a scenario folder (`scenario.toml`)."""

    name: Name
    summary: Text = ""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    now: AwareDatetime = Field(default=datetime.fromisoformat("2025-01-06T18:00:00+00:00"))
    policy: Policy = Policy()
