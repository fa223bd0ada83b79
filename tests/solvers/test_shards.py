"""Shards: a bound that does not depend on the cut, rooms that hold no unit twice, valid plans."""

from dataclasses import replace

import numpy as np
import pytest

from omnisource.orchestrator.allocate import allocate
from omnisource.orchestrator.distribute import Engine, allocate_in_shards, cut_world, opened
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.decide import decisions
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.joint.solve import joint
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import Limits, Prices
from omnisource.solvers.shards.cut import joined, part, part_of_decisions, ranges
from omnisource.solvers.shards.deal import dealt, rooms
from omnisource.solvers.shards.shard import Shard, Sparse, capacity, limited, read_back

LIMITS = Limits(gap=0.0, seconds=20.0, threads=1)


def shards_of(problem, count):
    cut = [np.arange(*piece) for piece in ranges(problem.size, count)]
    return [Shard(part(problem, own), part_of_decisions(problem, own)) for own in cut]


def everything(problem):
    return Sparse.of(capacity(problem))


@pytest.mark.parametrize("seed", range(20))
def test_a_night_in_three_shards_is_feasible_and_its_bound_below_the_optimum(random_world, seed):
    world = random_world(seed, orders=9)
    plan = allocate_in_shards(world, Engine(shards=3), limits=LIMITS)  # judged: raises if broken
    best = allocate(world, solver="exact", limits=LIMITS)
    assert plan.solver == "sharded"
    assert plan.bound_cents <= best.cost_cents <= plan.cost_cents
    asked = int(world.lines["units"].sum())
    assert plan.allocations["units"].sum() + plan.shortages["units"].sum() == asked


@pytest.mark.parametrize("seed", range(10))
def test_at_equal_prices_values_and_use_do_not_depend_on_the_cut(
    random_problem, random_prices, seed
):
    problem = random_problem(seed, orders=11)
    price = np.concatenate(random_prices(problem, seed)[:3])
    price[~limited(capacity(problem))] = 0
    whole = price_all(problem, _prices(problem, price), Left.of(problem), 1)
    for count in (1, 3):
        answers = [shard.priced(Sparse.of(price)) for shard in shards_of(problem, count)]
        assert sum(each.value for each in answers) == whole.plans.value.sum()
        used = sum(each.used.vector(len(price)) for each in answers)
        assert (used == whole.used[: len(price)]).all()


def _prices(problem, price):
    cells = len(problem.stock)
    cut = np.split(price, [cells, cells + problem.nodes])
    return Prices(*cut, np.zeros(problem.size))


@pytest.mark.parametrize("seed", range(30))
def test_dealing_gives_every_unit_to_one_of_those_that_want_it(seed):
    rng = np.random.default_rng(seed)
    amount = rng.integers(0, 40, 50)
    weights = [rng.integers(0, 5, 50) for _ in range(4)]
    total = np.sum(weights, axis=0)
    parts = list(dealt(amount, weights, rng.integers(0, 1_000, 50)))
    assert (np.sum(parts, axis=0) == np.where(total > 0, amount, 0)).all()
    for given, weight in zip(parts, weights, strict=True):
        assert (np.abs(given * np.maximum(total, 1) - amount * weight) < np.maximum(total, 1)).all()


def test_rooms_together_are_all_there_is(random_problem):
    problem = random_problem(4, orders=12)
    shards, size = shards_of(problem, 3), len(capacity(problem))
    free = Sparse.of(np.zeros(size))
    could = [shard.about().touched for shard in shards]
    wanted = [shard.priced(free).used for shard in shards]
    nothing = [Sparse.of(np.zeros(size, np.int64))] * 3
    given = list(rooms(capacity(problem), nothing, wanted, could, turn=0))
    usable = np.isin(np.arange(size), np.concatenate(could)) & limited(capacity(problem))
    total = sum(room.vector(size) for room in given)
    assert (total[usable] == capacity(problem)[usable]).all()
    served = [shard.served(room, 0.0, 9.0) for shard, room in zip(shards, given, strict=True)]
    for one, room in zip(served, given, strict=True):
        used, finite = one.used.vector(size), limited(capacity(problem))
        assert (used[finite] <= room.vector(size)[finite]).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_shard_that_is_asked_the_same_again_decides_the_same(random_problem, seed):
    problem = random_problem(seed, orders=10)
    one, other = (Shard(problem, lambda own: own) for _ in range(2))
    free, room = Sparse.of(np.zeros(len(capacity(problem)))), everything(problem)
    for shard in (one, other):
        shard.served(room, 0.0, 9.0)
        shard.improved(free, room)
    first, again = one.decided(), other.decided()
    assert all((getattr(first, n) == getattr(again, n)).all() for n in vars(first))


