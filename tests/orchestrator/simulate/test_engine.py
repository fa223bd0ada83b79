"""Days of a tiny town, by hand: who is promised what, who sends it, and what lies where at the end.

A parcel costs 400 cents from W and 500 from S and T, and takes a day; nobody ships on Sundays, and
Monday is day 0. Nodes need no time; what is asked for by 14:00 leaves on the day.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.base import UnusableInput
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import LoadStep, Policy
from omnisource.models.product import Product
from omnisource.models.scenario import Scenario
from omnisource.models.simulation import Chances, Choice, Replenish, Simulation
from omnisource.models.stock import Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.simulate.chance import draw
from omnisource.orchestrator.simulate.clairvoyant import clairvoyant
from omnisource.orchestrator.simulate.demand import Stream
from omnisource.orchestrator.simulate.engine import RULES, _begun, simulate_once
from omnisource.orchestrator.simulate.pricing import in_turn, supply
from omnisource.orchestrator.simulate.tally import ACCEPTED, REFUSED, STATES, WALKED, Tally
from omnisource.solvers.problem import Limits

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
MINUTE = int(MONDAY.timestamp()) // 60
EXACT = Limits(gap=0.0, threads=1)
CALM = Chances(decline=0, late=0)
NOTHING = Replenish(review_days=0)
Placed = tuple[float, str]
"""Hours after Monday's midnight, and what is wanted: "A2 B"."""


def town(
    stock: Mapping[str, int], orders: Sequence[Placed], *, nodes: Mapping[str, Any] | None = None,
    receipts: Sequence[Receipt] = (), policy: Policy | None = None,
) -> World:  # fmt: skip
    """Nodes W, S and T; stock as {"WA": 3}."""
    usual = {"kind": "warehouse", "lat": 50, "lon": 10, "cutoff": "14:00", "returns": True}
    wants = [(f"o{i}", at, basket.split()) for i, (at, basket) in enumerate(orders)]
    return world_of(
        Scenario(name="town", now=MONDAY, policy=policy or Policy(shortage_cents=5_000)),
        nodes=[Node(node=n, **(usual | (nodes or {}).get(n, {}))) for n in "WST"],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", node=n, zone=n, transit_days=1) for n in "WST"],
        tariffs=[
            TariffStep(service="post", zone=n, up_to_grams=9_000, cents=400 if n == "W" else 500)
            for n in "WST"
        ],
        products=[Product(sku=sku, grams=10, price_cents=1_000) for sku in "AB"],
        stock=[StockCell(node=c[0], sku=c[1], on_hand=units) for c, units in stock.items()],
        receipts=receipts,
        orders=[
            Order(order=name, placed_at=MONDAY + timedelta(hours=at), country="DE", postcode="1",
                  lat=50, lon=10)
            for name, at, _ in wants
        ],
        lines=[
            Line(order=name, line=want[0], sku=want[0], units=int(want[1:] or 1),
                 price_cents=1_000)
            for name, _, basket in wants
            for want in basket
        ],
    )  # fmt: skip


def run(
    world: World, policy: str = "click", *, days: int = 1, expected: World | None = None,
    chances: Chances = CALM, replenish: Replenish = NOTHING, **more: Any,
) -> Tally:  # fmt: skip
    setup = Simulation(chances=chances, replenish=replenish, **more)
    return simulate_once(Stream(world, MINUTE, days, 7), setup, policy, EXACT, expected=expected)


def total(tally: Tally, *names: str) -> tuple[int, ...]:
    return tuple(int(tally.by_day[name].sum()) for name in names)


def left(world: World, tally: Tally) -> dict[str, int]:
    """Return what lies where at the end."""
    nodes, skus = world.nodes["node"][world.stock["node"]], world.products["sku"]
    rows = zip(nodes, skus[world.stock["sku"]], tally.stock["end"].tolist(), strict=True)
    return {f"{node}{sku}": units for node, sku, units in rows}


def test_an_order_is_promised_the_cheapest_plan_and_comes_as_promised() -> None:
    """W's parcel of Monday arrives on Tuesday, for 400 cents."""
    world = town({"WA": 2, "SA": 2}, [(10, "A2")])
    tally = run(world)
    assert total(tally, "orders", "shipments", "units", "kept", "promised_days") == (1, 1, 2, 1, 1)
    assert total(tally, "freight", "cents", "revenue_cents") == (400, 400, 2_000)
    assert left(world, tally) == {"WA": 0, "SA": 2}
    assert tally.load["units"][0].tolist() == [2, 0, 0]


