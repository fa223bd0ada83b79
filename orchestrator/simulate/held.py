"""What a node holds for an order, and the carts of a stream in columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from omnisource.models.promise import PromiseMode
from omnisource.models.world import ABSENT, ORDER_MODES, World
from omnisource.solvers.compile.kits import kits
from omnisource.solvers.compile.lines import joined_lines
from omnisource.solvers.problem import UNLIMITED, Ints
from omnisource.solvers.quote.asked import Ask

BLOCK: Final = 4_096
"""Orders whose columns are lists at a time."""
ASKED_IN: Final[dict[str, tuple[PromiseMode, ...]]] = {
    "delivery": ("standard", "express", "same_day"),
    "collect": ("collect", "ship_to_store"),
    "ship_to_store": ("ship_to_store",),
    "reserve": ("reserve",),
}
"""The modes that a customer of each mode is offered."""
COLUMNS: Final = ("placed_at", "country", "postcode", "lat", "lon", "channel", "tier")


class Held(NamedTuple):
    """A shipment: reserved, or on its way through a node."""

    order: int
    node: int
    service: int  # −1 over the counter
    rule: int  # zone rule by which it goes, −1 for none
    path: int  # over lanes, −1 for none
    asked: int  # minute at which its node is asked for it
    day: int  # on which it is planned to leave, days since 1970-01-01
    due: int  # minute at which it is planned to arrive
    cents: int  # as it was promised
    lines: tuple[tuple[int, int, int], ...]  # line, stock cell, units

    @property
    def units(self) -> int:
        """Units in it."""
        return sum(units for _, _, units in self.lines)


class Cart(NamedTuple):
    """An order as it is asked for."""

    order: int
    ask: Ask


@dataclass(frozen=True, eq=False)
class Baskets:
    """The orders of a stream, one line a product."""

    world: World
    start: Ints  # (K+1,) first line of each order
    value: Ints  # (K,) cents that its lines come to
    kit: Ints  # (L,)
    kit_units: Ints  # (L,)
    bundled: bool

    def carts(self, first: int, end: int) -> Iterator[Cart]:
        """Yield orders first … end−1, asked for when they are placed."""
        orders, lines, general = self.world.orders, self.world.lines, self._most()
        for begin in range(first, end, BLOCK):
            rows = slice(begin, min(begin + BLOCK, end))
            stop = self.start[begin : rows.stop + 1].tolist()
            one = slice(stop[0], stop[-1])
            sku, units = lines["sku"][one].tolist(), lines["units"][one].tolist()
            columns = [orders[name][rows].tolist() for name in (*COLUMNS, "pickup_node", "mode")]
            columns.append(general[rows].tolist())
            for i, (at, country, postcode, lat, lon, channel, tier, store, mode, most) in enumerate(
                zip(*columns, strict=True)
            ):
                a, b = stop[i] - stop[0], stop[i + 1] - stop[0]
                name = ORDER_MODES[mode]
                home = name == "delivery"
                ask = Ask(
                    tuple(sku[a:b]), tuple(units[a:b]), at, country, postcode, lat, lon, home,
                    -1 if home else store, channel, tier, most, UNLIMITED, ASKED_IN[name],
                    *self._kits(begin + i),
                )  # fmt: skip
                yield Cart(begin + i, ask)

    def cart(self, order: int) -> Cart:
        """Return one order."""
        return next(self.carts(order, order + 1))

    def _most(self) -> Ints:
        """Return, (K,), the shipments that orders may have."""
        stated, general = self.world.orders["max_shipments"], self.world.policy.max_shipments
        return np.where(stated == ABSENT, general or UNLIMITED, stated).astype(np.int64)

    def _kits(self, order: int) -> Sequence[tuple[int, ...]]:
        if not self.bundled:
            return ()
        rows = slice(self.start[order], self.start[order + 1])
        return tuple(self.kit[rows].tolist()), tuple(self.kit_units[rows].tolist())


def baskets(world: World) -> Baskets:
    """Return the carts of a world's orders."""
    lines, joined = world.lines, joined_lines(world)
    value = np.zeros(world.orders.rows, np.int64)
    paid = lines["units"] * (lines["price_cents"] - lines["discount_cents"])
    np.add.at(value, lines["order"], paid)
    found = kits(world, joined)
    first = joined.rows[joined.start[:-1]]
    return Baskets(
        world=world.replace(lines=lines.take(first).replace(units=joined.units)),
        start=joined.order_line,
        value=value,
        kit=np.where(found.parcel, found.first, -1),
        kit_units=found.units,
        bundled=bool(found.parcel.any()),
    )
