"""History day by day: what was learned each morning, and what was promised with it.

A day begins at midnight on the clock of the node that ships. What is learned that morning comes
from orders placed and arrivals known before; a promise is the end of a day, as
marketplaces state it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from omnisource.solvers.leadtime import conformal, pace
from omnisource.solvers.leadtime.dates import Aim, chances, days_for, fine_on
from omnisource.solvers.leadtime.history import BANDS, NEVER, History
from omnisource.solvers.leadtime.table import LEVELS, LeadTimes
from omnisource.solvers.leadtime.week import DAY, week_of
from omnisource.solvers.problem import Floats, Ints

Method = Literal["adaptive", "rolling", "frozen"]
METHODS: Final[tuple[Method, ...]] = ("adaptive", "rolling", "frozen")
WARM: Final = 80
"""Days of scores gathered before the first promise; γ to that power is 0.02."""
WINDOW: Final = 60
"""Days of arrivals that the rolling quantile looks at."""
MOMENT: Final = 1 / DAY
"""Days that even the quickest takes."""
RECENT: Final = 28
"""Days of orders that a fine is found from."""
FIRST_GUESS: Final = 1.0
"""Logarithm of days, where nothing has arrived."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What is known on a morning."""

    day: int  # days since 1970-01-01
    edges_km: Floats
    groups: dict[str, Ints]  # by effect, the group of every delivery
    week: Floats  # (7,) how open each weekday is
    pace: pace.Pace
    foreseen: Floats  # (D,) the lasting part of the forecast on the morning of placing, else NaN
    level: Floats  # (D,) the passing part of the same
    table: conformal.LifeTable


def begin(history: History, day: int) -> Learned:
    """Return what is known on a morning before any score is gathered."""
    before = history.km[(history.day < day) & ~np.isnan(history.km)]
    shares = np.linspace(0, 1, BANDS + 1)[1:-1]
    edges = np.unique(np.quantile(before, shares)) if len(before) else np.zeros(0)
    groups = {
        "service": history.service,
        "band": np.searchsorted(edges, history.km),
        "weekday": history.weekday,
        "region": history.region,
        "district": history.district,
        "node": history.node,
        "route": history.route,
    }
    sizes = {"service": history.services, "band": len(edges) + 1, "weekday": 7,
             "region": len(history.regions), "district": len(history.districts),
             "node": history.nodes,
             "route": len(history.origins) * len(history.regions)}  # fmt: skip
    there, week = history.arrived < day * DAY, week_on(history, day)
    took = pace.log_days(week, history.placed[there], history.arrived[there])
    mean = float(np.median(took)) if len(took) else FIRST_GUESS
    found = pace.fit(pace.start(sizes, mean), history, groups, day, week=week, rounds=8)
    unknown = np.full(len(history.placed), np.nan)
    table = conformal.empty(len(history.regions))
    return _foreseeing(Learned(day, edges, groups, week, found, unknown, unknown, table), history)


def next_day(learned: Learned, history: History) -> Learned:
    """Return what is known a morning later: a day's arrivals and silence more."""
    day = learned.day + 1
    week = week_on(history, day)
    found = pace.fit(learned.pace, history, learned.groups, day, week=week)
    now = replace(learned, day=day, week=week, pace=found)
    return _foreseeing(replace(now, table=_scored(now, history)), history)


def week_on(history: History, day: int) -> Floats:
    """Return the carriers' week as the arrivals before a morning show it."""
    recent = (history.arrived < day * DAY) & (history.arrived >= (day - pace.SPAN) * DAY)
    return week_of(history.arrived[recent])


def _foreseeing(learned: Learned, history: History) -> Learned:
    """Note what is foreseen this morning of today's orders."""
    rows = np.flatnonzero(history.day == learned.day)
    if not len(rows):
        return learned
    mine = {name: column[rows] for name, column in learned.groups.items()}
    today = np.full(len(rows), pace.SPAN)
    foreseen, level = learned.foreseen.copy(), learned.level.copy()
    foreseen[rows] = pace.static_of(learned.pace, mine)
    level[rows] = pace.level_of(learned.pace, history.region[rows], today)
    return replace(learned, foreseen=foreseen, level=level)


def _scored(learned: Learned, history: History) -> conformal.LifeTable:
    """Return the life table with yesterday's arrivals and silence.

    The lasting part is that of the morning of placing. The level of the days of placing is as it
    is known by now: it was passing, and what tomorrow's orders meet is today's.
    """
    morning, noon = (learned.day - 1) * DAY, learned.day * DAY
    rows = np.flatnonzero(
        (history.placed < noon) & (history.arrived >= morning)
        & (history.placed >= noon - pace.SPAN * DAY) & ~np.isnan(learned.foreseen)
    )  # fmt: skip
    placed, arrived, region = history.placed[rows], history.arrived[rows], history.region[rows]
    back = history.day[rows] - (learned.day - pace.SPAN)
    scale = learned.foreseen[rows] + pace.level_of(learned.pace, region, back)
    fresh = placed >= morning
    begun, ended = (
        pace.log_days(learned.week, placed, until, MOMENT) - scale
        for until in (np.maximum(morning, placed), np.minimum(arrived, noon))
    )
    begun = np.where(fresh, -np.inf, begun)
    lost = history.placed[rows] < noon - pace.LOST * DAY
    keep = ~lost
    return conformal.add_day(
        learned.table,
        before=begun[keep],
        after=ended[keep],
        arrived=(arrived < noon)[keep],
        region=region[keep],
    )


