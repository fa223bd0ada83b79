"""A cart as rows of the night's inputs: to the door, collected, reserved, sent to the store."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from omnisource.models.world import ORDER_MODES, Table, World
from omnisource.solvers.compile.candidates import Inputs
from omnisource.solvers.compile.fences import order_bits
from omnisource.solvers.problem import Flags, Ints
from omnisource.solvers.quote.asked import HOME, ROW_MODES, TO_STORE, Ask
from omnisource.solvers.quote.desk_times import Times
from omnisource.solvers.routes.direct import fitting

PLACE: Final = np.array([0, 1, 1, 1], np.int64)
"""The place of each row: the door, or the store."""
_ONLY_THERE: Final = np.array([False, True, True, False])
_NO: Final = np.zeros(4, bool)

Known = Callable[[Any, Callable[[], Any]], Any]
"""Returns what was made for a key before, or makes it."""
Scene = tuple[World, Table, Known]
"""The world, its zone rules in the order in which they are tried, and what is remembered."""


def cart_rows(data: Inputs, ask: Ask, scene: Scene, now: tuple[Ints, Times]) -> Inputs:
    """Return the inputs of a cart, a row for each way in which it can be received.

    Args:
        data: what does not depend on the cart.
        ask: the cart.
        scene: where it is asked.
        now: the units of each cell that may be sold, and what the clocks say.
    """
    k, (units, times) = len(ask.sku), now
    lat, lon, fences, fits = _places(ask, scene)
    return data._replace(
        cell_units=units,
        order_line=np.arange(5, dtype=np.int64) * k,
        order_fences=fences,
        lat=np.array([ask.lat, lat, lat, lat]),
        lon=np.array([ask.lon, lon, lon, lon]),
        place=PLACE,
        pickup=np.array([-1, ask.store, ask.store, ask.store], np.int64),
        only_there=_only_there(ask),
        promised_by=np.full(4, ask.by, np.int64),
        large=_NO,
        limited=_NO,
        line_sku=np.array(ask.sku * 4, np.int64),
        units=np.array(ask.units * 4, np.int64),
        late=np.zeros(4 * k, np.int64),
        kit=np.array((ask.kit or (-1,) * k) * 4, np.int64),
        kit_units=np.array((ask.kit_units or (1,) * k) * 4, np.int64),
        collected=times.collected,
        sends_like=times.arrivals.node,
        takes_like=times.arrivals.rule,
        arrival=times.arrivals.at,
        fits=fits,
    )


def _only_there(ask: Ask) -> Flags:
    """Say which rows nobody else may send to: those to a door or a store not named, too."""
    there = _ONLY_THERE.copy()
    there[HOME], there[TO_STORE] = not ask.home, ask.store < 0
    return there


def _places(ask: Ask, scene: Scene) -> tuple[float, float, Any, Flags]:
    """Return where the store is, the fences of each row, and the zone rules of both places."""
    world, zones, known = scene
    nodes, at = world.nodes, max(ask.store, 0)
    there = nodes["country"][at], nodes["postcode"][at]

    def fences() -> Any:
        of_row = zip(ROW_MODES, (ask.country, *3 * [there[0]]), strict=True)
        return np.array([_bits(world, ask, m, c) for m, c in of_row], np.uint64)

    bits = known((ask.channel, ask.tier, ask.country, there[0]), fences)
    where = (ask.country, ask.postcode), there
    fits = known(where, lambda: fitting(zones, list(where)))
    return nodes["lat"][at], nodes["lon"][at], bits, fits


def _bits(world: World, ask: Ask, mode: str, country: str) -> np.uint64:
    """Return the rules whose conditions on the order hold."""
    one = Table(
        {
            "channel": np.array([ask.channel], object),
            "tier": np.array([ask.tier], object),
            "mode": np.array([ORDER_MODES.index(mode)], np.int8),
        }
    )
    return np.uint64(order_bits(world, one, np.array([country], object))[0])
