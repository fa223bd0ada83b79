"""Changes to demand: more or fewer orders, by other ways, and those that a promotion brings.

Every row draws one number, whatever becomes of it, so that scenarios of one seed share their
orders: what a smaller factor leaves or copies, a larger one leaves or copies too.
"""

import numpy as np

from omnisource.models import changes
from omnisource.models.base import UnusableInput
from omnisource.models.world import ABSENT, ORDER_MODES, Table, World
from omnisource.orchestrator.lab.rows import (
    Turn,
    goes_to,
    put,
    some_goods,
    some_orders,
    stacked,
)
from omnisource.solvers.problem import Flags, Ints
from omnisource.solvers.shards.cut import runs

DELIVERY = ORDER_MODES.index("delivery")
ADDRESS = ("country", "postcode", "lat", "lon")


def scale(world: World, change: changes.Demand, turn: Turn) -> World:
    """Some orders are left out, or come again."""
    chosen, goods = some_orders(world, change), some_goods(world, change)
    whole, part = divmod(change.factor, 1)
    times = int(whole) + (turn.draws(world.orders.rows) < part)
    times = np.where(chosen, times, 1)
    lines = world.lines
    meant = goods[lines["sku"]]
    again = np.repeat(np.arange(world.orders.rows), np.maximum(times - 1, 0))
    fewer = with_lines(world, ~meant | (times[lines["order"]] > 0))
    return with_copies(fewer, world, turn, again=again, meant=meant)


def with_lines(world: World, kept: Flags) -> World:
    """Return the world with some of its lines; orders that have none left are left out."""
    if kept.all():
        return world
    lines = world.lines.take(np.flatnonzero(kept))
    has = np.zeros(world.orders.rows, bool)
    has[lines["order"]] = True
    row = (np.cumsum(has) - 1).astype(np.int32)
    return world.replace(
        orders=world.orders.take(np.flatnonzero(has)),
        lines=lines.replace(order=row[lines["order"]]),
    )


def with_copies(world: World, source: World, turn: Turn, *, again: Ints, meant: Flags) -> World:
    """Return a world with orders of another that come again, each with the lines that are meant.

    Args:
        world: what they are added to.
        source: what they are copied from.
        turn: names them.
        again: orders of it, ascending, one entry a copy; those without such lines do not come.
        meant: lines of it that are copied.
    """
    rows = np.flatnonzero(meant)
    first = np.searchsorted(source.lines["order"][rows], np.arange(source.orders.rows + 1))
    again = again[np.diff(first)[again] > 0]
    if not len(again):
        return world
    start, taken = runs(first.astype(np.int64), again)
    owner = np.repeat(np.arange(len(again)), np.diff(start))
    number = np.arange(len(again)) - np.searchsorted(again, again) + 1
    names = zip(source.orders["order"][again], number, strict=True)
    orders = source.orders.take(again)
    orders = orders.replace(order=np.array([turn.name(o, int(n)) for o, n in names], object))
    lines = source.lines.take(rows[taken])
    return _added(world, orders, lines.replace(order=owner.astype(np.int32)))


def _added(world: World, orders: Table, lines: Table) -> World:
    """Return the world with more orders; `lines` go by rows of `orders`."""
    lines = lines.replace(order=(lines["order"] + world.orders.rows).astype(np.int32))
    return world.replace(orders=stacked(world.orders, orders), lines=stacked(world.lines, lines))


def shift(world: World, change: changes.ShiftDemand, turn: Turn) -> World:
    """Some orders come by another channel, or go elsewhere."""
    orders = world.orders
    moved = some_orders(world, change) & (turn.draws(orders.rows) < change.share)
    if change.to_channel:
        orders = put(orders, moved, channel=change.to_channel)
    if change.to_country or change.to_postcodes:
        orders = _sent_elsewhere(world.replace(orders=orders), change, moved, turn)
    return world.replace(orders=orders)


def _sent_elsewhere(world: World, change: changes.ShiftDemand, moved: Flags, turn: Turn) -> Table:
    orders = world.orders
    home = orders["mode"] == DELIVERY
    countries = (change.to_country,) if change.to_country else ()
    there = np.flatnonzero(home & goes_to(world, countries, change.to_postcodes))
    if not len(there):
        raise UnusableInput("to_country, to_postcodes: no order is delivered there, to learn from")
    second = turn.random.random((2, orders.rows))[1]  # the first says who moves
    pick = np.floor(second * len(there)).astype(np.int64)
    rows = np.flatnonzero(moved & home)
    at = there[pick[rows]]
    return put(orders, rows, **{name: orders[name][at] for name in ADDRESS})


def promote(world: World, change: changes.Promotion, turn: Turn) -> World:
    """New orders of one line each, from customers that there are."""
    goods = np.flatnonzero(some_goods(world, change))
    donors = np.flatnonzero(world.orders["mode"] == DELIVERY)
    if not len(donors):
        raise UnusableInput("no order is delivered: there is nobody to draw customers from")
    draw, many = turn.random, change.orders
    customer = donors[draw.integers(len(donors), size=many)]
    sku = goods[draw.integers(len(goods), size=many)].astype(np.int32)
    placed = world.now - draw.integers(change.minutes, size=many)
    orders = world.orders.take(customer).replace(
        order=np.array([turn.name(change.channel, i + 1) for i in range(many)], object),
        channel=np.full(many, change.channel, object),
        placed_at=placed,
        from_store=np.full(many, -1, np.int32),
        max_shipments=np.full(many, ABSENT),
        ship_complete=np.zeros(many, bool),
    )
    lines = world.lines.take(np.zeros(many, np.int64)).replace(
        order=np.arange(many, dtype=np.int32),
        line=np.full(many, "1", object),
        sku=sku,
        units=np.full(many, change.units),
        price_cents=world.products["price_cents"][sku],
        discount_cents=np.zeros(many, np.int64),
        bundle=np.full(many, "", object),
    )
    return _added(world, orders, lines)
