"""The joint solver: prices, master, finish; a plan, a bound, and the gap between.

    1  ascend    prices from nothing, or from last night's, by sign                prices.py
    2  bid       everybody's cheapest plan at those prices, made to fit; then all orders of one
                 unit chosen together                                    auction.py, flow.py
    3  large     orders too large for menus, one by one at those prices           oracle/placing.py
                 (and once more after step 4, at better ones)
    4  master    a linear programme over the plans met, in a box around the best prices; its duals
                 are priced, the plans that answer join it, until the two agree      box.py
    5  finish    the programme's plans, the surest first; each order put back where it is
                 cheapest; neighbourhoods chosen anew                  finish.py, neighbour.py
    6  bound     that of the orders with menus, and of each large order, at the same prices

Steps 4 and 5 work over what the large orders leave; the bound of step 6 holds for the whole
night: with y the best prices, b what there is of each resource, v_o(y) the oracle's value over all
there is, and φ_o(y) ≤ v_o(y) a large order's own bound,

    Σ small v_o(y)  +  Σ large φ_o(y)  −  y b                                         (1)

An order is *settled* in step 4 where no plan met is nearly as good as its best at those prices:
its plan is fixed, and what it takes is taken (Lagrangian fixing, by a window instead of the gap).
"""

import math
import time
from dataclasses import replace
from typing import TypeVar

import numpy as np

from omnisource.solvers.decide import decisions
from omnisource.solvers.joint.box import boxed, first_box, next_box
from omnisource.solvers.joint.finish import bidden, improved, rounded, settled
from omnisource.solvers.joint.flow import reflow
from omnisource.solvers.joint.master import Pool, solve
from omnisource.solvers.joint.neighbour import Search, batches, reconsider
from omnisource.solvers.joint.night import Night
from omnisource.solvers.joint.prices import Pass, ascend, price_at, typical_cents
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.oracle.alike import alike
from omnisource.solvers.oracle.large import occupy
from omnisource.solvers.oracle.placing import alone, clocked, fits, share, taken_by
from omnisource.solvers.oracle.plans import Plans
from omnisource.solvers.oracle.serve import costs_of, take_all
from omnisource.solvers.problem import Answer, Flags, Limits, Problem

Size = TypeVar("Size", int, float)

PASSES, WARM_PASSES, MORE = 60, 30, 120
"""Passes of step 1, from nothing and from prices given; and how many more while it pays."""
PAYS = 20
"""Passes in which the bound has to rise by a quarter of the gap asked for, that more may follow."""
MEET = 20
"""Passes after which plans are kept for the programme, where it began from nothing."""
WINDOWS = ((3_000, 1_000.0), (40_000, 300.0), (10**9, 120.0))
"""Up to how many orders, how many cents a plan may be dearer than its order's cheapest."""
ROUNDS = ((3_000, 60), (40_000, 12), (10**9, 0))
"""Up to how many orders, how many programmes are solved in step 4: their time grows faster than
the night, and beyond these neighbourhoods gain more in it."""
ALIKE = 0.1
"""Share of look-alikes from which pricing the first of them alone pays."""
WHOLE = 3_000
"""Orders up to which whole plans are chosen in one programme before any neighbourhood."""
TOGETHER = 2
"""Neighbourhoods chosen anew side by side, whatever the number of threads."""
SWEEPS = 6
"""Times that the neighbourhoods are gone through."""


def joint(problem: Problem, limits: Limits) -> Answer:
    """Allocate all orders together; answer with a plan, a bound and the prices behind it."""
    night = _begin(problem, limits)
    _first_prices(night)
    rounds = _of_size(ROUNDS, night)
    if problem.large.any():
        _place_large(night)
        if rounds:
            _master(night, rounds // 2)
            _place_large(night)
    _master(night, rounds)
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
        notes=night.notes(),
    )


def _of_size(table: tuple[tuple[int, Size], ...], night: Night) -> Size:
    return next(value for most, value in table if len(night.orders) <= most)


