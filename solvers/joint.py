"""The joint solver: prices, master, finish; a plan, a bound, and the gap between.

    1  ascend    prices from nothing, by sign                              prices.py
    2  greedy    a feasible plan at those prices                           finish.py
    3  large     orders too large for menus, one by one at those prices    large.py
                 (and once more after step 4, at better ones)
    4  master    a linear programme over the plans met, in a box around the best prices; its duals
                 are priced, the plans that answer join it, until the two agree        box.py
    5  finish    the programme's plans, the surest first; each order put back where it is
                 cheapest; neighbourhoods chosen anew              finish.py, neighbour.py
    6  bound     that of the orders with menus, and of each large order, at the same prices

Steps 4 and 5 work over what the large orders leave; the bound of step 6 holds for the whole
night: with λ the best prices, b what there is of each resource, v_o(λ) the oracle's value over all
there is, and φ_o(λ) ≤ v_o(λ) a large order's own bound,

    Σ small v_o(λ)  +  Σ large φ_o(λ)  −  λ b                                         (1)
"""

import time
from dataclasses import dataclass, field

import numpy as np

from omnisource.solvers.box import boxed, first_box, next_box
from omnisource.solvers.compile import in_threads
from omnisource.solvers.decide import decisions
from omnisource.solvers.finish import copied, greedy, improved, rounded, settled
from omnisource.solvers.large import LargePlan, large_plan, occupy
from omnisource.solvers.master import Pool, pool, solve
from omnisource.solvers.neighbour import Search, batches, reconsider
from omnisource.solvers.plans import Left, Plans
from omnisource.solvers.prices import Pass, ascend, grained, price_all, typical_cents
from omnisource.solvers.problem import Answer, Floats, Ints, Limits, Prices, Problem, Round
from omnisource.solvers.serve import costs, take_all

FIRST_PASSES = 30
MASTER_ROUNDS = 12
DEAR = 1_000.0
"""Cents above an order's cheapest plan beyond which a plan is forgotten."""
WHOLE = 3_000
"""Orders up to which whole plans are chosen in one programme before any neighbourhood."""
TOGETHER = 2
"""Neighbourhoods chosen anew side by side, whatever the number of threads."""
SWEEPS = 3
"""Times that the neighbourhoods are gone through."""


@dataclass
class Night:
    """What is known so far of one night."""

    problem: Problem
    limits: Limits
    began: float
    orders: Ints  # orders with a menu
    room: Left  # capacities that large orders leave
    best: Pass
    pool: Pool
    passes: int = 0
    plans: Plans | None = None
    cost: int = 0  # cents of `plans`, large orders left out
    large: dict[int, LargePlan] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def left_seconds(self) -> float:
        """Return the time left, at least a little."""
        if self.limits.stopped():
            return 0.5
        return max(self.limits.seconds - (time.monotonic() - self.began), 0.5)

    def going(self) -> bool:
        """Say whether there is time left and nobody asks to end."""
        within = time.monotonic() - self.began < self.limits.seconds
        return within and not self.limits.stopped()

    def ended(self) -> str:
        """Say why the search ended short of the gap asked for."""
        if self.limits.stopped():
            return "interrupted"
        return "feasible" if self.going() else "time"

    def price(self, prices: Prices, step: str) -> Pass:
        """Run the oracle at those prices, learn the plans, keep the pass if it is the best."""
        now = price_all(self.problem, prices, self.room, self.limits.threads)
        self.saw(now, step, learn=True)
        return now

    def saw(self, now: Pass, step: str, *, learn: bool) -> None:
        """Take note of a pass, and of its plans if asked."""
        self.passes += 1
        if now.bound > self.best.bound:
            self.best = now
        if learn:
            self.learn(now.plans)
        self.tell(step)

    def learn(self, plans: Plans) -> None:
        """Add plans to those met."""
        self.pool = self.pool.joined(pool(self.problem, self.orders, plans))

    def offer(self, plans: Plans) -> None:
        """Keep plans if they are the cheapest yet."""
        cost = int(costs(self.problem, plans)[self.orders].sum())
        if self.plans is None or cost < self.cost:
            self.plans, self.cost = plans, cost

    def met(self) -> bool:
        """Say whether plan and bound are as near as was asked, large orders left out."""
        return self.cost - self.best.bound <= self.limits.gap * abs(self.cost)

    def tell(self, step: str) -> None:
        """Report how far it is."""
        if self.limits.report:
            cost = float(self.cost + self.large_cost()) if self.plans is not None else None
            self.limits.report(Round(step, self.passes, cost, self.best.bound))

    def large_cost(self) -> int:
        """Return the cost of large orders, cents."""
        return sum(plan.cost for plan in self.large.values())

    def clock(self, step: str, since: float) -> None:
        """Add the time since `since` to a step's."""
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - since


