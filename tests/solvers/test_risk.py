"""What is expected to go wrong has a price, and so has moving what is reserved."""

import numpy as np
import pytest

from omnisource.models.policy import Policy
from omnisource.models.world import World
from omnisource.solvers.compile.risk import HELD_AT


def held(world: World, *nodes: int) -> World:
    """The world with its lines reserved at those nodes."""
    return world.replace(lines=world.lines.replace(**{HELD_AT: np.array(nodes, np.int32)}))


def test_a_node_that_declines_a_tenth_costs_a_tenth_of_sourcing_again(solve, world):
    """A declines a tenth: 60 cents of 600; B is 50 dearer, and declines nothing."""
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}},
        freight={("A", "o"): 500, ("B", "o"): 550},
        nodes={"A": {"decline_rate": 0.1}},
        policy=Policy(decline_cents=600),
    )
    plan, _ = solve(night, "joint")
    assert plan.shipments["node"].tolist() == [1]
    calm = night.replace(scenario=night.scenario.model_copy(update={"policy": Policy()}))
    plan, _ = solve(calm, "joint")
    assert plan.shipments["node"].tolist() == [0]
    assert plan.bill["risk"] == 0


def test_a_unit_costs_what_its_record_makes_it_likely_to_be_missing(solve, world):
    """Half the counts find what is recorded: ln 2 units are gone of four, 17.3 % of 1,000 cents."""
    night = world(
        {"A": {"apple": 4}}, {"o": {"apple": 2}}, policy=Policy(decline_cents=1_000),
        cells={("A", "apple"): {"accuracy": 0.5}},
    )  # fmt: skip
    plan, answer = solve(night, "exact")
    assert plan.bill["risk"] == 2 * 173
    assert answer.bound == plan.cost_cents == 500 + 2 * 173


@pytest.mark.parametrize(("cents", "node"), [(99, 0), (101, 1)])
def test_a_reserved_unit_moves_only_where_that_saves_more(solve, world, cents, node):
    """Reserved at B, 100 cents dearer than A: worth moving at 99 cents, not at 101."""
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}},
        freight={("A", "o"): 500, ("B", "o"): 600},
        policy=Policy(move_cents=cents),
    )
    for name in ("joint", "exact", "cheapest"):
        plan, _ = solve(held(night, 1), name)
        assert plan.shipments["node"].tolist() == [node]
        assert plan.bill["moved"] == cents * (node == 0)


def test_what_is_reserved_gives_way_to_an_order_that_has_nothing(solve, world):
    """o is reserved at A, the only node near p; sent from B instead it costs 20 + 30 more."""
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}, "p": {"apple": 1}},
        freight={("A", "o"): 500, ("B", "o"): 520, ("A", "p"): 500, ("B", "p"): 900},
        policy=Policy(move_cents=30),
    )
    plan, _ = solve(held(night, 0, -1), "joint")
    assert plan.shipments["node"].tolist() == [1, 0]
    assert plan.bill["moved"] == 30
    plan, _ = solve(held(night, 1, -1), "joint")
    assert (plan.shipments["node"].tolist(), plan.bill["moved"]) == ([1, 0], 0)


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_holds_for_nights_that_move_and_weigh_risks(solve, random_world, seed):
    night, dice = random_world(seed), np.random.default_rng(seed)
    policy = night.policy.model_copy(update={"move_cents": 70, "decline_cents": 400})
    night = night.replace(
        scenario=night.scenario.model_copy(update={"policy": policy}),
        nodes=night.nodes.replace(decline_rate=dice.random(night.nodes.rows) * 0.3),
        stock=night.stock.replace(accuracy=1 - dice.random(night.stock.rows) * 0.5),
    )
    night = held(night, *dice.integers(-1, night.nodes.rows, night.lines.rows))
    best, answer = solve(night, "exact")
    assert answer.bound == best.cost_cents
    plan, other = solve(night, "joint")
    assert other.bound <= best.cost_cents <= plan.cost_cents
    assert best.bill["risk"] > 0


def test_orders_reserved_elsewhere_are_not_alike(solve, world):
    baskets = {f"o{i}": {"apple": 1} for i in range(2)}
    night = world(
        {"A": {"apple": 2}, "B": {"apple": 2}}, baskets, policy=Policy(move_cents=10),
    )  # fmt: skip
    plan, _ = solve(held(night, 1, 0), "joint")
    assert plan.shipments["node"].tolist() == [1, 0]
    assert plan.bill["moved"] == 0