def lead_times_of(learned: Learned, history: History, scores: Floats | None = None) -> LeadTimes:
    """Return the lead times that hold on that morning.

    Args:
        learned: what is known.
        history: the deliveries that it was learned from.
        scores: (1+G, Q) quantiles of the score, of the whole and by region, where not those of
            the life table.
    """
    levels = np.array(LEVELS)
    if scores is None:
        scores = conformal.quantiles(conformal.survival(learned.table), levels)
    found, mine = learned.pace, recent_groups(learned, history)
    service, band, weekday = (found.effects[n] for n in ("service", "band", "weekday"))
    node, by_node = _centred(found.effects["node"], mine["node"])
    district, by_district = _centred(found.effects["district"], mine["district"])
    region, by_region = _centred(
        found.effects["region"] + found.region_level[:, -1], mine["region"]
    )
    route, by_route = _centred(found.effects["route"], mine["route"])
    whole = found.mean + found.level[-1] + by_node + by_district + by_region + by_route
    grid = whole + service[:, None, None] + band[:, None] + weekday
    factor = np.exp(region[:, None] + scores[1:] - scores[0])
    fine = [i for i, name in enumerate(history.districts) if name not in history.regions]
    within = [history.regions.index(history.districts[i][:-1]) for i in fine]
    narrower = np.exp(district[fine])[:, None] * factor[within]
    routes = np.exp(route).reshape(len(history.origins), len(history.regions))
    return LeadTimes(
        probability=levels,
        edges_km=learned.edges_km,
        minutes=np.exp(grid[..., None] + scores[0]) * DAY,
        node_factor=np.exp(node),
        region=(*history.regions, *(history.districts[i] for i in fine)),
        region_factor=np.concatenate([factor, narrower]),
        origins=history.origins,
        origin=history.origin,
        route_factor=np.concatenate([routes, routes[:, within]], axis=1),
        week=learned.week,
    )


def recent_groups(learned: Learned, history: History) -> dict[str, Ints]:
    """Return the groups of the orders that the morning's pace was found from."""
    rows = (history.day < learned.day) & (history.day >= learned.day - pace.SPAN)
    return {name: column[rows] for name, column in learned.groups.items()}


def _centred(effect: Floats, group: Ints) -> tuple[Floats, float]:
    """Return an effect against the mean delivery's, and that: what holds where it is not known."""
    mean = float(effect[group].mean()) if len(group) else 0.0
    return effect - mean, mean


def mornings(history: History, since: int, until: int) -> Iterator[Learned]:
    """Yield what is known on each morning, from a day to the one before another."""
    learned = begin(history, since - WARM)
    while learned.day < until:
        if learned.day >= since:
            yield learned
        learned = next_day(learned, history)


def offers(
    history: History, since: int, until: int, method: Method = "adaptive"
) -> Iterator[tuple[int, LeadTimes]]:
    """Yield each day and the lead times that its orders are promised with.

    Args:
        history: all deliveries; each morning sees what was known by then.
        since: first day of promises, days since 1970-01-01.
        until: the day after the last.
        method: `adaptive`; `frozen` learns nothing after `since`; `rolling` takes a plain quantile
            of the scores of the last `WINDOW` days' arrivals against the frozen forecast.
    """
    if method == "adaptive":
        for learned in mornings(history, since, until):
            yield learned.day, lead_times_of(learned, history)
        return
    for first in mornings(history, since, min(until, since + 1)):
        for day in range(since, until):
            scores = None if method == "frozen" else rolling_scores(first, history, day)
            yield day, lead_times_of(first, history, scores)


def rolling_scores(learned: Learned, history: History, day: int) -> Floats:
    """Return plain quantiles of recent arrivals' scores, the same for all regions, (1+G, Q)."""
    recent = (history.arrived < day * DAY) & (history.arrived >= (day - WINDOW) * DAY)
    mine = {name: column[recent] for name, column in learned.groups.items()}
    today = np.full(int(recent.sum()), pace.SPAN)
    foreseen = pace.static_of(learned.pace, mine)
    foreseen = foreseen + pace.level_of(learned.pace, history.region[recent], today)
    took = pace.log_days(learned.week, history.placed[recent], history.arrived[recent])
    row = np.quantile(took - foreseen, LEVELS) if len(took) else np.zeros(len(LEVELS))
    return np.tile(row, (1 + len(history.regions), 1))


def replay(
    history: History, since: int, until: int, *, aim: Aim, method: Method = "adaptive"
) -> Ints:
    """Return what would have been promised, (D,) local minutes; NEVER where nobody asked.

    Args:
        history: all deliveries.
        since: first day of promises, days since 1970-01-01.
        until: the day after the last.
        aim: how a promise weighs days against being late.
        method: as `offers`.
    """
    promised = np.full(len(history.placed), NEVER)
    for day, lead_times in offers(history, since, until, method):
        rows = np.flatnonzero(history.day == day)
        if len(rows):
            recent = np.flatnonzero((history.day < day) & (history.day >= day - RECENT))
            fine = fine_on(aim, lead_times, history, recent if len(recent) else rows)
            days = days_for(aim, chances(lead_times, history, rows), fine)
            promised[rows] = (day + 1 + days) * DAY
    return promised
