"""How long a quoted date stands: when parcels leave, and until when asking keeps them."""

from math import ceil

from omnisource.solvers.compile.candidates import distance
from omnisource.solvers.quote.asked import Ask
from omnisource.solvers.quote.desk import Desk
from omnisource.solvers.quote.rows import PLACE
from omnisource.solvers.routes.clocks import DAY, MONDAY, delivered, local, minute_of, ready
from omnisource.solvers.routes.clocks import leaves as leaving_day
from omnisource.solvers.routes.itinerary import CUSTOMER, Leg

Way = tuple[int, int, int, int]
"""Over lanes: node, hub (−1: straight to the store), store, and path of the trunk."""


def leaves(desk: Desk, now: int, node: int, service: int) -> int:
    """Return the minute up to which what is asked for now can leave, and then does."""
    known, key = desk.of_minute(now), (desk.sorts(now)[node], service)
    if key not in known:
        known[key] = _leaves(desk, now, node, service)
    found: int = known[key]
    return found


def _leaves(desk: Desk, now: int, node: int, service: int) -> int:
    times = desk.at(now)
    c, is_ready = times.clocks, int(times.ready[node])
    day = leaving_day(c, node, service, is_ready)
    last = int(c.order_by[service] if c.order_by[service] >= 0 else c.cutoff[node])
    wall = (c.first_day + day) * DAY + min(last, DAY - 1)
    return max(is_ready, int(minute_of(c, int(c.zone[node]), wall)))


def holds(desk: Desk, now: int, parcel: tuple[int, int, int, int], minutes: int) -> int:
    """Return the last minute, at most so many from now, of asking that keeps a parcel's date.

    Args:
        desk: the world.
        now: when it is asked.
        parcel: node, service, zone rule, and when it arrives.
        minutes: how far to look.
    """
    (node, service, rule, due), known = parcel, desk.of_minute(now)
    key = minutes, desk.sorts(now)[node], service, rule, due
    if key not in known:
        c, found = desk.at(now).clocks, now
        for at in range(now + minutes, now, -1):
            if delivered(c, node, service, rule, ready(c, node, at)) <= due:
                found = at
                break
        known[key] = found
    last: int = known[key]
    return last


def holds_lanes(desk: Desk, ask: Ask, way: Way, *, minutes: int) -> int:
    """Return the last minute, as `holds`, of asking that still reaches the same departures."""
    assert desk.lanes is not None
    times = desk.at(ask.now)
    latest = desk.lanes.latest(times, way, desk.known)
    for at in range(ask.now + minutes, ask.now, -1):
        if ready(times.clocks, way[0], at) <= latest:
            return at
    return ask.now


def takes(desk: Desk, ask: Ask, parcel: tuple[int, int, int], parcels: int) -> int:
    """Return the minutes that a parcel, one of so many, was learned to take, rounded up.

    `parcel` is node, service and row; nothing where nothing is learned, or dates are by a fine,
    which asks for no quantile: then the clocks alone say how long a quote stands.
    """
    (node, service, row), times = parcel, desk.sure.times
    if times is None or desk.sure.fine > 0:
        return 0
    region = desk.regions(ask)[PLACE[row]]
    km = distance(desk.inputs(ask), row, node)
    c = desk.at(ask.now).clocks
    asked = int(local(c, int(c.zone[node]), ask.now))
    wanted = desk.sure.target ** (1 / parcels)
    return ceil(
        times.quantile(
            service=service, node=node, km=km, weekday=(asked // DAY + MONDAY) % 7,
            region=region, p=wanted, at=asked % DAY,
        )
        - 1e-6
    )  # fmt: skip


def legs(desk: Desk, ask: Ask, way: Way, out: tuple[int, int, int, int]) -> tuple[Leg, ...]:
    """Return a shipment's departures over lanes, and its parcel from the hub.

    Args:
        desk: the world.
        ask: the cart.
        way: over lanes.
        out: service and row of the parcel, the minute its goods are at the hub, and its arrival.
    """
    assert desk.lanes is not None
    times, nodes = desk.at(ask.now), desk.world.nodes["node"]
    found = desk.lanes.legs(times, way, desk.known)
    (service, row, at, due), hub, c = out, way[1], times.clocks
    if hub < 0:
        return found
    since = int(ready(c, hub, at))
    day = int(leaving_day(c, hub, service, since))
    midnight = int(minute_of(c, int(c.zone[hub]), (c.first_day + day) * DAY))
    end = CUSTOMER if PLACE[row] == 0 else nodes[ask.store]
    name = desk.world.services["service"][service]
    return (*found, Leg(nodes[hub], end, name, max(since, midnight), due))