def test_what_is_held_for_one_is_not_promised_to_the_next() -> None:
    """The second unit is S's; the third order is shown nothing, and is short at the penalty."""
    tally = run(town({"WA": 1, "SA": 1}, [(10, "A"), (11, "A"), (12, "A")]))
    assert tally.state.tolist() == [ACCEPTED, ACCEPTED, REFUSED]
    assert total(tally, "freight", "shortage", "refused_units") == (900, 5_000, 1)


def test_a_decline_is_sourced_again_from_elsewhere() -> None:
    """W finds out when it picks, on Monday; S sends on Tuesday, a day late."""
    world = town({"WA": 1, "SA": 1}, [(10, "A")], nodes={"W": {"decline_rate": 1.0}})
    tally = run(world, chances=Chances(decline=1, late=0))
    assert total(tally, "declines", "resourced", "shipments", "freight") == (1, 1, 1, 500)
    assert total(tally, "kept", "promised_days", "delivered_days") == (0, 1, 2)
    assert left(world, tally) == {"WA": 1, "SA": 0}


def test_what_nobody_else_has_is_short_once_it_is_declined() -> None:
    world = town({"WA": 1}, [(10, "A")], nodes={"W": {"decline_rate": 1.0}})
    tally = run(world, chances=Chances(decline=1, late=0))
    assert total(tally, "orders", "delivered", "short_units", "cents") == (1, 0, 1, 5_000)


def test_a_late_day_costs_what_the_policy_says() -> None:
    policy = Policy(shortage_cents=5_000, late_cents=300)
    world = town(
        {"WA": 2, "SA": 2}, [(10, "A2")], nodes={"W": {"decline_rate": 1.0}}, policy=policy
    )
    tally = run(world, chances=Chances(decline=1, late=0))
    assert total(tally, "late", "freight", "cents") == (2 * 300, 500, 1_100)


def test_a_queue_that_is_full_goes_on_the_next_day() -> None:
    """T sends one a day. B waits for Tuesday there; A, declined by W on Monday night, comes on top.

    So T picks B, which it was asked for first, on Tuesday, and A on Wednesday.
    """
    world = town(
        {"WA": 1, "TA": 1, "TB": 1},
        [(10, "A"), (15, "B")],
        nodes={"W": {"decline_rate": 1.0}, "T": {"orders_per_day": 1}},
    )
    tally = run(world, chances=Chances(decline=1, late=0))
    assert total(tally, "declines", "late_picks") == (1, 1)
    assert tally.load["shipments"][:4, 2].tolist() == [0, 1, 1, 0]
    arrived = (tally.delivered - MINUTE) // 1_440
    assert arrived.tolist() == [3, 2], "A on Thursday, B on Wednesday"


def test_a_full_day_is_not_promised() -> None:
    """T sends one a day: the second order of Monday is shown nothing."""
    tally = run(town({"TA": 5}, [(10, "A"), (10, "A")], nodes={"T": {"orders_per_day": 1}}))
    assert tally.state.tolist() == [ACCEPTED, REFUSED]


def test_customers_walk_away_by_their_own_draw() -> None:
    """One usual option: whoever draws less than 1/2 buys."""
    world = town({"WA": 40}, [(10, "A")] * 40)
    tally = run(world, choice=Choice(walks=True, conversion=0.5, usual_days=1.5826))
    buys = draw(7, "choice", np.arange(40)) < 0.5
    assert tally.state.tolist() == np.where(buys, ACCEPTED, WALKED).tolist()
    assert total(tally, "arrived", "orders", "walked") == (40, buys.sum(), (~buys).sum())
    assert total(tally, "revenue_cents")[0] == 1_000 * buys.sum()


def test_stock_is_filled_up_at_the_review_and_there_after_the_lead_time() -> None:
    """4 units a day are expected, W holds all of it: up to 20, 10 are ordered, there on day 2."""
    world = town({"WA": 10}, [(34, "A11"), (58, "A11")])
    expected = town({"WA": 10}, [(10, "A12")])
    rule = Replenish(review_days=7, lead_days=2, cover_days=5)
    tally = run(world, days=3, expected=expected, replenish=rule)
    assert tally.state.tolist() == [REFUSED, ACCEPTED]
    assert tally.stock["received"].tolist() == [10]
    assert left(world, tally) == {"WA": 9}


