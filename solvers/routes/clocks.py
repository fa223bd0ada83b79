"""When goods are ready, leave, arrive and can be collected, for any minute, from tables.

Indices
    n  node        v  service        z  zone rule, in the order of `direct.Rules`
    i  local day, 0 … D−1, counted from `first_day`; the same number in every time zone
    g  openings: nodes of the same time zone, hours and calendar
    c  carrier's days: rules of the same weekdays, pauses and calendar

Every minute is a whole number since 1970-01-01 UTC. Whatever a person would read off a clock on
the wall (cut-offs, opening hours, windows, the ends of days) is compared in local time:

    (1)  local(t)  =  t + offset of the last change of the clocks up to t
    (2)  minute(w) =  w − offset before the first change that the wall clock w has not passed:
         a time that comes twice is the first of the two, one that is skipped lies as far after
         the change as it stands beyond it (as `zoneinfo` has it)
    (3)  ready     =  t₀ if no work is to be done, else the first t with p open minutes in [t₀, t);
         t₀ is the first open minute from the asking on: a node processes only while it is open
    (4)  leaves    =  the local day of `ready`, or the day after if its clock is past the cut-off
         (at the cut-off it is in time); then the first day on which node and carrier both work
    (5)  arrives   =  end of the t-th day after `leaves` on which the carrier works there (t = 0:
         the first such day from `leaves` on), at the destination's midnight; with windows the end
         of that day's first window that does not begin before the goods are ready, or else of
         the first window of the carrier's next day
    (6)  collect   =  (3) with `pickup_minutes`, at an open minute; with slots the first one that
         begins then or later and ends while the node is open; slots count from opening

A node is closed on the public holidays of its calendar and outside its hours, a carrier on those
of the zone's, on other weekdays and in its pauses. What the tables do not reach is `BEYOND`. They
are built by `clock_tables.py`; a query takes a binary search and a few steps.
"""

from typing import Any, Final, NamedTuple

from numba import njit

from omnisource.solvers.problem import Flags, Ints

BEYOND: Final = 2**31 - 1
"""A minute, or a day, that the tables do not reach."""
DAY: Final = 24 * 60
"""Minutes of a day on the clock."""
MONDAY: Final = 3
"""1970-01-01 was a Thursday."""


class Clocks(NamedTuple):
    """Tables of a world's clocks; kernels take them as they are."""

    first_day: int  # days since 1970-01-01
    days: int  # D
    begin: int  # the first minute that may be asked for
    # time zones
    offset_start: Ints  # (T+1,) first change of each zone
    offset_from: Ints  # (X,) minute from which an offset holds; the zone's first: from ever
    wall_from: Ints  # (X,) local minute from which a local time is read with it, (2)
    offset: Ints  # (X,) minutes east
    day_end: Ints  # (T, D) 23:59 of each local day
    # nodes
    zone: Ints  # (N,) time zone
    opening: Ints  # (N,) g
    open_start: Ints  # (G+1,) first span of each
    open_from: Ints  # (O,) minute of opening
    open_to: Ints  # (O,) minute of closing
    open_before: Ints  # (O,) open minutes of g before the span
    works: Flags  # (G, D) whether it opens on the local day
    processing: Ints  # (N,) minutes
    pickup: Ints  # (N,) minutes
    slot: Ints  # (N,) minutes, 0 for none
    slot_orders: Ints  # (N,) orders a slot
    cutoff: Ints  # (N,) local minute of the day, `DAY` for none
    # services
    order_by: Ints  # (V,) local minute of the day, −1: the node's cut-off
    runs: Flags  # (V, D) whether it runs on the local day
    window_start: Ints  # (V+1,)
    window_from: Ints  # (W,) local minute of the day
    window_to: Ints  # (W,)
    # zone rules
    carrier: Ints  # (Z,) c
    to_zone: Ints  # (Z,) time zone of the destination, −1: the node's
    transit_days: Ints  # (Z,)
    worked: Ints  # (C, D+1) days of c before day i
    nth: Ints  # (C, D) the k-th day of c, D where the tables end

    @property
    def until(self) -> int:
        """The minute up to which days are known in every time zone."""
        return (self.first_day + self.days - 1) * DAY


@njit(cache=True, nogil=True, inline="always")
def local(c: Any, zone: int, at: int) -> int:
    """Return what the wall clock of a zone shows: local minutes since 1970-01-01, (1)."""
    x = c.offset_start[zone + 1] - 1
    while c.offset_from[x] > at:
        x -= 1
    return int(at + c.offset[x])


@njit(cache=True, nogil=True, inline="always")
def minute_of(c: Any, zone: int, wall: int) -> int:
    """Return the minute at which the wall clock of a zone shows a local minute, (2)."""
    x = c.offset_start[zone + 1] - 1
    while c.wall_from[x] > wall:
        x -= 1
    return int(wall - c.offset[x])


