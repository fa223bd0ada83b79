"""When parcels come that are not there yet, and how surely all of them by a time.

A parcel's date is learned of others, if it is known of any:

    (1)  by lead times (`omnisource learn`), from when its node was given it: of those that went its
         way and were out as long (solvers/leadtime/under_way.py), unless its carrier has said when
    (2)  else by how late parcels of this database came against their plan, or what the carrier
         said, of those that were as late (solvers/leadtime/remaining.py)
    (3)  else it is that of the plan, without a probability

All of an order is there with the last of its parcels, late apart from each other:

    (4)  P(all by t)  =  Π over parcels that are out of P(parcel by t)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import nan, prod
from typing import Final
from zoneinfo import ZoneInfo

from omnisource.models.lifecycle import Shipment
from omnisource.models.order import Order
from omnisource.models.tracking import Estimate
from omnisource.orchestrator.life.sourcing import Sourcer
from omnisource.solvers.compile.costs import great_circle_km
from omnisource.solvers.leadtime.remaining import Lateness, by_then, quantile
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.leadtime.under_way import Way, chance_by, minutes_at

EARLY: Final = 0.1
"""The probability of the early end of what a customer is told."""


@dataclass(frozen=True)
class Rest:
    """When a parcel comes that is not there yet."""

    by: Callable[[datetime], float | None]  # the probability that it is there by then
    at: Callable[[float], datetime | None]  # by when it is there with a probability


@dataclass(frozen=True, eq=False)
class Learned:
    """Lead times of a network."""

    times: LeadTimes
    source: Sourcer  # whose nodes and services they name

    def rest(self, order: Order, sent: Shipment, now: datetime) -> Rest | None:
        """Return when a parcel comes, (1); None where nothing is known of it."""
        services = self.source.world.services["service"].tolist()
        node = self.source.rows["node"].get(sent.node, -1)
        if sent.service not in services or node < 0:
            return None
        zone = ZoneInfo(str(self.source.world.nodes["timezone"][node]))
        begin = datetime(*sent.day.timetuple()[:3], tzinfo=zone)
        given = sent.given_at or max(begin, order.placed_at)
        local, out = given.astimezone(zone), _minutes(now - given)
        region = self.times.region_of(order.country or "", order.postcode or "")
        way = Way(
            services.index(sent.service), node, self._km(order, node), local.weekday(), region,
            local.hour * 60 + local.minute,
        )  # fmt: skip
        if chance_by(self.times, way, out, out) is None:
            return None

        def at(p: float) -> datetime | None:
            found = minutes_at(self.times, way, out, p)
            return None if found is None else given + timedelta(minutes=round(found))

        return Rest(lambda by: chance_by(self.times, way, out, _minutes(by - given)), at)

    def _km(self, order: Order, node: int) -> float:
        there = (nan if each is None else each for each in (order.lat, order.lon))
        nodes = self.source.world.nodes
        return great_circle_km(*(float(nodes[name][node]) for name in ("lat", "lon")), *there)


@dataclass(frozen=True)
class Clock:
    """Tells dates of an order at one moment."""

    order: Order
    now: datetime
    lateness: Lateness
    target: float  # the probability that dates are told with
    learned: Learned | None = None
    carrier: frozenset[str] = field(default_factory=frozenset)  # shipments whose carrier said when

    def keeps(self, out: Sequence[Shipment], by: datetime | None) -> float | None:
        """Return the probability that all is there by then, (4); None, where it is not known."""
        if by is None:
            return None
        rests = [rest for rest in map(self._rest, out) if rest is not None]
        known = [p for rest in rests if (p := rest.by(by)) is not None]
        return round(prod(known), 4) if len(known) == len(out) else None

    def last(self, out: Sequence[Shipment]) -> Estimate:
        """Return when the last of some parcels comes; each by the root of the probability."""
        planned = [sent.arrives for sent in out if sent.arrives]
        if len(planned) < len(out) or not planned:
            return Estimate(due=None)
        p, rests = self.target ** (1 / len(out)), list(map(self._rest, out))
        due, early = (_latest([rest.at(q) if rest else None for rest in rests]) for q in (p, EARLY))
        if due is None or early is None:
            return Estimate(due=max(planned))
        return Estimate(due=due, probability=self.target, early=early)

    def _rest(self, sent: Shipment) -> Rest | None:
        if self.learned is not None and sent.shipment not in self.carrier:
            found = self.learned.rest(self.order, sent, self.now)
            if found is not None:
                return found
        return self._planned(sent)

    def _planned(self, sent: Shipment) -> Rest | None:
        """Return when a parcel comes by what was planned, (2)."""
        if (arrives := sent.arrives) is None:
            return None
        left = self.lateness.left(sent.service or "", _minutes(self.now - arrives))
        if not len(left):
            return None
        return Rest(
            lambda by: by_then(left, _minutes(by - arrives)),
            lambda p: arrives + timedelta(minutes=quantile(left, p)),
        )


def _latest(times: Sequence[datetime | None]) -> datetime | None:
    """Return the last of some times; None, where one is not known."""
    known = [each for each in times if each is not None]
    return max(known) if len(known) == len(times) else None


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