def test_receipts_can_be_promised_from_the_minute_at_which_they_are_due() -> None:
    noon = Receipt(node="S", sku="A", units=1, due=MONDAY + timedelta(hours=12))
    world = town({"WB": 1}, [(11, "A"), (12, "A")], receipts=[noon])
    assert run(world).state.tolist() == [REFUSED, ACCEPTED]


def test_a_unit_that_comes_back_is_sold_again() -> None:
    """It arrives on Tuesday and can be sold on Wednesday."""
    world = town({"WA": 1}, [(10, "A"), (34, "A"), (58, "A")])
    tally = run(world, days=3, chances=Chances(decline=0, late=0, returned=1.0, return_days=1))
    assert tally.state.tolist() == [ACCEPTED, REFUSED, ACCEPTED]
    assert (tally.stock["sent"].tolist(), tally.stock["start"].tolist()) == ([2], [1])


def test_a_parcel_that_is_lost_is_sent_once_more() -> None:
    """It should have been there on Tuesday; the next one leaves on Wednesday."""
    world = town({"WA": 2}, [(10, "A")])
    tally = run(world, chances=Chances(decline=0, late=0, lost=1.0))
    assert total(tally, "lost", "shipments", "freight", "kept") == (1, 2, 800, 0)
    assert ((tally.delivered - MINUTE) // 1_440).tolist() == [3]
    assert left(world, tally) == {"WA": 0}


def test_each_parcel_of_an_order_can_be_lost_and_is_late_once() -> None:
    """W's A leaves on Monday, T's B on Tuesday; promised for Wednesday, each takes a day longer.

    Both are lost: the A should have been there on Wednesday, leaves again on Thursday and comes on
    Saturday, three days late; the B on Thursday, Friday and Sunday, four.
    """
    policy = Policy(shortage_cents=5_000, late_cents=300)
    world = town({"WA": 2, "TB": 2}, [(10, "A B")], nodes={"T": {"cutoff": "09:00"}}, policy=policy)
    tally = run(world, chances=Chances(decline=0, late=1.0, late_days=1, lost=1.0))
    assert total(tally, "lost", "shipments", "promised_days") == (2, 4, 2)
    assert total(tally, "delivered_days", "late") == (6, (3 + 4) * 300)


def test_a_parcel_that_is_late_comes_a_day_later_and_costs_the_promise() -> None:
    tally = run(town({"WA": 2}, [(10, "A")]), chances=Chances(late=1.0, late_days=1))
    assert total(tally, "kept", "delivered_days") == (0, 2)


SCARCE = [(10.0, "A"), (11.0, "A B")]
"""W has one A: whoever also takes W's B needs it more, to come in one parcel."""


def test_a_night_decides_together_what_the_click_decides_in_turn() -> None:
    """At the click: 400, then 500 + 400 for two parcels. At night: 500, and 400 for one."""
    world = town({"WA": 1, "WB": 1, "SA": 1}, SCARCE)
    click, night = run(world), run(world, "nightly")
    assert total(click, "freight", "split_orders") == (1_300, 1)
    assert total(night, "freight", "split_orders") == (900, 0)
    assert total(night, "kept", "promised_days") == (2, 4), "asked at night: there on Wednesday"


def test_rolling_moves_what_can_still_wait() -> None:
    """Both wait for the run at 10:00: the A of W and that of S change places."""
    world = town({"WA": 1, "WB": 1, "SA": 1}, [(8.0, "A"), (9.5, "A B")])
    tally = run(world, "rolling", every_minutes=60)
    assert total(tally, "freight", "moved_orders", "kept", "promised_days") == (900, 2, 2, 2)


def test_who_cannot_wait_for_the_next_run_goes_as_it_was_reserved() -> None:
    """An hour before the cut-off, the margin of the policy, it is released at the click."""
    world = town({"WA": 1, "WB": 1, "SA": 1}, [(13.2, "A"), (13.3, "A B")])
    tally = run(world, "rolling", every_minutes=60)
    assert total(tally, "freight", "split_orders", "promised_days") == (1_300, 1, 2)


@pytest.mark.parametrize("policy", ["bid-prices", "bid-prices-resolved"])
def test_bid_prices_keep_a_unit_for_the_order_that_needs_it_more(policy: str) -> None:
    """An A and an A with a B are expected: W's A is worth 400 more to the second."""
    world = town({"WA": 1, "WB": 1, "SA": 1}, SCARCE)
    tally = run(world, policy, expected=world)
    assert total(tally, "freight", "split_orders") == (900, 0)


def test_whom_nothing_is_left_for_does_not_raise_prices() -> None:
    """One B is all there is; of two orders of an A and a B, the second finds it gone, and the A."""
    world = town({"WA": 2, "SA": 2, "WB": 1}, [(9, "A B"), (10, "A B"), (11, "A3"), (12, "A")])
    sku, there = world.stock["sku"], world.stock["on_hand"]
    assert in_turn(world, sku, there).orders["order"].tolist() == ["o0", "o2"]
    assert in_turn(world, sku, 9 * there).orders["order"].tolist() == ["o0", "o1", "o2", "o3"]


def test_prices_go_by_what_will_be_there_until_the_horizon_ends() -> None:
    """Two are there, three ordered and four due by Tuesday; Wednesday's are too late."""
    due = [Receipt(node="W", sku="A", units=n, due=MONDAY + timedelta(hours=h))
           for n, h in ((4, 12), (5, 50))]  # fmt: skip
    world = town({"WA": 2}, [(9, "A")], receipts=due)
    scene = _begun(Stream(world, MINUTE, 1, 7), Simulation(), EXACT, (None, None))
    for day, units in ((1, 3), (2, 6)):
        scene.goods[day].append((np.array([0]), np.array([units])))
    assert supply(scene, MINUTE, 2).tolist() == [2 + 3 + 4]


def test_perfect_foresight_does_better_than_the_click() -> None:
    world = town({"WA": 1, "WB": 1, "SA": 1}, SCARCE)
    found = clairvoyant(Stream(world, MINUTE, 1, 7), run(world), EXACT)
    assert found is not None
    assert (found.cost_cents, found.plan_cents, found.bound_cents) == (1_300, 900, 900)


def test_foresight_is_billed_nothing_that_a_run_is_not() -> None:
    """W has one shipment a day too many for the load that costs nothing."""
    policy = Policy(shortage_cents=5_000, load=(LoadStep(beyond=0.0, cents=90),))
    world = town({"WA": 1}, [(10, "A")], nodes={"W": {"orders_per_day": 9}}, policy=policy)
    found = clairvoyant(Stream(world, MINUTE, 1, 7), run(world), EXACT)
    assert found is not None
    assert (found.cost_cents, found.plan_cents, found.bound_cents) == (400, 400, 400)


def test_a_policy_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnusableInput, match="bid-prices-resolved"):
        run(town({"WA": 1}, [(10, "A")]), "guess")


