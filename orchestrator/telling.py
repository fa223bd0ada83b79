"""Plans as options: what a customer is told of the plans that were found for a cart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from omnisource.models.promise import PROMISE_MODES, TAGS, Option, Parcel, ParcelLeg, PromiseMode
from omnisource.solvers.asked import GROUPS, Ask
from omnisource.solvers.desk import Desk
from omnisource.solvers.desk_hold import Way, holds, holds_lanes, leaves, legs, takes
from omnisource.solvers.quote_plans import Quotes
from omnisource.solvers.routes import COUNTER

HOLD_MINUTES: Final = 15
"""Minutes that a quote stands at the most."""


class Teller(Protocol):
    """What is asked of a promiser: the world, its names, and how times are told."""

    @property
    def desk(self) -> Desk:
        """The world, prepared."""

    @property
    def modes(self) -> tuple[PromiseMode, ...]:
        """Of each service to the door."""

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Of nodes, services and products."""

    @property
    def fees(self) -> tuple[int, ...]:
        """(V+1,) cents, the counter's last."""

    def told(self, minute: int) -> datetime:
        """Return a minute as the time that people are told."""


@dataclass(frozen=True, eq=False)
class Telling:
    """The plans found for one question, and how to tell them."""

    by: Teller
    ask: Ask
    groups: list[str]
    found: Quotes
    now: int | None = None  # when it was asked, if goods are waited for until `ask.now`

    def options(self) -> tuple[Option, ...]:
        """Return them as options, the cheapest first."""
        found = self.found
        columns = (found.group, found.arrives, found.priced, found.cents, found.grams, found.start)
        group, arrives, priced, cents, grams, start = (column.tolist() for column in columns)
        node, service, due = (c.tolist() for c in (found.node, found.service, found.due))
        likely = found.likely.tolist()
        parcels = found.parcels.tolist()
        kept: list[tuple[int, PromiseMode]] = []
        for q in sorted(range(len(group)), key=lambda q: (priced[q], arrives[q])):
            sent, ends = service[start[q] : start[q + 1]], due[start[q] : start[q + 1]]
            mode = self._mode(self.groups[group[q]], sent, ends)
            if mode is not None:
                kept.append((q, mode))
        tags = tagged([(priced[q], arrives[q], grams[q], parcels[q]) for q, _ in kept])
        told, now, awaits = self.by.told, self.by.told(self.ask.now), None
        if self.now is not None:
            now, awaits = told(self.now), now
        options = []
        for (q, mode), named in zip(kept, tags, strict=True):
            nodes = tuple(dict.fromkeys(node[start[q] : start[q + 1]]))
            used = tuple(dict.fromkeys(service[start[q] : start[q + 1]]))
            options.append(
                Option(
                    mode,
                    self._services(used),
                    told(arrives[q]),
                    likely[q],
                    cents[q],
                    priced[q],
                    max(self.by.fees[v] for v in used),
                    parcels[q],
                    grams[q],
                    tuple(self.by.names["node"][n] for n in nodes),
                    now,
                    named,
                    partial(self.parcels, q),
                    partial(self.expires, q),
                    awaits,
                    self.ask.channel,
                )
            )
        return tuple(options)

    def _services(self, used: tuple[int, ...]) -> str:
        return "+".join(self.by.names["service"][v] for v in used if v != COUNTER)

    def expires(self, q: int) -> datetime:
        """Return until when the same parcels, asked for then, would keep the date."""
        if self.now is not None:
            return self.by.told(self.now + HOLD_MINUTES)
        found, last = self.found, self.ask.now + HOLD_MINUTES
        first, end = int(found.start[q]), int(found.start[q + 1])
        parcels, desk = int(found.parcels[q]), self.by.desk
        for s in range(first, end):
            parcel = int(found.node[s]), int(found.service[s]), int(found.row[s])
            if found.path[s] >= 0 and last > self.ask.now:
                minutes = last - self.ask.now
                last = holds_lanes(desk, self.ask, self._way(s), minutes=minutes)
            elif parcel[1] != COUNTER and last > self.ask.now:
                due = int(found.due[s])
                last = min(last, due - takes(desk, self.ask, parcel, parcels))
                last = holds(desk, self.ask, parcel, due, minutes=last - self.ask.now)
        return self.by.told(last)

    def _way(self, s: int) -> Way:
        """Return how a shipment goes over lanes."""
        found = self.found
        return int(found.node[s]), int(found.hub[s]), self.ask.store, int(found.path[s])

    def _mode(self, group: str, service: list[int], due: list[int]) -> PromiseMode | None:
        """Return what an option is called; None where another group has it already.

        To the door it is named by what arrives last, so that nobody is told "express" of a cart
        whose last parcel comes by standard.
        """
        if group == "home":
            last = max(due)
            late = {self.by.modes[v] for v, at in zip(service, due, strict=True) if at == last}
            return next(mode for mode in PROMISE_MODES if mode in late)
        if group == "ship_to_store" and "collect" in self.groups and set(service) == {COUNTER}:
            return None
        return group  # type: ignore[return-value]

    def parcels(self, q: int) -> tuple[Parcel, ...]:
        """Return the shipments of a plan, as they will be reserved.

        When they leave is told on the node's own clock: its day is the one that is planned.
        """
        found, number, shipments = self.found, 0, []
        for s in range(int(found.start[q]), int(found.start[q + 1])):
            number += not found.joins[s]
            shipments.append(self._shipment(s, number))
        return tuple(shipments)

    def _shipment(self, s: int, number: int) -> Parcel:
        found, names, told = self.found, self.by.names, self.by.told
        node, service = int(found.node[s]), int(found.service[s])
        leaving, over = int(found.due[s]), self._legs(s)
        if over:
            leaving = int(over[0].departs.timestamp()) // 60
        elif service != COUNTER:
            leaving = leaves(self.by.desk, self.ask.now, node, service)
        return Parcel(
            names["node"][node],
            "" if service == COUNTER else names["service"][service],
            "" if found.row[s] in GROUPS["home"] else names["node"][self.ask.store],
            tuple((names["sku"][sku], held) for sku, held in self.contents(int(found.content[s]))),
            told(leaving).astimezone(ZoneInfo(self._clock(node))),
            told(int(found.due[s])),
            int(found.bill[s]),
            int(found.emits[s]),
            tuple(leg.start for leg in over[1:]),
            over,
            number,
        )

    def _legs(self, s: int) -> tuple[ParcelLeg, ...]:
        """Return the legs of a shipment over lanes, none where it takes none."""
        found, told = self.found, self.by.told
        if found.path[s] < 0:
            return ()
        out = int(found.service[s]), int(found.row[s]), int(found.at[s]), int(found.due[s])
        return tuple(
            ParcelLeg(leg.start, leg.end, leg.service, told(leg.departs), told(leg.arrives))
            for leg in legs(self.by.desk, self.ask, self._way(s), out)
        )

    def _clock(self, node: int) -> str:
        return str(self.by.desk.world.nodes["timezone"][node])

    def contents(self, state: int) -> list[tuple[int, int]]:
        """Return (SKU, units) of a content, in mixed radix over units + 1, first line fastest."""
        held = []
        for sku, asked in zip(self.ask.sku, self.ask.units, strict=True):
            state, units = divmod(state, asked + 1)
            if units:
                held.append((sku, units))
        return held


def together(options: Sequence[Option]) -> tuple[Option, ...]:
    """Return options of several answers as one offer: the cheapest first, tags given anew."""
    rows = sorted(options, key=lambda o: (o.priced_cents, o.promise_at))
    figures = [
        (o.priced_cents, int(o.promise_at.timestamp()), o.grams_co2, o.parcels) for o in rows
    ]
    pairs = zip(rows, tagged(figures), strict=True)
    return tuple(replace(option, tags=tags) for option, tags in pairs)


def tagged(figures: Sequence[tuple[float, int, int, int]]) -> list[tuple[str, ...]]:
    """Name the best of (price, arrival, CO2, parcels); of several the cheapest, then the first.

    >>> tagged([(500.0, 9, 70, 2), (600.0, 9, 70, 1)])
    [('cheapest', 'fastest', 'greenest'), ('fewest-parcels',)]
    """

    def better(column: int) -> int:
        return min(range(len(figures)), key=lambda i: (figures[i][column], figures[i], i))

    best = [better(column) for column in range(len(TAGS) if figures else 0)]
    return [
        tuple(tag for tag, at in zip(TAGS, best, strict=True) if at == i)
        for i in range(len(figures))
    ]
