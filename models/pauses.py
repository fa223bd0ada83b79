"""Calendar dates on which something rests, as they are written in a column.

pauses      2026-12-24 · 2026-12-02/2026-12-04 (both included) · several joined by ","
"""

import re
from datetime import date, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field

Pause: TypeAlias = tuple[date, date]
"""First and last day, both included."""

_DATE: Final = r"\d{4}-\d{2}-\d{2}"
_PAUSE: Final = re.compile(rf"\s*({_DATE})(?:/({_DATE}))?\s*")


def pauses_of(text: str) -> tuple[Pause, ...]:
    """Return the pauses that a text names, the earliest first, those that touch joined.

    >>> [(str(a), str(b)) for a, b in pauses_of("2026-12-04,2026-12-02/2026-12-03")]
    [('2026-12-02', '2026-12-04')]

    Raises:
        ValueError: the text is not written so, or a pause ends before it begins.
    """
    return _joined(sorted(map(_pause, text.split(",")))) if text else ()


def and_pause(text: str, since: date, until: date) -> str:
    """Return a text of pauses with one more, both its days included.

    >>> and_pause("2026-12-24", date(2026, 12, 2), date(2026, 12, 4))
    '2026-12-02/2026-12-04,2026-12-24'
    """
    spans = _joined(sorted([*pauses_of(text), (since, until)]))
    return ",".join(f"{a}" if a == b else f"{a}/{b}" for a, b in spans)


def _pause(text: str) -> Pause:
    found = _PAUSE.fullmatch(text)
    if found is None:
        raise ValueError(f"no pauses {text!r}: write 2026-12-02/2026-12-04,2026-12-24")
    since = date.fromisoformat(found[1])
    until = date.fromisoformat(found[2] or found[1])
    if until < since:
        raise ValueError(f"{text.strip()} ends before it begins")
    return since, until


def _joined(pauses: list[Pause]) -> tuple[Pause, ...]:
    joined: list[Pause] = []
    for since, until in pauses:
        if joined and (since - joined[-1][1]) <= timedelta(1):
            joined[-1] = joined[-1][0], max(joined[-1][1], until)
        else:
            joined.append((since, until))
    return tuple(joined)


def _sound(text: str) -> str:
    pauses_of(text)
    return text


Pauses = Annotated[str, Field(max_length=2_000), AfterValidator(_sound)]
