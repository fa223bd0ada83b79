"""The desk: a world and its prices, prepared once for any number of carts.

What does not depend on the cart is the night's own scene without orders. A cart is then a few rows
of `Inputs` (one to the door, one over the counter, …), all with the same lines, which the compiled
solvers/quote/front.py answers. Nothing here has a clock: `now` is an argument, and what the nodes'
clocks say at one minute is kept for the next question in the same minute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np

from omnisource.models.promise import PromiseMode
from omnisource.models.world import SERVICE_KINDS, Table, World
from omnisource.solvers.compile.available import NO_CHANNEL, channel_codes
from omnisource.solvers.compile.candidates import Inputs
from omnisource.solvers.compile.world import scene
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import Flags, Ints, Prices, Problem
from omnisource.solvers.quote.asked import GROUPS, KINDS, Ask
from omnisource.solvers.quote.atp import atp, promisable
from omnisource.solvers.quote.days_left import Days, days_sent, on_days
from omnisource.solvers.quote.desk_times import WEEK, Times, Week, times, week
from omnisource.solvers.quote.front import Groups, quotes
from omnisource.solvers.quote.known import Known, day_ends
from omnisource.solvers.quote.lanes import NOTHING_OVER, Laned, laned, plain
from omnisource.solvers.quote.later import Due, due, later
from omnisource.solvers.quote.over_lanes import Over
from omnisource.solvers.quote.plans import Quotes, uncropped
from omnisource.solvers.quote.rows import cart_rows
from omnisource.solvers.quote.slots import Booked, booked, with_room
from omnisource.solvers.quote.surety import Sure, days_learned, surety
from omnisource.solvers.routes.clock_tables import horizon
from omnisource.solvers.routes.clocks import DAY
from omnisource.solvers.routes.direct import tried_zones

COUNTER_ONLY: Final = ("collect", "reserve")
"""Groups that are served by what lies at the store alone."""
KEPT: Final = 1 << 16
"""Minutes, destinations and sorts of customer of which it is remembered what holds there."""

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Desk:
    """A world, prepared; see `desk`."""

    world: World
    data: Inputs
    zone_of: Ints  # (T,) a number for each zone, by the first row of its tariff
    rules: tuple[str, ...]  # the rule of each fence bit
    prices: tuple[Any, Any, Any]
    room: tuple[Ints, Ints]
    zones: Table  # the zone rules, in the order in which they are tried
    days: int  # for which clocks are built beyond the week that is asked in
    sure: Sure
    due: Due
    booked: Booked
    left: Days | None  # of each day; none: `room` is that of every day
    lanes: Laned | None  # none where there are none
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def known(self, key: Any, make: Callable[[], Made]) -> Made:
        """Return what was made for that key before, or make it."""
        if key not in self.memo:
            if len(self.memo) >= KEPT:
                self.memo.clear()
            self.memo[key] = make()
        found: Made = self.memo[key]
        return found

    def at(self, now: int) -> Times:
        """Return what the clocks say at a minute."""
        return self.known(now, lambda: times(now, self._week(now)))

    def _week(self, now: int) -> Week:
        """Return the clocks of the week of a minute."""
        begin = now // WEEK * WEEK
        days = self.days + WEEK // DAY
        return self.known(
            ("week", begin), lambda: week(self.world, self.zones, (begin, days), self.booked)
        )

    def units(self, channel: str) -> Ints:
        """Return, (R,), the units of each cell that a channel may sell."""
        units = self.data.cell_units
        if not self.world.allotments.rows:
            return units
        known = self.by_channel()
        if channel not in known:
            known[channel] = mine = units.copy()
            for cell in np.flatnonzero(self._fenced()).tolist():
                mine[cell] = self._sellable(cell, channel)
        return known[channel]

    def _fenced(self) -> Ints:
        """Return, (R,), the allotments of each cell."""
        start = self.known("atp", lambda: atp(self.world)).fence_start
        return self.known("fenced", lambda: np.diff(start)[: len(self.data.cell_units)])

    def by_channel(self) -> dict[str, Ints]:
        """Return the units of each cell by channel, as far as they have been asked for."""
        return self.known("channels", dict)

    def _sellable(self, cell: int, channel: str) -> int:
        known = self.known("atp", lambda: atp(self.world))
        most = promisable(known, cell, self._code(channel), self.world.now)
        return min(int(self.data.cell_units[cell]), most)

    def see(self, cell: int, units: int) -> None:
        """Set what is free of a cell, for every channel; the arrays are ours to change."""
        self.data.cell_units[cell] = units
        for channel, mine in self.by_channel().items():
            fenced = np.diff(
                self.known("atp", lambda: atp(self.world)).fence_start[cell : cell + 2]
            )
            mine[cell] = self._sellable(cell, channel) if fenced.any() else units

    def of_minute(self, now: int) -> dict[Any, Any]:
        """Return what is known of a minute alone: forgotten when another is asked in."""
        last = self.memo.get("minute")
        if last is None or last[0] != now:
            self.memo["minute"] = last = now, {}
        found: dict[Any, Any] = last[1]
        return found

    def sorts(self, now: int) -> list[int]:
        """Return, (N,), of which sort each node is: nodes of one sort have the same clocks."""
        known = self.of_minute(now)
        if "sorts" not in known:
            known["sorts"] = self._week(now).sort.tolist()
        found: list[int] = known["sorts"]
        return found

    def kinds(self, modes: tuple[PromiseMode, ...], group: str) -> Flags:
        """Return, (V+1,), the services by which a group may be served where those modes may."""
        kind = self.world.services["kind"]
        allowed = np.ones(len(kind) + 1, bool)
        if group in ("home", "mixed"):
            named = [k for mode, kinds in KINDS.items() if mode in modes for k in kinds]
            codes = [SERVICE_KINDS.index(name) for name in named]
            allowed[:-1] = np.isin(kind, codes)
        return allowed

    def groups(self, ask: Ask) -> list[str]:
        """Return the groups that a question is about."""
        modes, found = set(ask.modes), []
        if ask.home and modes & set(KINDS):
            found.append("home")
        if ask.store >= 0:
            found += [name for name in ("collect", "reserve", "ship_to_store") if name in modes]
            if ask.home and "mixed" in modes:
                found.append("mixed")
        return found

    def answer(self, ask: Ask, groups: Sequence[str] | None = None) -> tuple[list[str], Quotes]:
        """Return the groups asked for, and the plans worth offering in each."""
        names = self.groups(ask) if groups is None else list(groups)
        scene = self.inputs(ask), self.prices, self.surely(ask)
        return names, self._quotes(ask, names, scene)

    def _quotes(self, ask: Ask, names: list[str], scene: tuple[Inputs, Any, Known]) -> Quotes:
        data, prices, known = scene
        rows, kinds = self.known((*names, ask.modes), lambda: self._shape(names, ask.modes))
        asked = Groups(rows, kinds, np.full(len(names), ask.most, np.int64))
        over = self.over(ask, names, (data, known))
        found = quotes(data, asked, prices, (self.room_at(ask.now), known), plain(over))
        return uncropped(*found)

    def over(self, ask: Ask, names: Sequence[str], scene: tuple[Inputs, Known]) -> Over:
        """Return all that a cart, received in those groups, can have over lanes."""
        if self.lanes is None:
            return NOTHING_OVER
        data, known = scene
        times, full = self.at(ask.now), self._week(ask.now).full
        room = partial(with_room, times.clocks, full)
        return self.lanes.over(ask, (data, known, times), names, known=self.known, room=room)

    def awaited(self, ask: Ask, group: str) -> tuple[Ask, Quotes] | None:
        """Return the plans of a group once goods have come that are due; None if none ever are.

        All of the cart is then asked for when the last of what it needs has arrived. The answer's
        question has that minute.
        """
        receipts = self.due.of(ask.sku)
        at_store = self.world.receipts["node"][receipts] == ask.store
        if not len(receipts) or (group in COUNTER_ONLY and not at_store.any()):
            return None
        cells = later(self.world, self.data, self.due, ask)
        if cells is None:
            return None
        for minute in cells.times:
            asked = replace(ask, now=minute)
            data = cells.inputs(self.inputs(asked), self._code(ask.channel), minute)
            prices = (cells.own(self.prices[0]), *self.prices[1:])
            found = self._quotes(asked, [group], (data, prices, cells.known(self.surely(asked))))
            if len(found.group):
                return asked, found
        return None

    def _code(self, channel: str) -> int:
        return channel_codes(self.world).get(channel, NO_CHANNEL)

    def surely(self, ask: Ask) -> Known:
        """Return what is known, when a cart is asked for, of how its parcels fare."""
        c = self.at(ask.now).clocks
        base = self.sure.of(self.regions(ask), sum(ask.units), self.known)
        found = base._replace(
            now=ask.now, by=ask.by, zone=c.zone, to_zone=c.to_zone,
            offset_start=c.offset_start, offset_from=c.offset_from, offset=c.offset,
            day_end=c.day_end, first_day=c.first_day,
        )  # fmt: skip
        if self.sure.times is None:
            return found
        of_minute = self.of_minute(ask.now)
        if "ends" not in of_minute:
            of_minute["ends"] = day_ends(found)
        asked, until = of_minute["ends"]
        return found._replace(asked=asked, until=until)

    def regions(self, ask: Ask) -> tuple[int, int]:
        """Return the regions of the door and of the store, as lead times know them."""
        if self.sure.times is None:
            return -1, -1
        nodes, at, region_of = self.world.nodes, max(ask.store, 0), self.sure.times.region_of
        store = nodes["country"][at], nodes["postcode"][at]
        return region_of(ask.country, ask.postcode), region_of(*store)

    def room_at(self, now: int) -> tuple[Ints, Ints]:
        """Return, (N,) each, the shipments and units left of the day on which a node would send."""
        return (
            self.room if self.left is None else self.known(("room", now), lambda: self._left(now))
        )

    def _left(self, now: int) -> tuple[Ints, Ints]:
        assert self.left is not None
        return on_days(self.left, self.sent_on(now))

    def sent_on(self, now: int) -> Ints:
        """Return, (N,), the day on which a node would send, in days since 1970-01-01."""

        def make() -> Ints:
            sort, times = self._week(now).sort, self.at(now)
            return days_sent(times.clocks, times.ready, sort, services=self.world.services.rows)

        return self.known(("sent", now), make)

    def forget(self, now: int) -> None:
        """Let go of what was known of a minute; it is found again if it is asked for."""
        for key in (now, ("room", now), ("sent", now)):
            self.memo.pop(key, None)

    def _shape(self, names: Sequence[str], modes: tuple[PromiseMode, ...]) -> tuple[Ints, Flags]:
        """Return the rows and the kinds of service of those groups."""
        rows = [(*GROUPS[name], -1)[:2] for name in names]
        kinds = np.empty((len(names), self.world.services.rows + 1), bool)
        for g, name in enumerate(names):
            kinds[g] = self.kinds(modes, name)
        return np.array(rows, np.int64).reshape(-1, 2), kinds

    def inputs(self, ask: Ask) -> Inputs:
        """Return the cart as four rows: to the door, collected, reserved, sent to the store."""
        last = self.memo.get("inputs")
        if last is None or last[0] is not ask:  # its every shipment asks for them anew
            self.memo["inputs"] = last = ask, self._inputs(ask)
        found: Inputs = last[1]
        return found

    def _inputs(self, ask: Ask) -> Inputs:
        scene = self.world, self.zones, self.known
        return cart_rows(self.data, ask, scene, (self.units(ask.channel), self.at(ask.now)))


def desk(
    world: World,
    price: Callable[[Problem], Prices] = Prices.zero,
    threads: int = 1,
    lead_times: LeadTimes | None = None,
    *,
    days: Days | None = None,
) -> Desk:
    """Prepare a world for carts; of its orders only the pick-up slots count that they have.

    Args:
        world: network, products and stock; open orders.
        price: returns cents a unit of each resource, last night's; nothing by default.
        threads: how many to use; 0 for as many as there are cores.
        lead_times: learned, to date parcels by; by the clocks alone if absent.
        days: what nodes can still take of each day; by default the same of every day.

    Raises:
        UnusableInput: more than 64 fences and size limits.
    """
    bare = without_orders(world)
    seen = scene(unfenced(bare), threads)
    priced = price(seen.bare)
    lanes = laned(bare)
    nowhere = seen.data.reach._replace(destination=np.full(4, -1, np.int64))
    return Desk(
        world=bare,
        data=seen.data._replace(may_be_late=False, reach=nowhere),
        zone_of=seen.zone_of,
        rules=seen.rules.names,
        prices=(priced.cell, priced.node_order, priced.node_unit),
        room=(seen.bare.node_orders, seen.bare.node_units),
        zones=tried_zones(bare),
        days=max(horizon(bare), days_learned(lead_times)) + (lanes.days if lanes else 0),
        sure=surety(bare, lead_times),
        due=due(bare),
        booked=booked(world),
        left=days,
        lanes=lanes,
    )


def unfenced(world: World) -> World:
    """Return the world without allotments, which are asked for by channel and time."""
    return world.replace(allotments=world.allotments.take(np.zeros(0, np.int64)))


def without_orders(world: World) -> World:
    """Return the world with nobody's orders in it."""
    nobody = np.zeros(0, np.int64)
    return world.replace(orders=world.orders.take(nobody), lines=world.lines.take(nobody))
