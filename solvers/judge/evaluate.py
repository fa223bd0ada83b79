"""The judge: is a plan feasible, and what does it cost, to the cent.

It knows no solver and no problem: it reads the world's tables and the raw decisions, and works out
every figure again (solvers/judge/parcels.py). A plan that breaks a rule raises `BrokenPlan`, which
names the first rule broken, who breaks it, and by how much: that is a fault of the solver.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from omnisource.models.base import BrokenPlan
from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, NODE_KINDS, Table, World
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.bill import bill, shipped_of_lines, sums
from omnisource.solvers.judge.bundled import broken, stay_together
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import NEVER, Flags


def evaluate(world: World, shipped: Shipped) -> Plan:
    """Check decisions against every rule of the world and write the bill.

    Args:
        world: the scenario that the decisions are for.
        shipped: who ships what; units not named are short.

    Raises:
        BrokenPlan: a rule is broken.
    """
    rows_exist(world, shipped)
    parcels = Parcels(world, shipped)
    for rule in RULES:
        rule(parcels)
    return bill(parcels)


def _demand(kept: Flags, say: Callable[[int], str]) -> None:
    """Raise what `say` says of the first entry that is not kept."""
    if not kept.all():
        raise BrokenPlan(say(int(np.argmin(kept))))


def _name(table: Table, column: str, row: Any) -> str:
    return f"{column} {table[column][row]!r}"


def _who(parcels: Parcels, s: int) -> str:
    """Name a parcel by its order, node and service."""
    world, shipped = parcels.world, parcels.shipped
    names = [
        _name(world.orders, "order", shipped.order[s]),
        _name(world.nodes, "node", shipped.node[s]),
        _name(world.services, "service", shipped.service[s])
        if shipped.service[s] >= 0
        else "over the counter",
    ]
    return f"{', '.join(names)} (shipment {s})"


def rows_exist(world: World, shipped: Shipped) -> None:
    """Every reference names a row of its table, every parcel holds lines of its own order."""
    tables = {
        "order": (shipped.order, 0, world.orders.rows),
        "node": (shipped.node, 0, world.nodes.rows),
        "service": (shipped.service, -1, world.services.rows),
        "line": (shipped.line, 0, world.lines.rows),
    }
    for name, (rows, low, high) in tables.items():
        kept = (rows >= low) & (rows < high)
        _demand(kept, lambda i, n=name, r=rows: f"there is no {n} of row {r[i]} (entry {i})")  # type: ignore[misc]
    sizes = np.diff(shipped.start)
    _demand(sizes > 0, lambda s: f"shipment {s} is empty")
    if shipped.start[0] != 0 or shipped.start[-1] != len(shipped.line):
        raise BrokenPlan("the shipments' contents are not all of the content rows")
    _demand(shipped.units > 0, lambda x: f"content row {x} has {shipped.units[x]} units")
    owner = np.repeat(shipped.order, sizes)
    _demand(
        world.lines["order"][shipped.line] == owner,
        lambda x: (
            f"line {shipped.line[x]} is not a line of {_name(world.orders, 'order', owner[x])}"
        ),
    )


def lines_get_no_more_than_they_ask(parcels: Parcels) -> None:
    """Σ units shipped of a line ≤ units asked for."""
    lines, sent = parcels.world.lines, shipped_of_lines(parcels)
    _demand(
        sent <= lines["units"],
        lambda line: (
            f"{_name(parcels.world.orders, 'order', lines['order'][line])}, "
            f"{_name(lines, 'line', line)}: {sent[line]} units shipped, {lines['units'][line]} "
            "asked"
        ),
    )


def nodes_may_send_there(parcels: Parcels) -> None:
    """A service has a zone rule for the node and the destination; counters serve their own."""
    world, shipped, to = parcels.world, parcels.shipped, parcels.network.destinations
    pickup = to.pickup[shipped.order]
    counter = parcels.over_the_counter
    _demand(
        ~counter | ((pickup == shipped.node) & world.nodes["pickup"][shipped.node]),
        lambda s: f"{_who(parcels, s)}: this is not the order's pick-up node, or has no counter",
    )
    _demand(
        counter | ~to.only_there[shipped.order],
        lambda s: f"{_who(parcels, s)}: the order is handed over from the pick-up node's own stock",
    )
    ships = world.nodes["ships"] & (world.nodes["kind"] != NODE_KINDS.index("hub"))
    _demand(
        counter | (ships[shipped.node] & (pickup != shipped.node)),
        lambda s: f"{_who(parcels, s)}: the node does not ship, or the goods are there already",
    )
    delivers = np.append(parcels.network.delivers, False)[shipped.service]
    _demand(
        counter | ((parcels.rule >= 0) & delivers),
        lambda s: f"{_who(parcels, s)}: no zone rule of the service goes there",
    )


def parcels_are_within_the_weight_limit(parcels: Parcels) -> None:
    """The billable weight has a step in the tariff, up to the service's `max_grams`."""
    billable, freight, _ = parcels.tariff
    _demand(
        freight < NEVER,
        lambda s: f"{_who(parcels, s)}: {billable[s]} g billable is above the last weight step",
    )


