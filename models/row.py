"""What the row models share: references, the rules that join several columns, absent values.

A row model describes one table of a scenario folder. It is the only source of what a column
may hold: types and bounds are its fields, what joins several columns stands in `RULES`, what
must be unique in `KEY`. `orchestrator/folder/check.py` applies the same to whole columns.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from omnisource.models.base import Name, Value

Read: TypeAlias = Callable[[str], Any]
"""Gives the value of a column of one row."""


@dataclass(frozen=True)
class Together:
    """Either all of the columns have a value, or none has."""

    columns: tuple[str, ...]

    @property
    def reason(self) -> str:
        """What a row that breaks the rule is told."""
        return f"{' and '.join(self.columns)} go together: give both or none"

    def holds(self, read: Read) -> bool:
        """Tell whether the row keeps the rule."""
        return len({is_present(read(column)) for column in self.columns}) == 1


@dataclass(frozen=True)
class Needs:
    """Where `column` is one of `values`, at least one of the columns has a value."""

    columns: tuple[str, ...]
    column: str
    values: tuple[str, ...]

    @property
    def reason(self) -> str:
        """What a row that breaks the rule is told."""
        wanted = " or ".join(self.columns)
        return f"{wanted} is needed where {self.column} is {' or '.join(self.values)}"

    def holds(self, read: Read) -> bool:
        """Tell whether the row keeps the rule."""
        concerned = read(self.column) in self.values
        return not concerned or any(is_present(read(column)) for column in self.columns)


@dataclass(frozen=True)
class InOrder:
    """The first column is not after the second, where both have a value."""

    columns: tuple[str, str]

    @property
    def reason(self) -> str:
        """What a row that breaks the rule is told."""
        return f"{self.columns[0]} is after {self.columns[1]}"

    def holds(self, read: Read) -> bool:
        """Tell whether the row keeps the rule."""
        low, high = (read(column) for column in self.columns)
        return not (is_present(low) and is_present(high)) or bool(low <= high)


@dataclass(frozen=True)
class Differ:
    """The two columns hold different values."""

    columns: tuple[str, str]

    @property
    def reason(self) -> str:
        """What a row that breaks the rule is told."""
        return f"{self.columns[0]} and {self.columns[1]} are the same"

    def holds(self, read: Read) -> bool:
        """Tell whether the row keeps the rule."""
        return bool(read(self.columns[0]) != read(self.columns[1]))


Rule: TypeAlias = Together | Needs | InOrder | Differ


def is_present(value: Any) -> bool:
    """Tell whether a value is there: neither None nor empty text."""
    return value is not None and value != ""


class Row(Value):
    """A row of a table of a scenario folder; an empty text counts as an absent value."""

    KEY: ClassVar[tuple[str, ...]] = ()
    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if not _is_blank(value)}

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> "Row":
        broken = [r.reason for r in self.RULES if not r.holds(lambda name: getattr(self, name))]
        if broken:
            raise ValueError("; ".join(broken))
        return self


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _known_timezone(name: str) -> str:
    if name and name not in _timezones():
        raise ValueError(f"no time zone {name!r}: give an IANA name such as Europe/Berlin")
    return name


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_calendar(code: str) -> str:
    if code and code not in _calendars():
        raise ValueError(f"no calendar {code!r}: give a country or country-state, such as DE-BY")
    return code


@cache
def _calendars() -> frozenset[str]:
    import holidays  # slow to import, and needed only where a node has a calendar

    states = holidays.list_supported_countries()
    return frozenset(states) | {f"{c}-{state}" for c in states for state in states[c]}


def _refers(table: str) -> Any:
    return Field(json_schema_extra={"refers": table})


NodeRef = Annotated[Name, _refers("nodes")]
ServiceRef = Annotated[Name, _refers("services")]
SkuRef = Annotated[Name, _refers("products")]
OrderRef = Annotated[Name, _refers("orders")]
BundleRef = Annotated[Name, _refers("bundles")]

Timezone = Annotated[str, AfterValidator(_known_timezone)]
Calendar = Annotated[str, AfterValidator(_known_calendar)]

CLOCK = r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
Clock = Annotated[str, Field(pattern=f"^{CLOCK}$", json_schema_extra={"format": "clock"})]
"""A local time of day, HH:MM; seconds are dropped."""

_DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
Departures = Annotated[str, Field(pattern=f"^(daily|{_DAY}([-,]{_DAY})*) {CLOCK}$")]
"""Weekdays and a local time: `daily 18:00`, `Mon-Fri 18:00`, `Mon,Thu 06:30`."""


def minutes_of(clock: str) -> int:
    """Return a time of day, HH:MM, in minutes since midnight.

    >>> minutes_of("14:30")
    870
    """
    hours, minutes = re.split(":", clock)[:2]
    return int(hours) * 60 + int(minutes)
