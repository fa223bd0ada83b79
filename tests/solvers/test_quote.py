"""The compiled quotes against plain ones: every plan of a tiny cart, and the exact solver."""

from collections.abc import Callable, Iterator
from itertools import product
from math import ceil
from typing import Any

import numpy as np
import pytest

from omnisource.models.world import World
from omnisource.solvers.compile.menus import content_cents
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import NEVER, Prices, Problem, sealed
from omnisource.solvers.quote.asked import Ask
from omnisource.solvers.quote.desk import Desk, desk
from omnisource.solvers.routes.clocks import DAY

Figures = tuple[int, float, int, int]  # arrives, priced cents, grams of CO2, parcels


def ask_of(world: World, order: int) -> Ask:
    """The question that an order would have been."""
    lines = np.flatnonzero(world.lines["order"] == order)
    o = world.orders
    basket = sorted(zip(world.lines["sku"][lines], world.lines["units"][lines], strict=True))
    return Ask(
        sku=tuple(int(s) for s, _ in basket), units=tuple(int(u) for _, u in basket),
        now=world.now, country=o["country"][order], postcode=o["postcode"][order],
        lat=float(o["lat"][order]), lon=float(o["lon"][order]),
    )  # fmt: skip


Dates = Callable[[tuple[int, int, int, float]], tuple[int, ...]]
"""When a parcel arrives that is one of 1, 2, …: of its node, service, the clocks' date and km."""


def by_the_clocks(way: tuple[int, int, int, float]) -> tuple[int, ...]:
    return (way[2],) * 4


def parcels(
    problem: Problem, order: int, prices: Prices, emits_dates: tuple[float, Dates]
) -> Iterator[Any]:
    """(node, units, dates, priced, grams) of everything one parcel could be."""
    emits, dates = emits_dates
    k = problem.order_line[order + 1] - problem.order_line[order]
    for c in range(problem.order_candidate[order], problem.order_candidate[order + 1]):
        pair, n = problem.pair_start[c], problem.node[c]
        for units in product(*(range(cap + 1) for cap in problem.cap[pair : pair + k])):
            if not any(units):
                continue
            for w in range(problem.ways.start[c], problem.ways.start[c + 1]):
                ways = problem.ways.start.copy()
                ways[c], ways[c + 1] = w, w + 1
                one = sealed(problem._replace(ways=problem.ways._replace(start=ways)))
                cents, _ = content_cents(one, order, c, np.array(units))
                if cents >= NEVER:
                    continue
                each = [
                    prices.cell[problem.cell[pair + j]] + prices.node_unit[n] if u else 0.0
                    for j, u in enumerate(units)
                ]
                priced = (
                    cents
                    + prices.node_order[n]
                    + sum(u * p for u, p in zip(units, each, strict=True))
                )
                grams = sum(
                    u * problem.grams[problem.order_line[order] + j] for j, u in enumerate(units)
                )
                co2 = int(np.floor(grams * emits * problem.km[c] / 1000 + 0.5))
                ways, km = problem.ways, float(problem.km[c])
                at = dates((int(n), int(ways.service[w]), int(ways.arrives[w]), km))
                yield int(n), units, at, float(priced), co2


def every_plan(
    problem: Problem, order: int, prices: Prices, emits: float, *, dates: Dates = by_the_clocks
) -> set[Figures]:
    """The figures of every plan that serves the whole order within stock and capacity."""
    first, last = problem.order_line[order], problem.order_line[order + 1]
    asked = tuple(int(q) for q in problem.units[first:last])
    all_of = list(parcels(problem, order, prices, (emits, dates)))
    stock = {
        (int(problem.node[c]), j): int(problem.stock[problem.cell[problem.pair_start[c] + j]])
        for c in range(problem.order_candidate[order], problem.order_candidate[order + 1])
        for j in range(last - first)
        if problem.cell[problem.pair_start[c] + j] >= 0
    }
    found: set[Figures] = set()

    def extend(at: int, rest: tuple[int, ...], used: tuple[Any, ...]) -> None:
        if not any(rest):
            if fits(used):
                many = len(used)
                found.add((max(p[2][many - 1] for p in used), sum(p[3] for p in used),
                           sum(p[4] for p in used), many))  # fmt: skip
            return
        for i in range(at, len(all_of)):
            units = all_of[i][1]
            left = tuple(r - u for r, u in zip(rest, units, strict=True))
            if min(left) >= 0:
                extend(i, left, (*used, all_of[i]))

    def fits(used: tuple[Any, ...]) -> bool:
        for n in {p[0] for p in used}:
            mine = [p[1] for p in used if p[0] == n]
            if len(mine) > problem.node_orders[n] or sum(map(sum, mine)) > problem.node_units[n]:
                return False
            for j in range(len(asked)):
                if sum(u[j] for u in mine) > stock.get((n, j), 0):
                    return False
        return True

    extend(0, asked, ())
    return found


def quoted(answer: tuple[list[str], Any]) -> set[Figures]:
    _, found = answer
    rows = zip(found.arrives, found.priced, found.grams, np.diff(found.start), strict=True)
    return {(int(a), float(p), int(g), int(n)) for a, p, g, n in rows}


def no_worse(a: Figures, b: Figures) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True))


def unhurried(world: World) -> World:
    """The world with four orders that are to be served whole, whenever."""
    free = world.orders.replace(
        promised_by=np.full(4, np.iinfo(np.int64).min), ship_complete=np.ones(4, bool)
    )
    policy = world.policy.model_copy(update={"max_shipments": None, "late_cents": None})
    return world.replace(orders=free, scenario=world.scenario.model_copy(update={"policy": policy}))


