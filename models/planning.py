"""What a planner asks to be run, how the run stands, and which scenarios there are."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, model_validator

from omnisource.models.base import Count, Name, Share, Text, Value
from omnisource.models.changes import Change

RunState = Literal["waiting", "running", "stopping", "done", "failed", "stopped", "cut off"]
ENDED: Final[tuple[RunState, ...]] = ("done", "failed", "stopped", "cut off")
"""States that do not change any more; a run is cut off where the service ended before it did."""
RunName = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""What a run is called in paths."""


class RunRequest(Value):
    """A scenario to run beside its base, or kept runs to compare: one of the two."""

    name: Name = Field(description="What reports call it.")
    summary: Text = Field("", description="What is supposed, in a sentence.")
    scenario: Name | None = Field(None, description="Of those that `GET /v1/plan/scenarios` names.")
    changes: Annotated[tuple[Change, ...], Field(max_length=100)] = Field(
        (), description="What is different; none: the scenario is run as it is."
    )
    compare: Annotated[tuple[RunName, ...], Field(max_length=8)] = Field(
        (), description="Runs that are done, the first of them the base: two or more."
    )
    gap: Share = Field(0.005, description="Stop at this gap, a share of the cost.")
    seconds: Annotated[int, Field(ge=1, le=3_600)] = Field(
        600, description="Stop each night after so long."
    )

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> "RunRequest":
        if (self.scenario is None) == (not self.compare):
            raise ValueError("give scenario or compare: one of the two")
        if self.compare and (self.changes or len(set(self.compare)) < 2):
            raise ValueError("compare two different runs or more, without changes")
        return self


class RunRound(Value):
    """How far a run is: what it does, how often it has, and the best figures so far."""

    step: Text
    done: int
    cost_cents: float | None = None
    bound_cents: float | None = None


class RunView(Value):
    """A run, as it stands."""

    run: RunName
    request: RunRequest
    state: RunState
    asked_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    rounds: tuple[RunRound, ...] = Field((), description="The last ones.")
    words: tuple[str, ...] = Field((), description="What it came to, or why it failed.")
    report: bool = Field(False, description="Whether there is a page to read.")

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.state in ENDED


class RunList(Value):
    """Runs that are kept, the newest first."""

    runs: tuple[RunView, ...]


class RunReport(Value):
    """A run's report."""

    html: str = Field(description="One page that loads nothing.")


class ScenarioView(Value):
    """A scenario that may be run."""

    scenario: Name
    uploaded: bool


class ScenarioList(Value):
    """Scenarios that may be run, by name."""

    scenarios: tuple[ScenarioView, ...]


class About(Value):
    """What the reader finds in a scenario folder."""

    name: str = ""
    summary: str = ""
    rows: dict[str, int] = Field({})  # by table, those that are used
    rejected: Count = 0
    problems: tuple[str, ...] = ()  # rows that cannot be used and warnings, the first ones
    error: str = ""  # why the whole cannot be used
    names: dict[str, tuple[str, ...]] = Field({})  # by condition, what may be named in it
