"""What the joint solver knows of a night while it works on it."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.joint.master import Pool, pool, signatures
from omnisource.solvers.joint.prices import Pass
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.oracle.large import LargePlan
from omnisource.solvers.oracle.plans import Plans
from omnisource.solvers.oracle.serve import costs_of
from omnisource.solvers.problem import Floats, Ints, Limits, Problem, Round

EARLY = 0.35
"""Share of the time after which no more passes are made than must be."""


@dataclass
class Night:
    """What is known so far of one night."""

    limits: Limits
    began: float
    whole: Resources  # all there is
    resources: Resources  # what large orders leave
    orders: Ints  # orders with a menu
    best: Pass
    met_plans: list[Pool] = field(default_factory=list)  # plans met, positions as in `orders`
    sign: NDArray[np.uint64] | None = None  # (K,) of each order's last plan
    passes: int = 0
    plans: Plans | None = None
    cost: int = 0  # cents of `plans`, large orders left out, soft resources included
    chosen: tuple[Pool, Floats] | None = None  # the programme's plans, and how much of each
    large: dict[int, LargePlan] = field(default_factory=dict)
    alone: dict[int, LargePlan] = field(default_factory=dict)  # as if each were the only order
    large_bound: float = 0.0  # cents that these add to the bound, at the prices of their placing
    alone_at: Floats = field(default_factory=lambda: np.zeros(0))  # the prices of these
    seconds: dict[str, float] = field(default_factory=dict)
    cut: int = 0  # steps that a clock of their own may have ended

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.whole.problem

    def left_seconds(self) -> float:
        """Return the time left, at least a little."""
        if self.limits.stopped():
            return 0.5
        return max(self.limits.seconds - (time.monotonic() - self.began), 0.5)

    def step_seconds(self, most: float) -> float:
        """Return the seconds of a step that may have so many, and no more than are left."""
        return min(most * self.limits.patience, self.left_seconds())

    def notes(self) -> dict[str, int]:
        """Say how many steps a clock may have ended: with more time the plan might be another."""
        within = time.monotonic() - self.began < self.limits.seconds
        cut = self.cut + (not within)
        return {"cut": cut} if cut else {}

    def going(self) -> bool:
        """Say whether there is time left and nobody asks to end."""
        within = time.monotonic() - self.began < self.limits.seconds
        return within and not self.limits.stopped()

    def early(self) -> bool:
        """Say whether most of the time is still to come."""
        return time.monotonic() - self.began < EARLY * self.limits.seconds

    def ended(self) -> str:
        """Say why the search ended short of the gap asked for."""
        if self.limits.stopped():
            return "interrupted"
        return "feasible" if self.going() else "time"

    def learn(self, plans: Plans, orders: Ints) -> None:
        """Add the plans of some orders to those met, where they are not the last ones met."""
        sign = signatures(orders, plans)
        if self.sign is None:
            self.sign = np.full(self.problem.size, 2**64 - 1, np.uint64)
        new = sign != self.sign[orders]
        self.sign[orders] = sign
        changed = orders[new]
        if len(changed):
            at = np.searchsorted(self.orders, changed)
            self.met_plans.append(pool(self.problem, changed, plans, at))

    def pool(self) -> Pool:
        """Return all plans met, "nothing" for every order among them."""
        if not self.met_plans:
            self.met_plans.append(pool(self.problem, self.orders, Plans.room(self.problem)))
        self.met_plans = [Pool.all_of(self.met_plans)]
        return self.met_plans[0]

    def offer(self, plans: Plans) -> None:
        """Keep plans if they are the cheapest yet."""
        cost = int(costs_of(self.problem, self.orders, plans).sum())
        cost += self.resources.surcharge(self.resources.used(plans))
        if self.plans is None or cost < self.cost:
            self.plans, self.cost = plans, cost

    def met(self) -> bool:
        """Say whether plan and bound are as near as was asked, large orders left out."""
        return self.cost - self.best.bound <= self.limits.gap * abs(self.cost)

    def tell(self, step: str) -> None:
        """Report how far it is."""
        if self.limits.report:
            cost = float(self.cost + self.large_cost()) if self.plans is not None else None
            bound = self.best.bound + self.large_bound
            self.limits.report(Round(step, self.passes, cost, bound))

    def large_cost(self) -> int:
        """Return the cost of large orders, cents."""
        return sum(plan.cost for plan in self.large.values())

    def clock(self, step: str, since: float) -> None:
        """Add the time since `since` to a step's."""
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - since
