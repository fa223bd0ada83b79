"""Plans as options: what a customer is told of the plans that were found for a cart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from omnisource.models.promise import PROMISE_MODES, TAGS, Option, Parcel, ParcelLeg, PromiseMode
from omnisource.solvers.quote.asked import GROUPS, Ask
from omnisource.solvers.quote.desk import Desk
from omnisource.solvers.quote.hold import Way, holds, holds_lanes, leaves, legs, takes
from omnisource.solvers.quote.plans import Quotes
from omnisource.solvers.routes.direct import COUNTER

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

    def text(self, minute: int) -> str:
        """Return it as text."""


class Sent(NamedTuple):
    """A shipment, in the rows of the world; as in `Quotes`."""

    node: int
    service: int
    row: int
    rule: int
    content: int
    due: int
    cents: int
    grams: int
    hub: int
    path: int
    at: int
    joins: int


_sent: Final[Callable[[tuple[int, ...]], Sent]] = partial(tuple.__new__, Sent)
"""`Sent._make`, without a call of Python's for each."""


class Offered(NamedTuple):
    """A plan that is offered, in the rows of the world and in minutes."""

    mode: PromiseMode
    services: tuple[int, ...]  # each once, COUNTER for the counter
    arrives: int  # minutes
    likely: float
    cents: int
    priced: float  # cents
    grams: int  # of CO2
    nodes: tuple[int, ...]  # each once
    tags: tuple[str, ...]
    parcels: int
    shipments: slice  # of `Quotes`