@njit(cache=True, nogil=True, inline="always")
def _span(c: Any, g: int, at: int) -> int:
    """Return the first span of g that closes after a minute, the end of g if none does."""
    low, high = c.open_start[g], c.open_start[g + 1]
    while low < high:
        middle = (low + high) // 2
        if c.open_to[middle] > at:
            high = middle
        else:
            low = middle + 1
    return int(low)


@njit(cache=True, nogil=True, inline="always")
def opened(c: Any, node: int, at: int) -> int:
    """Return the first minute from `at` on at which a node is open."""
    g = c.opening[node]
    span = _span(c, g, at)
    return int(max(at, c.open_from[span])) if span < c.open_start[g + 1] else BEYOND


@njit(cache=True, nogil=True, inline="always")
def worked(c: Any, node: int, at: int, minutes: int) -> int:
    """Return when so many open minutes of a node have gone since `at`, (3)."""
    g = c.opening[node]
    span, last = _span(c, g, at), c.open_start[g + 1]
    if span == last:
        return BEYOND
    begin = max(at, c.open_from[span])
    done = c.open_before[span] + begin - c.open_from[span] + minutes
    if minutes == 0 or begin + minutes <= c.open_to[span]:
        return int(begin + minutes)
    low, high = span, last  # the last span with fewer than `done` minutes before it
    while high - low > 1:
        middle = (low + high) // 2
        if c.open_before[middle] < done:
            low = middle
        else:
            high = middle
    ends = c.open_from[low] + done - c.open_before[low]
    return int(ends) if ends <= c.open_to[low] else BEYOND


@njit(cache=True, nogil=True, inline="always")
def ready(c: Any, node: int, at: int) -> int:
    """Return when goods asked for at a minute are ready to leave a node, (3)."""
    return worked(c, node, at, c.processing[node])


@njit(cache=True, nogil=True, inline="always")
def slot(c: Any, node: int, at: int) -> int:
    """Return when the first pick-up slot from `at` on begins; without slots, the first open minute.

    The slot after one that begins at s is `slot(c, node, s + 1)`.
    """
    size = c.slot[node]
    if size == 0:
        return opened(c, node, at)
    g = c.opening[node]
    for span in range(_span(c, g, at), c.open_start[g + 1]):
        opens = c.open_from[span]
        begins = opens + -(-max(0, at - opens) // size) * size
        if begins + size <= c.open_to[span]:
            return int(begins)
    return BEYOND


@njit(cache=True, nogil=True, inline="always")
def collect(c: Any, node: int, at: int) -> int:
    """Return when a node's own goods, asked for at a minute, can be collected there, (6)."""
    return slot(c, node, worked(c, node, at, c.pickup[node]))


@njit(cache=True, nogil=True, inline="always")
def sends(c: Any, node: int, service: int, day: int) -> bool:
    """Tell whether parcels leave a node by a service on a local day."""
    return bool(c.works[c.opening[node], day] and c.runs[service, day])


@njit(cache=True, nogil=True, inline="always")
def leaves(c: Any, node: int, service: int, at: int) -> int:
    """Return the local day, i, on which goods that are ready at a minute leave, (4)."""
    if at >= BEYOND:
        return BEYOND
    wall = local(c, c.zone[node], at)
    last = c.order_by[service] if c.order_by[service] >= 0 else c.cutoff[node]
    day = wall // DAY - c.first_day
    if wall % DAY > last:
        day += 1
    while day < c.days:
        if sends(c, node, service, day):
            return int(day)
        day += 1
    return BEYOND


@njit(cache=True, nogil=True, inline="always")
def carried(c: Any, rule: int, day: int, transit: int) -> int:
    """Return the carrier's `transit`-th day after a local day, (5); 0: the first from it on."""
    group = c.carrier[rule]
    k = c.worked[group, day] if transit == 0 else c.worked[group, day + 1] + transit - 1
    return int(c.nth[group, k]) if k < c.days and c.nth[group, k] < c.days else BEYOND


@njit(cache=True, nogil=True, inline="always")
def arrives(c: Any, node: int, service: int, rule: int, day: int, at: int) -> int:
    """Return when a parcel arrives that leaves on local day `day`, its goods ready at `at`, (5)."""
    if day >= BEYOND:
        return BEYOND
    zone = c.to_zone[rule] if c.to_zone[rule] >= 0 else c.zone[node]
    there = carried(c, rule, day, c.transit_days[rule])
    first, last = c.window_start[service], c.window_start[service + 1]
    while there < BEYOND:
        if first == last:
            return int(c.day_end[zone, there])
        for w in range(first, last):
            midnight = (c.first_day + there) * DAY
            if minute_of(c, zone, midnight + c.window_from[w]) >= at:
                return minute_of(c, zone, midnight + c.window_to[w])
        there = carried(c, rule, there, 1)
    return BEYOND


@njit(cache=True, nogil=True, inline="always")
def delivered(c: Any, node: int, service: int, rule: int, at: int) -> int:
    """Return when goods that are ready at a minute arrive by a service's zone rule, (4) (5)."""
    return arrives(c, node, service, rule, leaves(c, node, service, at), at)
