"""Changes in which carriers or lanes do not run: for good, for some days, or but later."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from omnisource.models.chosen import Named, SomeServices
from omnisource.models.policy import Condition


class _Interruption(SomeServices):
    """Something takes days longer, rests between two dates, or does not run at all."""

    days: Annotated[int, Field(ge=1, le=60)] | None = None
    since: date | None = Field(
        None, description="Instead: the first local date, YYYY-MM-DD, on which they rest."
    )
    until: date | None = Field(
        None, description="The last local date on which they rest; the day after they run again."
    )

    @field_validator("until")
    @classmethod
    def _does_not_end_before_it_begins(
        cls, until: date | None, others: ValidationInfo
    ) -> date | None:
        since = others.data.get("since")
        if since and until and until < since:
            raise ValueError(f"{until} is before since, {since}")
        return until

    @model_validator(mode="after")
    def _says_one_thing(self) -> "_Interruption":
        if (self.since is None) != (self.until is None):
            raise ValueError("since and until go together: give both or none")
        if self.since and self.days:
            raise ValueError("days and since do not go together: give days, or since and until")
        return self


class Strike(_Interruption, Named):
    """A carrier's people strike, or its network is down: its parcels, and its lanes.

    With dates it rests on these days, as it does on public holidays, and parcels wait.
    """

    kind: Literal["strike"]
    days: Annotated[int, Field(ge=1, le=60)] | None = Field(
        None,
        description="Days of work that every parcel of theirs takes longer; absent, and no dates: "
        "they take no parcel at all.",
    )


class LaneOutage(_Interruption):
    """Lanes between nodes are down.

    With dates none departs on these days, and goods wait; what has departed arrives.
    """

    kind: Literal["lane_outage"]
    from_nodes: Condition = Field((), description="Lanes that start there.")
    to_nodes: Condition = Field((), description="Lanes that end there.")
    days: Annotated[int, Field(ge=1, le=60)] | None = Field(
        None,
        description="Days that they take longer; absent, and no dates: they do not run at all.",
    )
