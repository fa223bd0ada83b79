"""What if: the changes of a scenario, applied to a world one after the other.

Each change is a pure function of a world, kept beside its family: nodes.py,
demand.py, stock.py, carriers.py, policy.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from omnisource.models import changes, outages
from omnisource.models.base import UnusableInput, Value
from omnisource.models.world import World
from omnisource.orchestrator.lab import carriers, demand, nodes, policy, stock
from omnisource.orchestrator.lab.rows import Turn

Apply = Callable[[World, Any, Turn], World]
APPLIED: Final[Mapping[type[Value], Apply]] = {
    changes.Close: nodes.close,
    changes.Open: nodes.open_node,
    changes.ShipFrom: nodes.ship_from,
    changes.Capacity: nodes.capacity,
    changes.OpeningHours: nodes.hours,
    changes.CutOff: nodes.cut_off,
    changes.Demand: demand.scale,
    changes.ShiftDemand: demand.shift,
    changes.Promotion: demand.promote,
    changes.Stock: stock.scale,
    changes.MoveStock: stock.move,
    changes.Safety: stock.keep_back,
    changes.LateSupplier: stock.delay,
    changes.Tariff: carriers.tariff,
    changes.Fuel: carriers.fuel,
    outages.Strike: carriers.strike,
    outages.LaneOutage: carriers.lane_outage,
    changes.PolicyChange: policy.replace_keys,
}
"""Kind of change: the function that applies it."""


def changed(
    world: World, wanted: Sequence[changes.Change], *, seed: int | None = None, where: str = ""
) -> World:
    """Return the world after some changes; the given one stays as it is.

    Args:
        world: the base.
        wanted: what is different, in this order.
        seed: of what is drawn at random; the world's own where none is given.
        where: what the changes are called when one cannot be applied.

    Raises:
        UnusableInput: a change names what is not there, or its conditions meet nothing.
    """
    seed = world.scenario.seed if seed is None else seed
    for place, change in enumerate(wanted):
        try:
            world = APPLIED[type(change)](world, change, Turn(seed, place))
        except UnusableInput as error:
            at = f"changes.{place}.{change.kind}"
            raise UnusableInput(f"{where + ': ' if where else ''}{at}: {error}") from None
    return world
