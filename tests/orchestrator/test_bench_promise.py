"""The bench of promises, on a shop: carts, differences, and the table."""

from pathlib import Path

import numpy as np

import omnisource as om
from omnisource.models.promise import CartLine
from omnisource.orchestrator.bench.promise import Asked, differences, measure, random_carts
from omnisource.orchestrator.bench.promise_plain import plain_cents, shop_of
from omnisource.orchestrator.bench.promise_rivals import first_arrival
from omnisource.orchestrator.checkout.placed import DOOR, placed
from omnisource.orchestrator.checkout.promise import promiser


def test_random_carts_are_of_every_length_and_the_same_for_a_seed(shop: Path) -> None:
    world = om.load(shop)
    carts = list(random_carts(world, 10, 3))
    assert carts == list(random_carts(world, 10, 3))
    assert max(len(cart.lines) for cart in carts) <= 5


def test_the_best_options_are_those_of_the_exact_solver_and_of_all_routes(shop: Path) -> None:
    world = om.load(shop)
    assert differences(world, random_carts(world, 15, 1)) == (0, 0, 0)


def test_what_no_node_has_never_arrives(shop: Path) -> None:
    world = om.load(shop)
    empty = world.replace(stock=world.stock.take(np.zeros(0, np.int64)))
    assert first_arrival(placed(empty, next(random_carts(world, 1, 1)))) is None


def test_the_figures_make_a_table(shop: Path) -> None:
    found = measure(shop, Asked(carts=10, exact=0, rivals=1))
    assert found.carts == 10
    assert len(found.sheet().rows) == 5
    assert found.document()["milliseconds"]["p50"] > 0


def test_plain_loops_find_the_cheapest_plan_that_keeps_lines_whole(shop: Path) -> None:
    world = om.load(shop)
    ready = promiser(world)
    plain, whole = shop_of(ready.desk), 0
    for cart in random_carts(world, 20, 2):
        home = cart.model_copy(update={"store": None, "modes": DOOR})
        alone = home.model_copy(update={"lines": (CartLine(sku=cart.lines[0].sku),)})
        for asked in (home, alone):
            best = ready.promise(asked, world.scenario.now).tagged("cheapest")
            ask = ready.ask(asked, world.scenario.now)
            cents = plain_cents(plain, ask, int(ready.desk.inputs(ask).order_fences[0]))
            assert best is None or best.cost_cents <= cents
            whole += best is not None and best.cost_cents == cents
    assert whole >= 30