CELL = st.sampled_from(["WA", "WB", "SA", "SB", "TA", "TB"])
BASKET = st.sampled_from(["A", "B", "A2", "A B", "A3 B2"])
UNLUCKY = Chances(decline=1, late=0.3, lost=0.2, returned=0.4, return_days=1)


@settings(max_examples=20, deadline=None)
@given(
    policy=st.sampled_from(sorted(RULES)),
    stock=st.dictionaries(CELL, st.integers(0, 4), min_size=2),
    orders=st.lists(st.tuples(st.integers(0, 71), BASKET), max_size=8),
    most=st.sampled_from([None, 1, 2]),
)
def test_units_and_orders_add_up_whatever_happens(
    policy: str, stock: dict[str, int], orders: list[Placed], most: int | None
) -> None:
    nodes = {n: {"decline_rate": 0.3, "orders_per_day": most} for n in "WST"}
    world = town(stock, sorted(orders), nodes=nodes)
    rule = Replenish(review_days=2, lead_days=1, cover_days=2)
    tally = run(world, policy, days=3, chances=UNLUCKY, replenish=rule, every_minutes=240)
    units = tally.stock
    came = units["start"] + units["received"] + units["returned"]
    assert (came == units["end"] + units["sent"]).all()
    assert not units["reserved"].any()
    assert (units["end"] >= 0).all()
    assert not (tally.state == STATES.index("pending")).any()
    arrived, *ends = total(tally, "arrived", "walked", "refused", "orders")
    assert arrived == sum(ends) == len(orders)
    whole = tally.state == ACCEPTED
    assert (tally.delivered[whole & (tally.short == 0)] > 0).all()
    found = clairvoyant(Stream(world, MINUTE, 3, 7), tally, EXACT)
    if found is not None:
        assert found.bound_cents <= tally.cost_cents
    again = run(world, policy, days=3, chances=UNLUCKY, replenish=rule, every_minutes=240)
    assert all((again.by_day[n] == tally.by_day[n]).all() for n in tally.by_day)
