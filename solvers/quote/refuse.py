"""Why a cart cannot be served so: what was found of each node, and which rule stands in the way."""

from collections.abc import Iterator

import numpy as np

from omnisource.solvers.compile.candidates import (
    FENCED,
    NO_ROUTE,
    NO_STOCK,
    TOO_HEAVY,
    TOO_LATE,
    Inputs,
    distance,
    way_bits,
)
from omnisource.solvers.compile.costs import billable_grams, freight_cents
from omnisource.solvers.compile.look import Found, look
from omnisource.solvers.compile.world import everything
from omnisource.solvers.problem import NEVER, Flags, Ints
from omnisource.solvers.quote.asked import HOME, Ask
from omnisource.solvers.quote.desk import Desk
from omnisource.solvers.quote.hold import Way, legs
from omnisource.solvers.quote.over_lanes import Lanes
from omnisource.solvers.routes.itinerary import Leg

Seen = tuple[Lanes, Inputs, Ask, int]
"""What can come over lanes, the cart's inputs, the cart, and the row."""


def verdicts(desk: Desk, ask: Ask, row: int, kinds: Flags) -> tuple[Ints, Ints, Ints]:
    """Return the pairs of a row that cannot be served, by services of those kinds or over lanes.

    Args:
        desk: the world.
        ask: the cart.
        row: how it is received.
        kinds: (V+1,) services that may be used.

    Returns line, node and position in `VERDICTS` of each; a pair is a node with a cell.
    """
    data = desk.inputs(ask)
    data = data._replace(delivers=data.delivers & kinds[:-1])
    found = Found._make(look(data, everything(desk.world), desk.zone_of, row, row + 1))
    line = found.refused_line.astype(np.int64) - row * len(ask.sku)
    node, why = found.refused_node.astype(np.int64), found.refused_why.astype(np.int64)
    if desk.lanes is not None:
        seen = _ways(desk, ask, row), data, ask, row
        pairs = zip(line.tolist(), node.tolist(), why.tolist(), strict=True)
        why = np.array([_verdict(seen, pair, kinds) for pair in pairs], np.int64)
        line, node, why = line[why > 0], node[why > 0], why[why > 0]
    return line, node, why


def _verdict(seen: Seen, pair: tuple[int, int, int], kinds: Flags) -> int:
    """Return what is found of a line at a node, its lanes looked at, too; 0: it can be sent."""
    (lanes, data, ask, row), (line, node, verdict) = seen, pair
    if verdict == NO_STOCK:
        return verdict
    sku = ask.sku[line]
    mine = data.order_fences[row] & data.product_fences[sku]
    for w in _of(lanes, data, (row, node)):
        if not kinds[lanes.service[w]] and lanes.hub[w] >= 0:
            continue
        if mine & lanes.bits[w]:
            verdict = FENCED if verdict == NO_ROUTE else verdict
        elif _freight(data, lanes, w, sku) >= NEVER:
            verdict = TOO_HEAVY if verdict == NO_ROUTE else verdict
        elif lanes.arrives[w, 0] <= ask.by:
            return 0
        else:
            verdict = TOO_LATE
    return verdict


def _freight(data: Inputs, lanes: Lanes, way: int, sku: int) -> int:
    if lanes.hub[way] < 0:
        return 0
    divisor = data.divisor[lanes.service[way]]
    billable = billable_grams(data.grams[sku], data.mm3[sku], divisor)
    return int(freight_cents(data.step_grams, data.step_cents, lanes.steps[way], billable))


def _ways(desk: Desk, ask: Ask, row: int) -> Lanes:
    """Return what of a cart can come over lanes in a row."""
    group = "home" if row == HOME else "ship_to_store"
    return desk.over(ask, [group], (desk.inputs(ask), desk.surely(ask))).ways


def _of(lanes: Lanes, data: Inputs, at: tuple[int, int]) -> Iterator[int]:
    """Yield the ways of a node in a row."""
    if len(lanes.start):
        place = at[0] * len(data.node_lat) + at[1]
        yield from range(int(lanes.start[place]), int(lanes.start[place + 1]))


def first_over_lanes(desk: Desk, ask: Ask, row: int, node: int) -> tuple[tuple[Leg, ...], int]:
    """Return the legs by which a node's goods would come first over lanes; none: by no lane.

    And the last minute at which goods may be ready to be there then.
    """
    if desk.lanes is None:
        return (), 0
    lanes = _ways(desk, ask, row)
    ways = sorted(_of(lanes, desk.inputs(ask), (row, node)), key=lambda w: int(lanes.arrives[w, 0]))
    if not ways:
        return (), 0
    w = ways[0]
    way: Way = node, int(lanes.hub[w]), ask.store, int(lanes.path[w])
    out = int(lanes.service[w]), row, int(lanes.at[w]), int(lanes.arrives[w, 0])
    return legs(desk, ask, way, out), desk.lanes.latest(desk.at(ask.now), way, desk.known)


def fenced_by(desk: Desk, ask: Ask, row: int, sku: int, *, node: int) -> str:
    """Return the first rule that keeps a product from being sent by a node, "" for none."""
    data = desk.inputs(ask)
    mine = int(data.order_fences[row] & data.product_fences[sku])
    far = distance(data, row, node)
    bits = [int(way_bits(data, node, service, far)) for service in range(len(data.service_fences))]
    if desk.lanes is not None:
        lanes = _ways(desk, ask, row)
        bits += [int(lanes.bits[w]) for w in _of(lanes, data, (row, node))]
    common = next((mine & bit for bit in bits if mine & bit), 0)
    return desk.rules[(common & -common).bit_length() - 1] if common else ""
