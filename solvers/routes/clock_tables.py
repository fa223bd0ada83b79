"""Build the tables of `clocks.py` for a world and a stretch of days.

The changes of a zone's clocks are found by bisection between days whose offsets differ; public
holidays come from `holidays`, which is imported only where a calendar is named.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from omnisource.models.pauses import pauses_of
from omnisource.models.week import hours_of, weekdays_of, windows_of
from omnisource.models.world import ABSENT, Table, World
from omnisource.solvers.problem import UNLIMITED, Flags, Ints
from omnisource.solvers.routes.clocks import DAY, MONDAY, Clocks, minute_of

HORIZON: Final = 120
"""Days for which clocks are built unless others are asked for."""
LONGEST: Final = 10 * 366
"""Days beyond which a night does not look."""
EPOCH: Final = date(1970, 1, 1)
"""The day from which days are counted."""
EVER: Final = -(2**40)
"""Before every minute."""

Key = TypeVar("Key")


class _Zones(NamedTuple):
    """The first columns of `Clocks`; enough for `clocks.minute_of`."""

    offset_start: Ints
    offset_from: Ints
    wall_from: Ints
    offset: Ints


def clocks(world: World, rules: Table, begin: int | None = None, days: int = HORIZON) -> Clocks:
    """Return the clocks of a world.

    Args:
        world: its nodes and services.
        rules: its zones, in the order in which kernels number them.
        begin: the first minute that will be asked for, UTC; the world's clock if absent.
        days: for how many days from then on; what lies beyond is `BEYOND`.
    """
    begin = world.now if begin is None else begin
    first, size = begin // DAY - 1, days + 3
    nodes, services = world.nodes, world.services
    keys = list(zip(nodes["timezone"], nodes["hours"], nodes["calendar"], strict=True))
    opening, kinds = _numbered(keys)
    named = [*nodes["timezone"], *(name for name in rules["timezone"] if name)]
    numbers = {name: i for i, name in enumerate(dict.fromkeys(named))}
    zones = _zones(list(numbers), first, size)
    works = np.array([_open_days(key, first, size) for key in kinds], bool).reshape(-1, size)
    weeks = list(zip(services["weekdays"], services["pauses"], strict=True))
    by = [weeks[service] for service in rules["service"]]
    carrier, carriers = _numbered(list(zip(by, rules["calendar"], strict=True)))
    moves = np.array([_carrier_days(key, first, size) for key in carriers], bool)
    processing = nodes["processing_minutes"].astype(np.int64)
    return Clocks(
        first_day=first,
        days=size,
        begin=begin,
        **zones._asdict(),
        day_end=_day_ends(zones, len(numbers), first, size),
        zone=np.array([numbers[name] for name in nodes["timezone"]], np.int64),
        opening=opening,
        **_openings(zones, [(numbers[key[0]], key[1]) for key in kinds], works, first),
        works=works,
        processing=processing,
        pickup=_stated(nodes["pickup_minutes"], processing),
        slot=nodes["slot_minutes"].astype(np.int64),
        slot_orders=_stated(nodes["orders_per_slot"], UNLIMITED),
        cutoff=_stated(nodes["cutoff"], DAY),
        order_by=_stated(services["order_by"], -1),
        runs=np.array([_running(week, first, size) for week in weeks], bool).reshape(-1, size),
        **_windows(services["windows"]),
        carrier=carrier,
        to_zone=np.array([numbers[name] if name else -1 for name in rules["timezone"]], np.int64),
        transit_days=rules["transit_days"].astype(np.int64),
        **_counted(moves.reshape(-1, size)),
    )


def horizon(world: World) -> int:
    """Return for how many days the clocks of one moment have to be built to tell all arrivals.

    Where days off are stated, each day in transit may take a week, work as many weeks as the
    shortest opening hours need for it, and holidays a month; what is paused from today on comes on
    top, a whole week for each with a pause in it. `LONGEST` is the end of it.
    """
    if not (world.nodes.rows and world.zones.rows):
        return HORIZON
    nodes = world.nodes
    work = int(max(nodes["processing_minutes"].max(), _stated(nodes["pickup_minutes"], 0).max()))
    transit = int(world.zones["transit_days"].max()) + 2
    if not any(column.any() for column in _stated_clocks(world)):
        return min(transit + work // DAY + _paused(world, 1), LONGEST)
    weeks = transit - (-work // min(map(_open_minutes, set(nodes["hours"])))) + 4
    return min(7 * weeks + _paused(world, 7), LONGEST)


def _paused(world: World, many: int) -> int:
    """Return the most days on which a service, and then a lane, rests from today on.

    Days are counted `many` at a time, all of them where one is paused.
    """
    today, days = world.now // DAY - 1, LONGEST // many * many

    def lost(text: str) -> int:
        return many * int(paused_on(text, today, days).reshape(-1, many).any(axis=1).sum())

    return sum(max(map(lost, set(t["pauses"])), default=0) for t in (world.services, world.lanes))


def _open_minutes(hours: str) -> int:
    week = hours_of(hours) if hours else (((0, DAY),),) * 7
    return sum(end - begin for spans in week for begin, end in spans)


def _stated_clocks(world: World) -> list[Flags]:
    hours = [world.nodes["hours"] != "", world.nodes["calendar"] != ""]
    days = [world.services["weekdays"] != "daily", world.services["windows"] != ""]
    return [*hours, *days, world.zones["calendar"] != ""]


def _numbered(keys: Sequence[Key]) -> tuple[Ints, list[Key]]:
    """Return the number of each key, and the different keys."""
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64), list(numbers)


def _stated(column: Any, otherwise: Any) -> Ints:
    return np.asarray(np.where(column == ABSENT, otherwise, column).astype(np.int64))


def _zones(names: list[str], first: int, days: int) -> _Zones:
    """Return the changes of the zones' clocks in those days, (1) and (2)."""
    start, begins, walls, offsets = [0], [], [], []
    for name in names:
        changes = _changes(_offset_of(name), (first - 1) * DAY, (first + days + 1) * DAY)
        before = changes[0][1]
        for at, offset in changes:
            begins.append(at)
            walls.append(EVER if at == EVER else at + max(before, offset))
            offsets.append(offset)
            before = offset
        start.append(len(begins))
    return _Zones(*(np.array(part, np.int64) for part in (start, begins, walls, offsets)))


