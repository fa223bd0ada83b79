"""Weekdays, opening hours and delivery windows, as they are written in columns.

    weekdays    daily · Mon-Sat · Mon,Thu · Fri-Mon (over the week's end)
    hours       weekdays and a span, several joined by ";": Mon-Fri 09:00-20:00; Sat 10:00-18:00
    windows     spans joined by ",": 17:00-19:00,19:00-21:00

A span is two local times of day, HH:MM; it may end at 24:00. Spans of a day do not overlap.
"""

import re
from itertools import pairwise
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field

from omnisource.models.row import minutes_of

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""Weekdays by their number, as `datetime.date.weekday` counts them."""

Span: TypeAlias = tuple[int, int]
"""From and to, minutes since midnight."""

_DAY: Final = f"({'|'.join(DAYS)})"
_WEEKDAYS: Final = f"(daily|{_DAY}(-{_DAY})?(,{_DAY}(-{_DAY})?)*)"
_TIME: Final = r"(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)"
_SPAN: Final = re.compile(rf"\s*{_TIME}-{_TIME}\s*")
_OPEN: Final = re.compile(rf"\s*(?P<days>{_WEEKDAYS})\s+(?P<span>{_TIME}-{_TIME})\s*")


def weekdays_of(text: str) -> tuple[int, ...]:
    """Return the weekdays that a text names, Monday 0.

    >>> weekdays_of("daily"), weekdays_of("Mon,Thu"), weekdays_of("Sat-Mon")
    ((0, 1, 2, 3, 4, 5, 6), (0, 3), (0, 5, 6))
    """
    if text == "daily":
        return tuple(range(7))
    named: set[int] = set()
    for part in text.split(","):
        days = [DAYS.index(day) for day in part.split("-")]
        named.update((days[0] + i) % 7 for i in range((days[-1] - days[0]) % 7 + 1))
    return tuple(sorted(named))


def hours_of(text: str) -> tuple[tuple[Span, ...], ...]:
    """Return the spans in which a place is open, weekday by weekday, spans that touch joined.

    >>> hours_of("Mon-Fri 09:00-20:00; Sat 10:00-18:00")[4:]
    (((540, 1200),), ((600, 1080),), ())

    Raises:
        ValueError: the text is not written so, or two spans of a day overlap.
    """
    week: list[list[Span]] = [[] for _ in DAYS]
    for part in text.split(";"):
        found = _OPEN.fullmatch(part)
        if found is None:
            raise ValueError(
                f"no opening hours {text!r}: write Mon-Fri 09:00-20:00; Sat 10:00-18:00"
            )
        for day in weekdays_of(found["days"]):
            week[day].append(_span(found["span"]))
    return tuple(_joined(_apart(spans)) for spans in week)


def windows_of(text: str) -> tuple[Span, ...]:
    """Return the delivery windows of a day, the earliest first.

    >>> windows_of("19:00-21:00,17:00-19:00")
    ((1020, 1140), (1140, 1260))

    Raises:
        ValueError: the text is not written so, or two windows overlap.
    """
    parts = text.split(",")
    if not all(_SPAN.fullmatch(part) for part in parts):
        raise ValueError(f"no delivery windows {text!r}: write 17:00-19:00,19:00-21:00")
    return _apart([_span(part) for part in parts])


def departure_of(text: str) -> tuple[tuple[int, ...], int]:
    """Return on which weekdays, and at how many minutes after midnight, something departs.

    >>> departure_of("Mon,Thu 06:30")
    ((0, 3), 390)
    """
    days, clock = text.split()
    return weekdays_of(days), minutes_of(clock)


def _span(text: str) -> Span:
    begins, ends = (minutes_of(clock.strip()) for clock in text.split("-"))
    if begins >= ends:
        raise ValueError(f"{text.strip()} ends before it begins: split it at midnight")
    return begins, ends


def _apart(spans: list[Span]) -> tuple[Span, ...]:
    spans = sorted(spans)
    if any(after < end for (_, end), (after, _) in pairwise(spans)):
        raise ValueError("spans of one day overlap")
    return tuple(spans)


def _joined(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for begins, ends in spans:
        if joined and joined[-1][1] == begins:
            joined[-1] = joined[-1][0], ends
        else:
            joined.append((begins, ends))
    return tuple(joined)


def _sound_hours(text: str) -> str:
    hours_of(text)
    return text


def _sound_windows(text: str) -> str:
    windows_of(text)
    return text


Weekdays = Annotated[str, Field(pattern=f"^{_WEEKDAYS}$")]
Hours = Annotated[str, Field(max_length=500), AfterValidator(_sound_hours)]
Windows = Annotated[str, Field(max_length=500), AfterValidator(_sound_windows)]
