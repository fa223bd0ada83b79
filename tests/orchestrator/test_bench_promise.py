"""The bench of promises, on a shop: carts, differences, and the table."""

from pathlib import Path

import omnisource as om
from omnisource.orchestrator.bench_promise import Asked, differences, measure, random_carts


def test_random_carts_are_of_every_length_and_the_same_for_a_seed(shop: Path) -> None:
    world = om.load(shop)
    carts = list(random_carts(world, 10, 3))
    assert carts == list(random_carts(world, 10, 3))
    assert max(len(cart.lines) for cart in carts) <= 5


def test_the_best_options_are_those_of_the_exact_solver_and_of_all_routes(shop: Path) -> None:
    world = om.load(shop)
    assert differences(world, random_carts(world, 15, 1)) == (0, 0, 0)


def test_the_figures_make_a_table(shop: Path) -> None:
    found = measure(shop, Asked(carts=10, exact=0, rivals=1))
    assert found.carts == 10
    assert len(found.sheet().rows) == 4
    assert found.document()["milliseconds"]["p50"] > 0
