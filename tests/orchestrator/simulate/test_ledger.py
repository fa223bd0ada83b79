"""The books of a simulation and the ledger of a database, told the same story."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import text

from omnisource.models.reservation import Placed, Reservation
from omnisource.models.simulation import Chances, Replenish, Simulation
from omnisource.models.told import Told
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.checkout.carts import cart_of
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.checkout.reserve import reserve
from omnisource.orchestrator.few import like
from omnisource.orchestrator.life.decline import decline
from omnisource.orchestrator.life.doing import Doing
from omnisource.orchestrator.life.verbs import place, step
from omnisource.orchestrator.simulate.demand import Stream
from omnisource.orchestrator.simulate.engine import simulate_once
from omnisource.orchestrator.store.read import read_world
from omnisource.solvers.problem import Limits

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
NOON = MONDAY + timedelta(hours=12)
MINUTE = int(MONDAY.timestamp()) // 60


def with_orders(world: World, *orders: dict[str, int]) -> World:
    """Return a world with orders of A and B, placed at noon, to a customer beside W."""
    size, none = len(orders), [ABSENT] * len(orders)
    table = like(world.orders, {
        "order": [f"o{i + 1}" for i in range(size)], "country": ["DE"] * size,
        "placed_at": [MINUTE + 720] * size, "postcode": ["1"] * size, "lat": [50.0] * size,
        "lon": [8.1] * size, "promised_by": none, "max_shipments": none,
        "pickup_node": [-1] * size, "from_store": [-1] * size,
    })  # fmt: skip
    rows = [(i, sku, n) for i, basket in enumerate(orders) for sku, n in basket.items()]
    lines = like(world.lines, {
        "order": [i for i, _, _ in rows], "line": [sku.lower() for _, sku, _ in rows],
        "sku": ["AB".index(sku) for _, sku, _ in rows], "units": [n for _, _, n in rows],
        "price_cents": [1_000] * len(rows),
    })  # fmt: skip
    return world.replace(orders=table, lines=lines)


def by_sku(order: Placed) -> Placed:
    """Return an order whose lines are named as a promise names them."""
    lines = tuple(line.model_copy(update={"line": line.sku}) for line in order.lines)
    return order.model_copy(update={"lines": lines})


def test_the_books_end_as_the_ledger_of_a_database_does(town: Any) -> None:
    """W declines everything, and S sends it; of B only T has any. Reserve, decline, ship."""
    life = town.life({"WA": 2, "SA": 3, "TB": 2})
    world = read_world(life.desk.database, NOON).world
    baskets: list[dict[str, int]] = [{"A": 2}, {"B": 1}]
    for i, basket in enumerate(baskets, start=1):
        cart = cart_of(world, [f"{sku}:{n}" for sku, n in basket.items()], to="50,8.1")
        held = reserve(life.desk, promise(world, cart, now=NOON).options[0], key=f"k{i}", now=NOON)
        assert isinstance(held, Reservation), held
        order, name = by_sku(town.order(f"o{i}", **basket)), held.reservation
        said = place(life, Doing(f"o{i}", f"p{i}", NOON), order, reservation=name)
        assert isinstance(said, Told), said
        if i == 1:
            (shipment,) = said.shipments
            assert isinstance(
                decline(life, Doing("o1", "no", MONDAY + timedelta(1)), shipment), Told
            )
        for verb in ("release", "pick", "pack", "ship"):
            said = step(life, Doing(f"o{i}", f"{verb}{i}", MONDAY + timedelta(1)), verb)
            assert isinstance(said, Told), said
    with life.desk.database.reading() as connection:
        rows = connection.execute(text("SELECT node, sku, on_hand, reserved FROM stock"))
        told = {(node, sku): (on_hand, reserved) for node, sku, on_hand, reserved in rows}

    stated = np.where(world.nodes["node"] == "W", 1.0, 0.0)
    world = with_orders(world, *baskets)
    world = world.replace(nodes=world.nodes.replace(decline_rate=stated))
    setup = Simulation(chances=Chances(late=0), replenish=Replenish(review_days=0))
    tally = simulate_once(Stream(world, MINUTE, 1, 7), setup, "click", Limits(threads=1))
    nodes, skus = world.nodes["node"], world.products["sku"]
    rows = zip(world.stock["node"], world.stock["sku"], tally.stock["end"],
               tally.stock["reserved"], strict=True)  # fmt: skip
    assert {(nodes[n], skus[k]): (int(end), int(held)) for n, k, end, held in rows} == told
    assert told["W", "A"] == (2, 0)
    assert told["S", "A"] == (1, 0)