def _offset_of(name: str) -> Callable[[int], int]:
    zone = ZoneInfo(name)

    def offset(at: int) -> int:
        moment = datetime.fromtimestamp(at * 60, UTC).astimezone(zone)
        east = moment.utcoffset() or timedelta()
        return int(east.total_seconds()) // 60

    return offset


def _changes(offset: Callable[[int], int], begin: int, end: int) -> list[tuple[int, int]]:
    """Return from which minute which offset holds; the first has held for ever."""
    found = [(EVER, offset(begin))]
    for low in range(begin, end, DAY):
        high = low + DAY
        after = offset(high)
        if after == found[-1][1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(middle) == after else (middle, high)
        found.append((high, after))
    return found


def _day_ends(zones: _Zones, count: int, first: int, days: int) -> Ints:
    walls = (first + np.arange(days)) * DAY + DAY - 1
    ends = [[minute_of(zones, zone, int(wall)) for wall in walls] for zone in range(count)]
    return np.array(ends, np.int64).reshape(-1, days)


def _open_days(key: tuple[str, str, str], first: int, days: int) -> Flags:
    """Say on which local days a place with those hours and that calendar opens."""
    _, hours, calendar = key
    week = [bool(spans) for spans in hours_of(hours)] if hours else [True] * 7
    return _repeated(week, first, days) & ~holidays_of(calendar, first, days)


def _carrier_days(key: tuple[tuple[str, str], str], first: int, days: int) -> Flags:
    week, calendar = key
    return _running(week, first, days) & ~holidays_of(calendar, first, days)


def _running(week: tuple[str, str], first: int, days: int) -> Flags:
    """Say on which local days a service of those weekdays and pauses runs."""
    named = weekdays_of(week[0])
    running = _repeated([day in named for day in range(7)], first, days)
    return running & ~paused_on(week[1], first, days)


def paused_on(pauses: str, first: int, days: int) -> Flags:
    """Say which local days lie in pauses."""
    flags = np.zeros(days, bool)
    for span in pauses_of(pauses):
        since, until = ((day - EPOCH).days - first for day in span)
        flags[max(since, 0) : max(until + 1, 0)] = True
    return flags


def _repeated(week: list[bool], first: int, days: int) -> Flags:
    return np.array(week, bool)[(first + np.arange(days) + MONDAY) % 7]


@lru_cache(256)
def holidays_of(calendar: str, first: int, days: int) -> Flags:
    """Say which days are public holidays."""
    flags = np.zeros(days, bool)
    if not calendar:
        return flags
    import holidays  # slow to import, and needed only where a calendar is named

    country, _, state = calendar.partition("-")
    years = range((EPOCH + timedelta(first)).year, (EPOCH + timedelta(first + days)).year + 1)
    for day in holidays.country_holidays(country, subdiv=state or None, years=years):
        i = (day - EPOCH).days - first
        if 0 <= i < days:
            flags[i] = True
    flags.flags.writeable = False
    return flags


def _openings(
    zones: _Zones, kinds: list[tuple[int, str]], works: Flags, first: int
) -> dict[str, Ints]:
    """Return the spans in which each kind of place is open; those that touch are one."""
    start, opens, closes, before = [0], [], [], []
    for kind, days in zip(kinds, works, strict=True):
        spans = _spans(zones, kind, days, first)
        opens += [span[0] for span in spans]
        closes += [span[1] for span in spans]
        before += np.cumsum([0, *(b - a for a, b in spans)])[: len(spans)].tolist()
        start.append(len(opens))
    names = ("open_start", "open_from", "open_to", "open_before")
    columns = (start, opens, closes, before)
    return {name: np.array(column, np.int64) for name, column in zip(names, columns, strict=True)}


def _spans(zones: _Zones, kind: tuple[int, str], days: Flags, first: int) -> list[list[int]]:
    zone, hours = kind
    if not hours and days.all():
        return [[EVER, UNLIMITED]]  # never closed, beyond the tables too
    week = hours_of(hours) if hours else (((0, DAY),),) * 7
    spans: list[list[int]] = []
    for i in np.flatnonzero(days).tolist():
        for begin, end in week[(first + i + MONDAY) % 7]:
            midnight = (first + i) * DAY
            opens, closes = (minute_of(zones, zone, midnight + wall) for wall in (begin, end))
            if spans and opens <= spans[-1][1]:  # or the clocks skip what lies between
                spans[-1][1] = max(spans[-1][1], closes)
            elif opens < closes:
                spans.append([opens, closes])
    return spans


def _windows(texts: Any) -> dict[str, Ints]:
    each = [windows_of(text) if text else () for text in texts]
    flat = np.array([window for windows in each for window in windows], np.int64).reshape(-1, 2)
    start = np.cumsum([0, *map(len, each)]).astype(np.int64)
    columns = (start, flat[:, 0].copy(), flat[:, 1].copy())
    return dict(zip(("window_start", "window_from", "window_to"), columns, strict=True))


def _counted(moves: Flags) -> dict[str, Ints]:
    """Count each carrier's days, and find the k-th of them."""
    groups, days = moves.shape
    worked = np.zeros((groups, days + 1), np.int64)
    np.cumsum(moves, axis=1, out=worked[:, 1:])
    nth = np.full((groups, days), days, np.int64)
    for group, flags in enumerate(moves):
        at = np.flatnonzero(flags)
        nth[group, : len(at)] = at
    return {"worked": worked, "nth": nth}