def assert_best(offered: set[Figures], plans: set[Figures]) -> None:
    """Every quote is a plan that no other beats, and the fronts that are exact are whole."""
    assert offered <= plans
    assert not any(no_worse(a, b) for a in plans for b in offered if a != b)
    for columns in ((0, 1, 3), (0, 2)):
        front = {tuple(p[c] for c in columns) for p in plans}
        shown = {tuple(p[c] for c in columns) for p in offered}
        for point in front:
            assert any(all(x <= y for x, y in zip(s, point, strict=True)) for s in shown)


def learned(world: World, seed: int) -> LeadTimes:
    """Lead times of up to eight days in which far is not always slow, and curves cross."""
    rng = np.random.default_rng([seed, 3])
    level = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
    minutes = np.sort(rng.integers(100, 8 * DAY, (world.services.rows, 2, 7, len(level))), axis=3)
    return LeadTimes(
        level, np.array([300.0]), minutes.astype(float), rng.uniform(0.5, 1.5, world.nodes.rows),
        ("DE-0",), np.ones((1, len(level))), ("DE-1",), np.full(world.nodes.rows, -1),
        np.ones((1, 1)), np.array([1, 1, 1, 1, 1, 1.5, 0.5]),
    )  # fmt: skip


def fined_days(chances: list[float], fine: float) -> list[int]:
    """The day to promise where 1, 2, 3, 4 parcels are each there by a day with those chances."""
    found = [0]
    for p in range(1, 5):
        costs = [day + fine * (1 - chance**p) for day, chance in enumerate(chances)]
        later = range(found[-1], len(chances))
        found.append(min(later, key=lambda day, costs=costs: (costs[day], day)))  # type: ignore[misc]
    return found[1:]


def test_more_days_are_promised_where_a_late_order_is_dearer_or_parcels_are_more() -> None:
    assert fined_days([0.5, 0.8, 0.95], 5.0) == [1, 2, 2, 2]  # a day for 0.3 · 5, not for 0.15 · 5
    assert fined_days([0.5, 0.8, 0.95], 10.0) == [2, 2, 2, 2]
    assert fined_days([0.9, 0.95, 0.96], 15.0) == [0, 1, 1, 1]  # 0.05 · 15 < 1 day < 0.0925 · 15


@pytest.mark.parametrize("fine", [None, 3, 12])
@pytest.mark.parametrize("seed", range(6))
def test_learned_dates_are_as_sure_as_the_number_of_parcels_or_a_fine_asks(
    random_world: Callable[..., World], seed: int, fine: int | None
) -> None:
    world = unhurried(random_world(seed, orders=4))
    if fine is not None:
        fined = {"slower_cents_per_day": 10, "late_fine_cents": 10 * fine}
        policy = world.policy.model_copy(update={"promise_quantile": None, **fined})
        world = world.replace(scenario=world.scenario.model_copy(update={"policy": policy}))
    times, q = learned(world, seed), world.policy.promised_probability
    problem, _ = compile_world(world, threads=1)
    ready = desk(world, lead_times=times)
    day = (world.now // DAY + 3) % 7

    def dates(way: tuple[int, int, int, float]) -> tuple[int, ...]:
        node, service, arrives, km = way
        asked: Any = {"service": service, "node": node, "km": km, "weekday": day, "region": -1}
        at = world.now % DAY
        if fine is not None:
            begin = max(arrives // DAY, world.now // DAY)
            ends = [d * DAY + DAY - 1 for d in range(begin, begin + 40)]
            sure = [times.probability_by(**asked, minutes=e - world.now, at=at) for e in ends]
            return tuple(max(arrives, ends[day]) for day in fined_days(sure, fine))
        took = [ceil(times.quantile(**asked, p=q ** (1 / p), at=at) - 1e-6) for p in range(1, 5)]
        return tuple(max(arrives, (world.now + m) // DAY * DAY + DAY - 1) for m in took)

    for order in range(4):
        if problem.units[problem.order_line[order] : problem.order_line[order + 1]].sum() > 4:
            continue
        free, emits = Prices.zero(problem), float(world.services["grams_co2_per_kg_km"][0])
        plans = every_plan(problem, order, free, emits, dates=dates)
        assert_best(quoted(ready.answer(ask_of(world, order), ["home"])), plans)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("priced", [False, True])
def test_quotes_are_the_best_of_every_plan_there_is(
    random_world: Callable[..., World],
    random_prices: Callable[[Problem, int], Prices],
    seed: int,
    priced: bool,
) -> None:
    world = unhurried(random_world(seed, orders=4))
    problem, _ = compile_world(world, threads=1)
    prices = random_prices(problem, seed) if priced else Prices.zero(problem)
    ready: Desk = desk(world, lambda _: prices)
    emits = float(world.services["grams_co2_per_kg_km"][0])
    for order in range(4):
        if problem.units[problem.order_line[order] : problem.order_line[order + 1]].sum() > 4:
            continue
        plans = every_plan(problem, order, prices, emits)
        assert_best(quoted(ready.answer(ask_of(world, order), ["home"])), plans)


def test_nothing_is_quoted_where_not_all_can_be_had(world: Callable[..., World]) -> None:
    tiny = world({"n": {"a": 1}}, {"o": {"a": 2}})
    assert quoted(desk(tiny).answer(ask_of(tiny, 0))) == set()


def test_two_parcels_of_one_node_do_not_take_the_same_unit_twice(
    world: Callable[..., World],
) -> None:
    tiny = world(
        {"n": {"a": 3}, "m": {"a": 1}},
        {"o": {"a": 4}},
        freight={("n", "o"): [(2_000, 300)], ("m", "o"): [(2_000, 900)]},
    )
    found = quoted(desk(tiny).answer(ask_of(tiny, 0), ["home"]))
    assert {(p, n) for _, p, _, n in found} == {(1500.0, 3)}  # n: 2 + 1 units, m: 1
