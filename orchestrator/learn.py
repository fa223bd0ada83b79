"""Learn lead times from a scenario's deliveries, keep them by name, replay the past day by day."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.policy import Policy
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.measures import to_json
from omnisource.orchestrator.write import replacing
from omnisource.solvers.leadtime.dates import DEAREST, RULES, Aim, Rule
from omnisource.solvers.leadtime.history import NEVER, History, history_of, region_name
from omnisource.solvers.leadtime.replay import METHODS, Method, lead_times_of, mornings, replay
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.leadtime.week import DAY
from omnisource.solvers.problem import Flags, Ints

FILE: Final = "leadtimes.json"
EPOCH: Final = date(1970, 1, 1)


def learn(world: World, *, now: datetime | None = None) -> LeadTimes:
    """Return the lead times of a world's deliveries, as they were known at a time.

    Called again with the next day's deliveries, it returns the next day's lead times.

    Args:
        world: with `deliveries`.
        now: instead of the scenario's own; its day, UTC, is the last one that counts.

    Raises:
        UnusableInput: no delivery is known to have arrived before.
    """
    history = history_of(world)
    day = days_of((now or world.scenario.now).astimezone(UTC).date()) + 1
    if not (history.arrived < day * DAY).any():
        raise UnusableInput(
            "deliveries: none has arrived, so there is nothing to learn; give delivered_at"
        )
    learned = next(mornings(history, day, day + 1))
    return lead_times_of(learned, history)


def days_of(day: date) -> int:
    """Return a date as days since 1970-01-01.

    >>> days_of(date(1970, 1, 3))
    2
    """
    return (day - EPOCH).days


def save_lead_times(world: World, found: LeadTimes, file: str | Path) -> None:
    """Write lead times as JSON, services and nodes by name.

    Args:
        world: that they were learned from.
        found: what was learned.
        file: overwritten; an earlier one stays until the new one is whole.
    """
    document = {
        "probability": found.probability,
        "edges_km": found.edges_km,
        "services": dict(zip(world.services["service"], found.minutes.round(1), strict=True)),
        "nodes": dict(zip(world.nodes["node"], found.node_factor.round(5), strict=True)),
        "regions": dict(zip(found.region, found.region_factor.round(5), strict=True)),
        "routes": dict(zip(found.origins, found.route_factor.round(5), strict=True)),
        "week": found.week,
    }
    try:
        with replacing(Path(file)) as temporary:
            temporary.write_text(to_json(document) + "\n", encoding="utf-8")
    except OSError as error:
        raise UnusableInput(f"{file}: cannot write there ({error.strerror})") from None


def read_lead_times(world: World, file: str | Path) -> LeadTimes:
    """Read lead times for a world: by name, so that it need not be the one they were learned from.

    A node that they do not know takes as long as the whole, a service as the mean of all services.

    Raises:
        UnusableInput: the file is not there, or holds no lead times.
    """
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
        return _fitted(world, document)
    except OSError:
        raise UnusableInput(
            f"{file}: there is no such file; `omnisource learn` writes one"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableInput(
            f"{file}: these are no lead times ({error}); learn them again with `omnisource learn`"
        ) from None


def learned(world: World, folder: Path | None, file: Path | None = None) -> LeadTimes | None:
    """Return the lead times of a file, or else those that a folder has; None where it has none.

    Raises:
        UnusableInput: the file is not there, or holds no lead times.
    """
    if file is None and folder is not None and (folder / FILE).is_file():
        file = folder / FILE
    return None if file is None else read_lead_times(world, file)


def _fitted(world: World, document: Mapping[str, Any]) -> LeadTimes:
    levels, edges = (np.array(document[name], float) for name in ("probability", "edges_km"))
    services = {name: np.array(table, float) for name, table in document["services"].items()}
    shape = (len(edges) + 1, 7, len(levels))
    if not services or any(table.shape != shape for table in services.values()):
        raise ValueError(f"a service needs minutes of shape {shape}")
    whole = np.mean(list(services.values()), axis=0)
    nodes, regions, routes = (document[name] for name in ("nodes", "regions", "routes"))
    lands, codes = world.nodes["country"], world.nodes["postcode"]
    places = {name: place for place, name in enumerate(routes)}
    origins = [region_name(str(a), str(b), 1) for a, b in zip(lands, codes, strict=True)]
    minutes = [services.get(name, whole) for name in world.services["service"]]
    return LeadTimes(
        probability=levels,
        edges_km=edges,
        minutes=np.array(minutes).reshape(-1, *shape),
        node_factor=np.array([nodes.get(name, 1.0) for name in world.nodes["node"]], float),
        region=tuple(regions),
        region_factor=np.array(list(regions.values()), float).reshape(-1, len(levels)),
        origins=tuple(routes),
        origin=np.array([places.get(name, -1) for name in origins], np.int64),
        route_factor=np.array(list(routes.values()), float).reshape(-1, len(regions)),
        week=np.array(document["week"], float).reshape(7),
    )


@dataclass(frozen=True)
class Kept:
    """How well promises of a group were kept."""

    group: str
    deliveries: int  # known to have arrived
    on_time: float | None
    mean_promised_days: float | None
    mean_days_late: float | None  # of those late
    overdue: int  # not known to have arrived, and the promise has passed

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Replayed:
    """Promises made day by day, and beside them those of `promised_at`."""

    method: str
    aim: Aim
    since: date
    until: date  # the last day
    whole: Kept
    groups: tuple[Kept, ...]
    marketplace: Kept | None
    marketplace_groups: tuple[Kept, ...]

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        own = _listed(self.whole, self.groups)
        theirs = self.marketplace and _listed(self.marketplace, self.marketplace_groups)
        span = {"since": self.since, "until": self.until}
        told = {**span, **asdict(self.aim), "method": self.method, "promised_at": theirs}
        return own | told


def _listed(whole: Kept, groups: tuple[Kept, ...]) -> dict[str, Any]:
    document = whole.document()
    del document["group"]
    return document | {"groups": [group.document() for group in groups]}


def evaluate_promises(
    world: World,
    since: date,
    until: date | None = None,
    *,
    aim: Aim | None = None,
    method: Method = "adaptive",
) -> Replayed:
    """Replay a world's deliveries: what would have been promised each day, and how it was kept.

    Args:
        world: with `deliveries`.
        since: the first day of promises.
        until: the last one; None: that of the last order.
        aim: how a promise weighs days against being late; None: the policy's.
        method: as `omnisource.solvers.leadtime.replay.offers`.

    Raises:
        UnusableInput: the method is unknown, the aim is none, no order was placed in that time,
            or none had arrived before.
    """
    aim = aim_of(world.policy) if aim is None else aim
    _refuse_aimless(aim)
    if method not in METHODS:
        raise UnusableInput(f"no method is called {method!r}; known are {', '.join(METHODS)}")
    history = history_of(world)
    first = days_of(since)
    end = days_of(until) + 1 if until else int(history.day.max(initial=first - 1)) + 1
    asked = (history.day >= first) & (history.day < end)
    if not asked.any():
        raise UnusableInput(f"deliveries: no order was placed from {since} to {until or 'the end'}")
    if not (history.arrived < first * DAY).any():
        raise UnusableInput(f"deliveries: none arrived before {since}; begin later")
    promised = replay(history, first, end, aim=aim, method=method)
    theirs = asked & (history.promised != ABSENT)
    last = EPOCH + timedelta(days=end - 1)
    return Replayed(
        method, aim, since, last, kept("all", history, promised, asked),
        by_region(history, promised, asked),
        kept("all", history, history.promised, theirs) if theirs.any() else None,
        by_region(history, history.promised, theirs),
    )  # fmt: skip


def aim_of(policy: Policy) -> Aim:
    """Return how a policy weighs days against being late."""
    fine = policy.late_fine_days
    return Aim(policy.promised_probability, "quantile" if fine is None else "fine", fine)


def aim_with(
    policy: Policy, *, target: float | None = None, rule: Rule | None = None,
    fine: float | None = None,
) -> Aim:  # fmt: skip
    """Return a policy's aim with what is stated instead.

    A target is stated to be kept, so the policy's fine gives way to it; a fine makes the rule.

    Raises:
        UnusableInput: both are stated, or a fine by quantile.
    """
    if fine is not None and (target is not None or rule == "quantile"):
        raise UnusableInput("--fine DAYS leaves no room for --target or --rule quantile")
    own = aim_of(policy)
    if fine is not None:
        return Aim(own.target, "fine", fine)
    rule = rule or own.rule
    keeps = own.fine if rule == "fine" and target is None else None
    return Aim(own.target if target is None else target, rule, keeps)


def _refuse_aimless(aim: Aim) -> None:
    if aim.rule not in RULES:
        raise UnusableInput(f"no rule is called {aim.rule!r}; known are {', '.join(RULES)}")
    if not 0 < aim.target < 1:
        raise UnusableInput(
            f"the target is {aim.target}: give a share between 0 and 1, such as 0.9"
        )
    if aim.fine is not None and not 1 <= aim.fine <= DEAREST:
        raise UnusableInput(f"the fine is {aim.fine} days: give 1 to {DEAREST:,.0f}, such as 70")


def by_region(history: History, promised: Ints, asked: Flags) -> tuple[Kept, ...]:
    """Return how promises were kept in each region."""
    found = (
        kept(name, history, promised, asked & (history.region == i))
        for i, name in enumerate(history.regions)
    )
    return tuple(group for group in found if group.deliveries)


def kept(group: str, history: History, promised: Ints, asked: Flags) -> Kept:
    """Return how promises were kept: on time is no later than the minute that was promised.

    Only deliveries that are known to have arrived are judged: one that has not may be late, lost or
    cancelled, which a table of deliveries cannot tell. `overdue` counts those whose promise had
    passed by the last news in the table.
    """
    there = history.arrived < NEVER
    news = int(max(history.arrived[there].max(initial=0), history.placed.max(initial=0)))
    judged = asked & there
    late = judged & (history.arrived > promised)
    return Kept(
        group,
        int(judged.sum()),
        1 - float(late.sum() / judged.sum()) if judged.any() else None,
        _mean_days((promised - history.placed)[judged]),
        _mean_days((history.arrived - promised)[late]),
        int((asked & ~there & (promised < news)).sum()),
    )


def _mean_days(minutes: Ints) -> float | None:
    return float(minutes.mean() / DAY) if len(minutes) else None
