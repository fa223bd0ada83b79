"""What tells the rule engines apart, on worlds where their rules disagree."""

from itertools import combinations

import numpy as np
import pytest

from omnisource.models.policy import Policy, Weights
from omnisource.solvers.rules.engines import _fewest_nodes

TAKERS = ["nearest", "priority", "fewest-splits", "rated", "cheapest"]
"""Who serves the orders one by one as they arrive."""


def senders(solve, world, engine):
    """The names of the nodes that send, in the order of the shipments."""
    plan, _ = solve(world, engine)
    return [str(world.nodes["node"][n]) for n in plan.shipments["node"]]


@pytest.fixture
def disputed(world):
    """Near has one of two lines, Middle and Far both, Far first on the list; Cheap the other."""
    return world(
        {
            "Near": {"apple": 1},
            "Cheap": {"pear": 1},
            "Middle": {"apple": 1, "pear": 1},
            "Far": {"apple": 5, "pear": 5},
        },
        {"o": {"apple": 1, "pear": 1}},
        freight={("Near", "o"): 100, ("Cheap", "o"): 100, ("Middle", "o"): 900, ("Far", "o"): 800},
        policy=Policy(priority=("Far",)),
    )


def test_nearest_takes_what_the_nearest_nodes_have(solve, disputed):
    assert senders(solve, disputed, "nearest") == ["Near", "Cheap"]


def test_priority_follows_the_list(solve, disputed):
    assert senders(solve, disputed, "priority") == ["Far"]


def test_priority_ranks_unnamed_nodes_by_kind_then_distance(solve, world):
    night = world(
        {"Shop": {"apple": 1}, "Depot": {"apple": 1}, "Depot 2": {"apple": 1}},
        {"o": {"apple": 3}},
        nodes={"Shop": {"kind": "store"}},
    )
    assert senders(solve, night, "priority") == ["Depot", "Depot 2", "Shop"]


def test_fewest_splits_takes_the_nearest_single_node_that_has_it_all(solve, disputed):
    assert senders(solve, disputed, "fewest-splits") == ["Middle"]


def test_fewest_splits_takes_the_pair_with_the_least_mean_distance(solve, world):
    night = world(
        {
            "A": {"apple": 1},
            "B": {"apple": 1, "pear": 1},
            "C": {"pear": 1, "plum": 1},
            "D": {"plum": 1},
        },
        {"o": {"apple": 1, "pear": 1, "plum": 1}},
    )
    assert senders(solve, night, "fewest-splits") == ["A", "C"]


def test_fewest_splits_adds_up_the_units_of_several_nodes(solve, world):
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 2}, "C": {"apple": 3}, "D": {"apple": 1}},
        {"o": {"apple": 5}},
    )
    assert senders(solve, night, "fewest-splits") == ["B", "C"]


def test_fewest_splits_searches_for_what_can_be_had(solve, world):
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1, "pear": 1}}, {"o": {"apple": 1, "pear": 1, "plum": 1}}
    )
    assert senders(solve, night, "fewest-splits") == ["B"]


@pytest.mark.parametrize(
    ("rating", "sender"),
    [("distance", "Near"), ("cost", "Cheap"), ("stock", "Middle"), ("days", "Quick")],
)
def test_rated_follows_the_rating_that_has_all_the_weight(solve, world, rating, sender):
    weights = dict.fromkeys(("distance", "cost", "stock", "days"), 0.0) | {rating: 1.0}
    night = world(
        {
            "Near": {"apple": 1},
            "Cheap": {"apple": 1},
            "Middle": {"apple": 2},
            "Quick": {"apple": 1},
        },
        {"o": {"apple": 2}},
        freight={("Cheap", "o"): 100, ("Middle", "o"): 900},
        policy=Policy(weights=Weights(**weights)),
        transit_days={"Near": 3, "Cheap": 3, "Middle": 3, "Quick": 1},
    )
    assert senders(solve, night, "rated")[0] == sender


def test_rated_adds_weighted_ratings_up(solve, world):
    night = world(
        {"Near": {"apple": 1}, "Cheap": {"apple": 1}, "Even": {"apple": 1}},
        {"o": {"apple": 1}},
        freight={("Near", "o"): 900, ("Cheap", "o"): 700, ("Even", "o"): 100},
        policy=Policy(weights=Weights(distance=0.4, cost=0.6, stock=0.0, days=0.0)),
    )
    # distance 1, ½, 0 and cost 0, ¼, 1 give 0.4, 0.35 and 0.6
    assert senders(solve, night, "rated") == ["Even"]