def _begin(problem: Problem, limits: Limits) -> Night:
    began, whole = time.monotonic(), _with_look_alikes(Resources.of(problem))
    orders = np.flatnonzero(~problem.large)
    y = np.zeros(len(whole.capacity))
    if limits.start is not None:
        y[: whole.hard] = np.concatenate(limits.start[:3])
    first = price_at(whole, y, limits.threads)
    night = Night(limits, began, whole, whole, orders, first)
    night.learn(Plans.room(problem), orders)
    night.passes += 1
    night.tell("prices")
    return night


def _with_look_alikes(resources: Resources) -> Resources:
    """Return the resources with look-alike orders found, where these are many enough to pay."""
    first = alike(resources.problem)
    many = np.count_nonzero(first != np.arange(len(first)))
    return replace(resources, first=first) if many > ALIKE * len(first) else resources


def _first_prices(night: Night) -> None:
    """Step 1, and 2 where no order is large."""
    began, first = time.monotonic(), night.best
    warm = night.limits.start is not None
    top, bound, least = first.y, first.bound, WARM_PASSES if warm else PASSES
    passes = ascend(
        night.resources, first, passes=least + MORE, scale=typical_cents(first),
        threads=night.limits.threads, step=0.02 if warm else 0.1, going=night.going,
    )  # fmt: skip
    rise = [bound]
    for i, (now, orders) in enumerate(passes):
        night.passes += 1
        if now.bound > bound:
            top, bound = now.y, now.bound
            night.best = replace(night.best, bound=bound)
        if warm or i >= MEET:
            night.learn(now.plans, orders)
        night.tell("prices")
        rise.append(bound)
        pays = bound - rise[-min(PAYS, len(rise))] > 0.25 * night.limits.gap * abs(bound)
        if i + 1 >= least and not (pays and night.early()):
            night.cut += pays
            break
    night.best = price_at(night.resources, top, night.limits.threads)
    night.learn(night.best.plans, night.orders)
    night.passes += 1
    night.clock("price", began)
    if not night.problem.large.any():
        _bid(night)


def _bid(night: Night) -> None:
    """Step 2."""
    began = time.monotonic()
    plans = bidden(night.resources, night.best)
    improved(night.resources, plans, night.best)
    _reflow(night, plans)
    night.learn(plans, night.orders)
    night.offer(plans)
    night.tell("finish")
    night.clock("finish", began)


def _reflow(night: Night, plans: Plans) -> None:
    """Choose the plans of all orders of one unit together, in place: a minimum-cost flow."""
    left, soft = night.resources.room, night.problem.soft
    take_all(night.problem, night.orders, plans, 1, left)
    if not len(soft.group_free) and not len(soft.load_node):
        reflow(night.problem, plans, left)


def _place_large(night: Night) -> None:
    """Step 3: give each large order its best plan at the prices, and take that from the room."""
    problem, room, used = night.problem, night.whole.room, np.zeros_like(night.whole.capacity)
    began = time.monotonic()
    for order, best in alone(night).items():
        plan = best
        if not fits(problem, plan, room):
            each = share(night, len(night.alone))
            plan, cut = clocked(problem, order, night.best.prices, room, seconds=each)
            night.cut += cut
        occupy(problem, plan, room)
        used += taken_by(night.whole, order, plan)
        night.large[order] = plan
    night.resources = night.whole.less(used)
    night.plans = None
    night.best = price_at(night.resources, night.best.y, night.limits.threads)
    night.passes += 1
    night.learn(night.best.plans, night.orders)
    night.large_bound = _bound(night) - night.best.bound
    night.clock("large", began)
    _bid(night)


def _master(night: Night, rounds: int) -> None:
    """Step 4: move the best prices to the programme's duals, as far as the box lets them."""
    began, box = time.monotonic(), first_box(night.best.y)
    for _ in range(rounds):
        if not night.going() or night.met():
            break
        center = night.best.y
        free, part, fixed = _unsettled(night)
        everything = np.arange(len(center))
        answer = boxed(
            part, int(free.sum()), night.resources.at(everything, fixed.used),
            center=center, box=box, seconds=night.left_seconds(),
        )  # fmt: skip
        if answer is None:
            break
        value = answer.value + fixed.bound
        night.chosen = (replace(part, order=np.flatnonzero(free)[part.order]), answer.chosen)
        if value - night.best.bound <= 0.05 * night.limits.gap * abs(value):
            break
        now = price_at(night.resources, answer.price, night.limits.threads)
        night.passes += 1
        night.learn(now.plans, night.orders)
        if now.bound > night.best.bound:
            night.best = now
        night.tell("master")
        box = next_box(box, answer, center, (now.used - night.resources.capacity).astype(float))
    night.clock("master", began)


