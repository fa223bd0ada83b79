"""Products short of units: how many lack, which cells are to blame, and where prices begin."""

import networkx as nx
import numpy as np

from omnisource.models.policy import Policy
from omnisource.solvers.joint.prices import ascend, price_at
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.joint.scarce import Reach, fill, first_prices, product_of_lines, reached
from omnisource.solvers.problem import Ints, Problem


def lines_of(problem: Problem, sku: int) -> tuple[Ints, Ints]:
    """Return the lines that ask for a product, and their orders."""
    lines = np.flatnonzero(product_of_lines(problem) == sku)
    order = np.repeat(np.arange(problem.size), np.diff(problem.order_line))
    return lines, order[lines]


def reach_of(problem: Problem, sku: int) -> Reach:
    """Return what the lines of a product reach."""
    local = np.full(len(problem.stock), -1)
    return reached(problem, lines_of(problem, sku), problem.stock, local)


def by_networkx(reach: Reach) -> int:
    """Return the units lacking, by a maximum flow of a library."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    for i, rest in enumerate(reach.rest.tolist()):
        graph.add_edge("source", ("line", i), capacity=rest)
    for j, room in enumerate(reach.room.tolist()):
        graph.add_edge(("cell", j), "sink", capacity=room)
    for i, j in zip(reach.line.tolist(), reach.cell.tolist(), strict=True):
        graph.add_edge(("line", i), ("cell", j))
    served: int = nx.maximum_flow_value(graph, "source", "sink")
    return int(reach.rest.sum()) - served


def test_as_many_units_lack_as_a_maximum_flow_leaves(random_problem):
    lacked = 0
    for seed in range(150):
        problem = random_problem(seed, orders=8)
        for sku in np.unique(problem.cell_sku):
            reach = reach_of(problem, sku)
            wanted = by_networkx(reach)
            met, lacking = fill(reach)
            assert lacking == wanted
            lacked += lacking
            # Hall: the lines met ask for as many units more than their cells have
            asked = problem.units[lines_of(problem, sku)[0]][met[0]].sum()
            assert asked - problem.stock[reach.cells[met[1]]].sum() == lacking
            assert met[1][reach.cell[met[0][reach.line]]].all()
    assert lacked > 100


def test_a_product_short_everywhere_begins_at_the_penalty_of_who_goes_without(world, compiled):
    night = world(
        stock={"near": {"A": 2}, "far": {"A": 1}},
        orders={"one": {"A": 2}, "two": {"A": 2}},
        policy=Policy(shortage_cents=1_000, tiers={"gold": 3.0}),
        order_fields={"one": {"tier": "gold"}},
    )
    problem, _ = compiled(night)
    # 4 units asked, 3 there: the one that goes without has the penalty of "two", 1,000 cents
    assert first_prices(problem, problem.stock, 300.0).tolist() == [700.0, 700.0]
    assert first_prices(problem, problem.stock, 1_300.0).tolist() == [0.0, 0.0]


def test_a_cell_that_the_short_order_cannot_reach_costs_nothing_at_first(world, compiled):
    night = world(
        stock={"near": {"A": 1}, "far": {"A": 1}},
        orders={"one": {"A": 2}, "two": {"A": 1}},
        freight={("far", "one"): [(1, 500)]},  # up to one gram: "far" cannot send A to "one"
        policy=Policy(shortage_cents=1_000),
    )
    problem, _ = compiled(night)
    # "two" is served from far; "one" has near alone, and goes a unit short
    prices = first_prices(problem, problem.stock, 300.0)
    assert dict(zip(problem.cell_node.tolist(), prices.tolist(), strict=True)) == {0: 700.0, 1: 0.0}


def test_where_there_is_enough_for_all_prices_begin_at_nothing(world, compiled):
    night = world(stock={"n": {"A": 5}}, orders={"one": {"A": 2}, "two": {"A": 3}})
    problem, _ = compiled(night)
    assert first_prices(problem, problem.stock, 0.0).tolist() == [0.0]


def test_a_short_product_soon_has_the_bound_of_its_linear_programme(world, compiled):
    names = [f"o{i}" for i in range(12)]
    night = world(
        stock={f"n{i}": {"A": 1} for i in range(8)},
        orders={name: {"A": 1} for name in names},
        freight={(f"n{i}", name): 100 + 10 * i for i in range(8) for name in names},
        policy=Policy(shortage_cents=5_000),
    )
    problem, _ = compiled(night)
    resources = Resources.of(problem)
    first = price_at(resources, np.zeros(len(resources.capacity)), 1)
    passes = ascend(resources, first, passes=30, scale=50.0, threads=1)
    best = max(now.bound for now, _ in passes)
    # four of twelve go without; the others cost 100, 110, … 170
    assert best <= 4 * 5_000 + 1_080
    assert best >= 0.98 * (4 * 5_000 + 1_080)