def test_cheapest_compares_whole_plans(solve, disputed):
    assert sorted(senders(solve, disputed, "cheapest")) == ["Cheap", "Near"]


def test_cheapest_looks_at_no_order_that_follows(solve, world):
    """o saves a cent at A, and p then pays 500 more."""
    night = world(
        {"A": {"apple": 1}, "B": {"apple": 1}},
        {"o": {"apple": 1}, "p": {"apple": 1}},
        freight={("A", "o"): 99, ("B", "o"): 100, ("A", "p"): 100, ("B", "p"): 600},
    )
    assert senders(solve, night, "cheapest") == ["A", "B"]


@pytest.mark.parametrize("large_first", [True, False])
def test_cheapest_serves_a_large_order_in_its_turn(solve, world, large_first):
    skus = {f"s{i}": 4 for i in range(12)}
    when = {"wide": "2025-01-01T00:00:00Z"} if large_first else {"small": "2025-01-01T00:00:00Z"}
    night = world(
        {"A": skus},
        {"small": {"s0": 4}, "wide": skus},
        order_fields={order: {"placed_at": time} for order, time in when.items()},
    )
    plan, _ = solve(night, "cheapest")
    assert plan.shortages["order"].tolist() == [0 if large_first else 1]


@pytest.mark.parametrize("engine", TAKERS)
def test_the_first_to_arrive_gets_the_last_unit(solve, world, engine):
    night = world(
        {"A": {"apple": 1}},
        {"late": {"apple": 1}, "early": {"apple": 1}},
        order_fields={"early": {"placed_at": "2025-01-01T00:00:00Z"}},
    )
    plan, _ = solve(night, engine)
    assert plan.shipments["order"].tolist() == [1]


@pytest.mark.parametrize("engine", TAKERS)
def test_one_by_one_the_three_stores_cost_39(solve, world, engine):
    """Grid Dynamics' example; the nodes stand in the order of their cost."""
    costs = {"o1": (2, 5, 6), "o2": (7, 19, 20), "o3": (8, 15, 18)}
    night = world(
        {store: {"apple": 1} for store in "ABC"},
        {order: {"apple": 1} for order in costs},
        freight={
            (store, order): cents
            for order, row in costs.items()
            for store, cents in zip("ABC", row, strict=True)
        },
    )
    plan, _ = solve(night, engine)
    assert plan.cost_cents == 2 + 19 + 18 == 39


@pytest.mark.parametrize("engine", TAKERS)
def test_what_a_taken_back_order_held_serves_the_next(solve, world, engine):
    night = world(
        {"A": {"apple": 1}},
        {"whole": {"apple": 1, "pear": 1}, "next": {"apple": 1}},
        order_fields={"whole": {"ship_complete": True}},
    )
    plan, _ = solve(night, engine)
    assert plan.shipments["order"].tolist() == [1]


def test_parcels_are_filled_with_the_heaviest_first(solve, world):
    night = world(
        {"A": {"light": 3, "heavy": 1}},
        {"o": {"light": 3, "heavy": 1}},
        products={"heavy": {"grams": 2_500}},
        freight={("A", "o"): [(3_500, 400)]},
    )
    plan, _ = solve(night, "nearest")
    assert plan.shipments["grams"].tolist() == [3_500, 2_000]


def test_the_last_shipment_goes_to_the_node_with_most_of_the_rest(solve, world):
    night = world(
        {"A": {"apple": 1}, "B": {"pear": 1}, "C": {"pear": 1, "plum": 1}},
        {"o": {"apple": 1, "pear": 1, "plum": 1}},
        policy=Policy(max_shipments=2),
    )
    assert senders(solve, night, "nearest") == ["A", "C"]


@pytest.mark.parametrize("seed", range(60))
def test_the_fewest_and_nearest_nodes_are_found(seed):
    """Against all sets there are."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 8)), int(rng.integers(1, 5))
    offers = rng.integers(0, 4, (n, k)) * (rng.random((n, k)) < 0.5)
    want, km = rng.integers(1, 5, k), np.sort(rng.integers(1, 100, n)) * 1.0
    reach = np.minimum(want, offers.sum(axis=0))
    offers = np.minimum(offers, want)
    chosen = _fewest_nodes(offers, want, km, 99)
    sets = [s for size in range(n + 1) for s in combinations(range(n), size)]
    enough = [s for s in sets if (offers[list(s)].sum(axis=0) >= reach).all()]
    size, far = min((len(s), km[list(s)].sum()) for s in enough)
    assert (len(chosen), km[chosen].sum()) == (size, far)