@dataclass(frozen=True, eq=False)
class Telling:
    """The plans found for one question, and how to tell them."""

    by: Teller
    ask: Ask
    groups: list[str]
    found: Quotes
    now: int | None = None  # when it was asked, if goods are waited for until `ask.now`

    @cached_property
    def sent(self) -> list[Sent]:
        """The shipments of all plans."""
        found = self.found
        columns = (
            found.node, found.service, found.row, found.rule, found.content, found.due,
            found.bill, found.emits, found.hub, found.path, found.at, found.joins,
        )  # fmt: skip
        return list(map(_sent, zip(*(column.tolist() for column in columns), strict=True)))

    def offered(self) -> list[Offered]:
        """Return the plans that are offered, the cheapest first."""
        found, sent = self.found, self.sent
        columns = (found.group, found.arrives, found.priced, found.cents, found.grams, found.likely)
        group, arrives, priced, cents, grams, likely = (column.tolist() for column in columns)
        start, parcels, kept, figures = found.start.tolist(), found.parcels.tolist(), [], []
        for price, at, q in sorted(zip(priced, arrives, range(len(group)), strict=True)):
            shipments = sent[start[q] : start[q + 1]]
            mode = self._mode(self.groups[group[q]], shipments)
            if mode is not None:
                kept.append((q, mode, shipments))
                figures.append((price, at, grams[q], parcels[q]))
        return [
            Offered(
                mode, tuple({s.service: None for s in shipments}), arrives[q], likely[q], cents[q],
                priced[q], grams[q], tuple({s.node: None for s in shipments}), tags, parcels[q],
                slice(start[q], start[q + 1]),
            )
            for (q, mode, shipments), tags in zip(kept, tagged(figures), strict=True)
        ]  # fmt: skip

    def options(self) -> tuple[Option, ...]:
        """Return them as options, the cheapest first."""
        told, now, awaits = self.by.told, self.by.told(self.ask.now), None
        if self.now is not None:
            now, awaits = told(self.now), now
        return tuple(
            Option(
                row.mode,
                self.services(row.services),
                told(row.arrives),
                row.likely,
                row.cents,
                row.priced,
                self.fee(row.services),
                row.parcels,
                row.grams,
                tuple(self.by.names["node"][n] for n in row.nodes),
                now,
                row.tags,
                partial(self.parcels, row),
                partial(self._expires, row),
                awaits,
                self.ask.channel,
            )
            for row in self.offered()
        )

    def services(self, used: tuple[int, ...]) -> str:
        """Return the names of services, the counter's left out."""
        return "+".join([self.by.names["service"][v] for v in used if v != COUNTER])

    def fee(self, used: tuple[int, ...]) -> int:
        """Return what the customer pays for services: the dearest one's fee, cents."""
        return max([self.by.fees[v] for v in used])

    def _expires(self, row: Offered) -> datetime:
        return self.by.told(self.expires(row))

    def expires(self, row: Offered) -> int:
        """Return the minute until when the same parcels, asked for then, would keep the date."""
        if self.now is not None:
            return self.now + HOLD_MINUTES
        desk, ask, now = self.by.desk, self.ask, self.ask.now
        last, learned = now + HOLD_MINUTES, desk.sure.times is not None
        for sent in self.sent[row.shipments]:
            if last <= now:
                break
            if sent.path >= 0:
                last = holds_lanes(desk, ask, self._way(sent), minutes=last - now)
            elif sent.service != COUNTER:
                node, service, due = sent.node, sent.service, sent.due
                if learned:
                    last = min(last, due - takes(desk, ask, (node, service, sent.row), row.parcels))
                last = holds(desk, now, (node, service, sent.rule, due), last - now)
        return last

    def _way(self, sent: Sent) -> Way:
        """Return how a shipment goes over lanes."""
        return sent.node, sent.hub, self.ask.store, sent.path

    def _mode(self, group: str, shipments: Sequence[Sent]) -> PromiseMode | None:
        """Return what an option is called; None where another group has it already.

        To the door it is named by what arrives last, so that nobody is told "express" of a cart
        whose last parcel comes by standard.
        """
        if group == "home" and len(shipments) == 1:
            return self.by.modes[shipments[0].service]
        if group == "home":
            last = max([sent.due for sent in shipments])
            late = {self.by.modes[sent.service] for sent in shipments if sent.due == last}
            return next(mode for mode in PROMISE_MODES if mode in late)
        if group == "ship_to_store" and "collect" in self.groups:
            at_counter = all(sent.service == COUNTER for sent in shipments)
            return None if at_counter else "ship_to_store"
        return group  # type: ignore[return-value]

    def parcels(self, row: Offered) -> tuple[Parcel, ...]:
        """Return the shipments of a plan, as they will be reserved.

        When they leave is told on the node's own clock: its day is the one that is planned.
        """
        number, shipments = 0, []
        for sent in self.sent[row.shipments]:
            number += not sent.joins
            shipments.append(self._shipment(sent, number))
        return tuple(shipments)

    def _shipment(self, sent: Sent, number: int) -> Parcel:
        names, told, over = self.by.names, self.by.told, self._legs(sent)
        leaving = int(over[0].departs.timestamp()) // 60 if over else self.leaves(sent)
        return Parcel(
            names["node"][sent.node],
            "" if sent.service == COUNTER else names["service"][sent.service],
            self.to(sent.row),
            tuple((names["sku"][sku], held) for sku, held in self.contents(sent.content)),
            told(leaving).astimezone(self.clock(sent.node)),
            told(sent.due),
            sent.cents,
            sent.grams,
            tuple(leg.start for leg in over[1:]),
            over,
            number,
        )

    def _legs(self, sent: Sent) -> tuple[ParcelLeg, ...]:
        """Return the legs of a shipment over lanes, none where it takes none."""
        if sent.path < 0:
            return ()
        told, out = self.by.told, (sent.service, sent.row, sent.at, sent.due)
        return tuple(
            ParcelLeg(leg.start, leg.end, leg.service, told(leg.departs), told(leg.arrives))
            for leg in legs(self.by.desk, self.ask, self._way(sent), out)
        )

    def leaves(self, sent: Sent) -> int:
        """Return the minute that a parcel leaves; over the counter when it is handed over."""
        if sent.service == COUNTER:
            return sent.due
        return leaves(self.by.desk, self.ask.now, sent.node, sent.service)

    def to(self, row: int) -> str:
        """Return the store that a row's parcels go to, "" for the door."""
        return "" if row in GROUPS["home"] else self.by.names["node"][self.ask.store]

    def clock(self, node: int) -> ZoneInfo:
        """Return the time zone of a node."""
        return ZoneInfo(self.by.desk.world.nodes["timezone"][node])

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
    order = sorted(range(len(figures)), key=figures.__getitem__)
    tags: list[tuple[str, ...]] = [()] * len(figures)
    for column, tag in enumerate(TAGS if figures else ()):
        values = [figures[i][column] for i in order]
        best = order[values.index(min(values))]
        tags[best] += (tag,)
    return tags