@pytest.mark.parametrize("seed", range(8))
def test_putting_back_at_no_prices_never_costs_more(random_problem, seed):
    problem = random_problem(seed, orders=10)
    shard, size = Shard(problem, lambda own: own), len(capacity(problem))
    half = Sparse.of(np.where(limited(capacity(problem)), capacity(problem) // 2, 0))
    before = shard.served(half, 0.0, 9.0).cost
    after = shard.improved(Sparse.of(np.zeros(size)), everything(problem))
    assert after.cost <= before
    assert (after.used.vector(size) <= capacity(problem)).all()


def test_decisions_of_parts_are_those_of_the_whole(random_problem):
    problem = random_problem(7, orders=10)
    made = joint(problem, LIMITS).decisions
    plans, large = read_back(problem, made)
    again = decisions(problem, plans, large)
    assert all(
        (getattr(made, n) == getattr(again, n)).all() for n in ("candidate", "line", "units")
    )
    nobody = [shard.decided() for shard in shards_of(problem, 3)]
    assert len(joined(nobody).candidate) == 0


def test_a_shard_of_the_world_is_that_part_of_the_problem(random_world):
    world = random_world(5, orders=9)
    problem, legend = compile_world(world, threads=1)
    common, parts = cut_world(world, 3)
    shards = [opened(common, own) for own in parts]
    assert sorted(np.concatenate([own["order_rows"] for own in parts])) == list(range(9))
    assert (sum(shard.verdicts for shard in shards) == legend.counts).all()
    for own, shard in zip(parts, shards, strict=True):
        mine, theirs = part(problem, own["order_rows"]), shard.problem
        theirs = theirs._replace(soft=mine.soft)
        for name, column in mine._replace(ways=0, soft=0)._asdict().items():
            assert np.array_equal(column, theirs._replace(ways=0, soft=0)._asdict()[name]), name
        assert all(np.array_equal(a, b) for a, b in zip(mine.ways, theirs.ways, strict=True))


def test_large_orders_are_weighed_placed_and_read_back(world):
    skus = {f"s{i}": 4 for i in range(12)}
    night = world({"A": skus, "B": skus}, {"o": skus, "p": {"s0": 1}, "q": {"s1": 2}})
    plan = allocate_in_shards(night, Engine(shards=2), limits=LIMITS)
    asked = int(night.lines["units"].sum())
    assert plan.allocations["units"].sum() + plan.shortages["units"].sum() == asked
    assert plan.bound_cents <= plan.cost_cents
    problem, _ = compile_world(night, threads=1)
    shard = Shard(problem, lambda own: own)
    served = shard.served(everything(problem), 0.0, 20.0)
    weighed = shard.weighed(Sparse.of(np.zeros(len(capacity(problem)))), 5.0)
    assert shard.about().large == 1
    assert weighed.value <= served.cost


def test_asked_to_end_at_once_the_shards_still_have_plans(random_world):
    world = random_world(2, orders=9)
    plan = allocate_in_shards(world, Engine(shards=3), limits=replace(LIMITS, stop=lambda: True))
    assert plan.status in ("interrupted", "optimal")


def test_a_night_without_orders_costs_nothing(random_world):
    world, none = random_world(2), np.zeros(0, np.int64)
    empty = world.replace(orders=world.orders.take(none), lines=world.lines.take(none))
    assert allocate_in_shards(empty, Engine(shards=3), limits=LIMITS).cost_cents == 0