def some_goods_travel_alone(parcels: Parcels) -> None:
    """What ships alone is the only unit in its parcel."""
    alone = parcels.total(parcels.world.products["ships_alone"][parcels.sku].astype(np.int64)) > 0
    _demand(
        ~alone | (parcels.units == 1),
        lambda s: f"{_who(parcels, s)}: holds goods that ship alone and {parcels.units[s]} units",
    )


def no_fence_is_crossed(parcels: Parcels) -> None:
    """No fence, and no limit of length or girth, excludes what is sent."""
    bits = parcels.fence_bits

    def say(x: int) -> str:
        names = [n for i, n in enumerate(parcels.fences.names) if int(bits[x]) >> i & 1]
        who = f"{_who(parcels, parcels.parcel[x])}, {_name_of_line(parcels, x)}"
        return f"{who}: forbidden by {', '.join(map(repr, names))}"

    _demand(bits == 0, say)


def promises_are_kept(parcels: Parcels) -> None:
    """Nothing arrives after `promised_by`, unless the policy puts a price on lateness."""
    if parcels.world.policy.late_cents is None:
        _demand(
            parcels.days_late == 0,
            lambda s: f"{_who(parcels, s)}: arrives {parcels.days_late[s]} days after promised_by",
        )


def cells_give_what_they_hold(parcels: Parcels) -> None:
    """Σ units drawn from a (node, SKU) ≤ on hand − safety + receipts due by now."""
    units = np.append(parcels.cells.units, 0)  # the last: no such cell
    drawn = np.zeros(len(units), np.int64)
    np.add.at(drawn, parcels.cell, parcels.shipped.units)
    over = (drawn > units)[parcels.cell]

    def say(x: int) -> str:
        node = _name(parcels.world.nodes, "node", parcels.row_node[x])
        cell = parcels.cell[x]
        return f"{node}, {_name_of_line(parcels, x)}: {drawn[cell]} units, {units[cell]} available"

    _demand(~over, say)


def nodes_do_what_they_can(parcels: Parcels) -> None:
    """Shipments and units of a node ≤ `orders_per_day` and `units_per_day`."""
    nodes, node = parcels.world.nodes, parcels.shipped.node
    done = {
        "orders_per_day": np.bincount(node, minlength=nodes.rows),
        "units_per_day": sums(node, parcels.units, nodes.rows),
    }
    for name, figures in done.items():
        limit = nodes[name]
        _demand(
            (limit == ABSENT) | (figures <= limit),
            lambda n, c=name, f=figures: (
                f"{_name(nodes, 'node', n)}: {f[n]} against "  # type: ignore[misc]
                f"{nodes[c][n]} {c}"
            ),
        )


def orders_get_no_more_parcels_than_they_may(parcels: Parcels) -> None:
    """Shipments of an order ≤ its own `max_shipments`, else the policy's."""
    orders = parcels.world.orders
    sent = np.bincount(parcels.shipped.order, minlength=orders.rows)
    general = parcels.world.policy.max_shipments or ABSENT
    limit = np.where(orders["max_shipments"] == ABSENT, general, orders["max_shipments"])
    _demand(
        (limit == ABSENT) | (sent <= limit),
        lambda o: f"{_name(orders, 'order', o)}: {sent[o]} shipments, max_shipments {limit[o]}",
    )


def complete_orders_get_all_or_nothing(parcels: Parcels) -> None:
    """An order with `ship_complete` is served as a whole or not at all."""
    world = parcels.world
    sent = sums(parcels.shipped.order, parcels.units, world.orders.rows)
    asked = sums(world.lines["order"], world.lines["units"], world.orders.rows)
    _demand(
        ~world.orders["ship_complete"] | (sent == 0) | (sent == asked),
        lambda o: (
            f"{_name(world.orders, 'order', o)}: {sent[o]} of {asked[o]} units, but ship_complete"
        ),
    )


def bundles_are_never_sent_in_half(parcels: Parcels) -> None:
    """Of a bundle, all parts are sent for the same number of bundles, or all that was asked for.

    In a parcel too, where the policy keeps bundles together and no part ships alone.
    """
    world, shipped = parcels.world, parcels.shipped
    whole = broken(world, shipped.line, shipped.units, np.zeros_like(shipped.line))
    together = stay_together(world, shipped.line)
    mine = (column[together] for column in (shipped.line, shipped.units, parcels.parcel))
    for found, where in ((whole, "in all"), (broken(world, *mine), "in one parcel")):
        if found is not None:
            order, name = found
            raise BrokenPlan(
                f"{_name(world.orders, 'order', order)}: bundle {name!r} is sent in half {where}"
            )


RULES: Final[tuple[Callable[[Parcels], None], ...]] = (
    lines_get_no_more_than_they_ask,
    nodes_may_send_there,
    parcels_are_within_the_weight_limit,
    some_goods_travel_alone,
    no_fence_is_crossed,
    promises_are_kept,
    cells_give_what_they_hold,
    nodes_do_what_they_can,
    orders_get_no_more_parcels_than_they_may,
    complete_orders_get_all_or_nothing,
    bundles_are_never_sent_in_half,
)
"""What is checked, in this order, once every row exists."""


def _name_of_line(parcels: Parcels, x: int) -> str:
    line = _name(parcels.world.lines, "line", parcels.shipped.line[x])
    return f"{line}, {_name(parcels.world.products, 'sku', parcels.sku[x])}"