def joint(problem: Problem, limits: Limits) -> Answer:
    """Allocate all orders together; answer with a plan, a bound and the prices behind it."""
    night = _begin(problem, limits)
    _first_prices(night)
    if problem.large.any():
        _place_large(night)
        _master(night, MASTER_ROUNDS // 2)
        _place_large(night)
    _master(night, 60 if len(night.orders) <= WHOLE else MASTER_ROUNDS)
    _finish(night)
    bound = _bound(night)
    assert night.plans is not None
    cost = night.cost + night.large_cost()
    gap = (cost - bound) / max(abs(cost), 1)
    return Answer(
        decisions=decisions(problem, night.plans, night.large),
        status="optimal" if gap <= limits.gap else night.ended(),
        bound=bound,
        prices=night.best.prices,
        passes=night.passes,
        seconds=night.seconds,
    )


def _begin(problem: Problem, limits: Limits) -> Night:
    began, room = time.monotonic(), Left.of(problem)
    orders = np.flatnonzero(~problem.large)
    first = price_all(problem, Prices.zero(problem), room, limits.threads)
    plans = pool(problem, orders, Plans.room(problem))
    night = Night(problem, limits, began, orders, room, first, plans)
    night.saw(first, "prices", learn=True)
    return night


def _first_prices(night: Night) -> None:
    """Steps 1 and 2."""
    began = time.monotonic()
    passes = ascend(
        night.problem, night.best.prices, night.room, passes=FIRST_PASSES,
        scale=typical_cents(night.best), threads=night.limits.threads, going=night.going,
    )  # fmt: skip
    for i, now in enumerate(passes):
        night.saw(now, "prices", learn=i >= FIRST_PASSES // 2)
    _serve(night)
    night.clock("price", began)


def _serve(night: Night) -> None:
    """Step 2: offer the plan of the priced greedy."""
    plans = greedy(night.problem, night.best.prices, night.room)
    night.learn(plans)
    night.offer(plans)


def _place_large(night: Night) -> None:
    """Step 3: give each large order its best plan at the prices, and take that from the room."""
    orders = np.flatnonzero(night.problem.large)
    if not len(orders):
        return
    began, room, each = time.monotonic(), Left.of(night.problem), _share(night, len(orders))
    for order in orders:
        plan = large_plan(night.problem, int(order), night.best.prices, room, seconds=each)
        occupy(night.problem, plan, room)
        night.large[int(order)] = plan
    prices, night.room, night.plans = night.best.prices, room, None
    night.best = price_all(night.problem, prices, room, night.limits.threads)
    night.saw(night.best, "prices", learn=True)
    _serve(night)
    night.clock("large", began)


def _share(night: Night, orders: int) -> float:
    """Return the seconds that one large order may take, each being solved three times."""
    return float(np.clip(0.2 * night.left_seconds() / orders, 1.0, 20.0))


def _master(night: Night, rounds: int) -> None:
    """Step 4: move the best prices to the programme's duals, as far as the box lets them."""
    began, capacity = time.monotonic(), np.concatenate(night.room)
    box = first_box(np.concatenate(night.best.prices[:3]))
    for _ in range(rounds):
        if not night.going():
            break
        _forget(night)
        center = np.concatenate(night.best.prices[:3])
        answer = boxed(
            night.pool, len(night.orders), night.room,
            center=center, box=box, seconds=night.left_seconds(),
        )  # fmt: skip
        if answer is None:
            break
        if answer.value - night.best.bound <= 0.05 * night.limits.gap * abs(answer.value):
            break
        now = night.price(_split(night, answer.price), "master")
        used = np.concatenate(now.used).astype(np.float64)
        box = next_box(box, answer, center, used - capacity)
    night.clock("master", began)


def _forget(night: Night) -> None:
    """Drop plans far dearer than their order's cheapest at the best prices; never "nothing"."""
    price, plans = np.concatenate(night.best.prices[:3]), night.pool
    plan_of = np.repeat(np.arange(plans.size), np.diff(plans.row_start))
    rent = np.bincount(plan_of, price[plans.row] * plans.taken, minlength=plans.size)
    value = plans.cost + rent
    least = night.best.plans.value[night.orders][plans.order]
    keep = (value - least <= DEAR) | (np.diff(plans.start) == 0)
    if not keep.all():
        night.pool = plans.take(np.flatnonzero(keep))


def _split(night: Night, price: Floats) -> Prices:
    cells, nodes = len(night.problem.stock), night.problem.nodes
    cell, order, unit = np.split(grained(price), [cells, cells + nodes])
    return Prices(cell, order, unit, night.best.prices.short)


def _finish(night: Night) -> None:
    """Step 5."""
    began, problem = time.monotonic(), night.problem
    assert night.plans is not None
    night.learn(night.plans)
    solved = solve(
        night.pool, len(night.orders), night.room, integer=False, seconds=night.left_seconds()
    )
    improved(problem, night.plans, night.room)
    night.offer(night.plans)
    if solved is not None:
        prices = night.best.prices
        plans = rounded(problem, (night.orders, night.pool), solved, prices, night.room)
        improved(problem, plans, night.room)
        night.offer(plans)
        if len(night.orders) <= WHOLE:
            _choose_whole(night)
    night.cost = int(costs(problem, night.plans)[night.orders].sum())
    _search(night)
    night.clock("finish", began)


def _choose_whole(night: Night) -> None:
    """Choose whole plans of all contested orders in one programme; improve; until none helps."""
    for _ in range(3):
        assert night.plans is not None
        night.learn(night.plans)
        before, seconds = night.cost, night.left_seconds()
        solved = solve(night.pool, len(night.orders), night.room, integer=False, seconds=seconds)
        if solved is None or night.met():
            return
        known = (night.orders, night.pool)
        plans = settled(night.problem, known, solved, night.room, seconds=min(30.0, seconds))
        if plans is None:
            return
        improved(night.problem, plans, night.room)
        night.offer(plans)
        if night.cost == before:
            return


def _search(night: Night) -> None:
    """Choose neighbourhoods anew, those of most loss first, until near enough or none is left."""
    problem, left = night.problem, copied(night.room)
    assert night.plans is not None
    take_all(problem, night.orders, night.plans, 1, left)
    search = Search(problem, night.orders, night.best, night.pool, night.plans, left)
    for _ in range(SWEEPS):
        saved = 0
        for near in batches(search, TOGETHER):
            if night.met() or not night.going():
                return
            seconds = min(3.0, night.left_seconds())
            won = reconsider(search, near, seconds, night.limits.threads)
            saved, night.cost = saved + won, night.cost - won
            night.tell("finish")
        if saved == 0:
            return


def _bound(night: Night) -> float:
    """Step 6, (1)."""
    began, problem = time.monotonic(), night.problem
    if not night.large:
        return night.best.bound
    prices, whole = night.best.prices, Left.of(problem)
    night.passes += 1
    bound = price_all(problem, prices, whole, night.limits.threads).bound
    orders, each = sorted(night.large), _share(night, len(night.large))
    bounds = np.zeros(len(orders))

    def work(i: int) -> None:
        bounds[i] = large_plan(problem, orders[i], prices, whole, seconds=each).bound

    in_threads(work, len(orders), night.limits.threads)
    night.clock("bound", began)
    return bound + float(bounds.sum())
