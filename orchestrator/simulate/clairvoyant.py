"""The clairvoyant bound: what the orders of a run could have cost at the least.

With perfect foresight all orders that a policy has accepted, or had to refuse for want of stock,
are decided at once, on all units that there ever were in its run. To be a bound for what the policy
has in fact done, nothing may be asked of it that the policy did not keep: an order that came late
has the day on which it came as its date, one that came in more parcels may have as many, nobody
declines, and a night's steps of load and shares of shortage, which no run is billed, count for
nothing. Where lead times were learned no date is asked for: the night goes by `zones`, which may be
slower than what was promised. The policy's own shipments are then one of the plans, so that

    bound  ≤  the best plan in hindsight  ≤  cost of the policy

None where goods go over lanes, which the night does not know.
"""

from dataclasses import dataclass

import numpy as np

from omnisource.models.world import ABSENT, ORDER_MODES, World
from omnisource.orchestrator.hindsight import in_hindsight
from omnisource.orchestrator.rolling import shelved
from omnisource.orchestrator.simulate.demand import Stream
from omnisource.orchestrator.simulate.held import baskets
from omnisource.orchestrator.simulate.pricing import picked_orders
from omnisource.orchestrator.simulate.scene import was_cut
from omnisource.orchestrator.simulate.tally import ACCEPTED, REFUSED, Tally
from omnisource.solvers.problem import Limits


@dataclass(frozen=True)
class Hindsight:
    """A policy's cost beside what perfect foresight could have done."""

    cost_cents: int  # of the policy
    plan_cents: int  # of a plan in hindsight
    bound_cents: int  # of every plan
    cut: int = 0  # 1 if a clock may have cut that plan short

    @property
    def gap(self) -> float:
        """How far the policy is from perfect foresight, at the most, as a share of the bound."""
        return self.cost_cents / self.bound_cents - 1 if self.bound_cents else 0.0


def clairvoyant(
    stream: Stream, tally: Tally, limits: Limits, *, dated: bool = True
) -> Hindsight | None:
    """Return how far a run is from perfect foresight; None where that cannot be said.

    Args:
        stream: the orders.
        tally: what became of them.
        limits: when to stop.
        dated: whether dates are those of `zones`; false: of learned lead times.
    """
    wanted = np.flatnonzero(np.isin(tally.state, (ACCEPTED, REFUSED)))
    if stream.world.lanes.rows or not len(wanted):
        return None
    world = _known(stream, tally, wanted)
    if not dated:
        none = np.full(len(wanted), ABSENT)
        world = world.replace(orders=world.orders.replace(promised_by=none))
    plan = in_hindsight(world, stream.first, len(tally.load["units"]), limits)
    assert plan.bound_cents is not None
    return Hindsight(tally.cost_cents, plan.cost_cents, plan.bound_cents, was_cut(plan))


def _known(
    stream: Stream, tally: Tally, wanted: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> World:
    """Return the world of those orders, with all that there was in the run."""
    world = baskets(shelved(stream.world)).world
    small, stock = picked_orders(world, wanted), tally.stock
    promised, came = tally.promised[wanted], tally.delivered[wanted]
    date = np.where(tally.short[wanted] > 0, ABSENT, np.maximum(promised, came))
    date = np.where(promised == ABSENT, ABSENT, date)
    mode = small.orders["mode"].copy()
    mode[tally.to_store[wanted]] = ORDER_MODES.index("ship_to_store")
    most = small.orders["max_shipments"]
    general = world.policy.max_shipments or ABSENT
    most = np.where(most == ABSENT, general, most)
    most = np.where(most == ABSENT, ABSENT, np.maximum(most, tally.parcels[wanted]))
    none = np.zeros(0, np.int64)
    policy = world.policy.model_copy(update={"load": (), "fairness": ()})
    return small.replace(
        scenario=world.scenario.model_copy(update={"policy": policy}),
        nodes=world.nodes.replace(decline_rate=np.zeros(world.nodes.rows)),
        receipts=world.receipts.take(none),
        allotments=world.allotments.take(none),
        stock=world.stock.replace(
            on_hand=stock["start"] + stock["received"] + stock["returned"],
            accuracy=np.ones(world.stock.rows),
        ),
        orders=small.orders.replace(
            promised_by=date, mode=mode, max_shipments=most,
            ship_complete=np.zeros(len(wanted), bool),
        ),
    )  # fmt: skip