def _unsettled(night: Night) -> tuple[Flags, Pool, Pass]:
    """Return orders in doubt (flags by position), their plans, and what the others take and cost.

    Plans far dearer than their order's cheapest are left out; never "nothing".
    """
    plans, y = night.pool(), night.best.y
    window = _of_size(WINDOWS, night)
    plan_of = np.repeat(np.arange(plans.size), np.diff(plans.row_start))
    value = plans.cost + np.bincount(plan_of, y[plans.row] * plans.taken, minlength=plans.size)
    near = value - night.best.plans.value[night.orders][plans.order] <= window
    free = np.bincount(plans.order[near], minlength=len(night.orders)) > 1
    part = plans.take(np.flatnonzero(free[plans.order] & (near | (np.diff(plans.start) == 0))))
    part = replace(part, order=(np.cumsum(free) - 1)[part.order])
    others = night.orders[~free]
    cost = float(costs_of(night.problem, others, night.best.plans).sum())
    used = night.resources.used(night.best.plans, others)
    return free, part, replace(night.best, used=used, bound=cost)


def _finish(night: Night) -> None:
    """Step 5."""
    began = time.monotonic()
    if night.plans is None:
        _bid(night)
    if night.chosen is not None and not night.met():
        known = (night.orders, night.chosen[0])
        plans = rounded(night.resources, known, night.chosen[1], night.best)
        improved(night.resources, plans, night.best)
        night.learn(plans, night.orders)
        night.offer(plans)
    if len(night.orders) <= WHOLE:
        _choose_whole(night)
    _search(night)
    night.clock("finish", began)


def _choose_whole(night: Night) -> None:
    """Choose whole plans of all contested orders in one programme; improve; until none helps."""
    for _ in range(3):
        assert night.plans is not None
        night.learn(night.plans, night.orders)
        before, seconds, plans = night.cost, night.left_seconds(), night.pool()
        if night.met() or not night.going():
            return
        room = night.resources.whole
        solved = solve(plans, len(night.orders), room, integer=False, seconds=seconds)
        if solved is None:
            return
        known, seconds = (night.orders, plans), night.step_seconds(30.0)
        since = time.monotonic()
        better = settled(night.resources, known, solved, seconds=seconds)
        night.cut += time.monotonic() - since >= seconds
        if better is None:
            return
        improved(night.resources, better, night.best)
        night.offer(better)
        if night.cost == before:
            return


def _search(night: Night) -> None:
    """Choose neighbourhoods anew, those of most loss first, until near enough or none is left."""
    assert night.plans is not None
    if night.met() or not night.going():
        return
    night.learn(night.plans, night.orders)
    left = night.resources.room
    take_all(night.problem, night.orders, night.plans, 1, left)
    used = night.resources.used(night.plans)
    search = Search(
        night.resources, night.orders, night.best, night.pool(), night.plans, used, left
    )
    for _ in range(SWEEPS):
        saved = 0
        for near in batches(search, TOGETHER):
            if night.met() or not night.going():
                return
            since, seconds = time.monotonic(), night.step_seconds(3.0)
            won = reconsider(search, near, seconds, night.limits.threads)
            night.cut += time.monotonic() - since >= seconds
            saved, night.cost = saved + won, night.cost - won
            night.tell("finish")
        if saved == 0:
            return


def _bound(night: Night) -> float:
    """Step 6, (1)."""
    began, whole = time.monotonic(), night.whole
    if not night.large:
        return night.best.bound
    night.passes += 1
    now = price_at(whole, night.best.y, night.limits.threads)
    bounds = [plan.bound for plan in alone(night).values()]
    night.clock("bound", began)
    return now.bound + math.fsum(bounds)
