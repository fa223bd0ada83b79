"""What-if changes: each a pure function of a world, checked on one small enough to read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.models.scenario import Scenario, WhatIf
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.folder.head import validated
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.lab.whatif import APPLIED, changed

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
DAY = 24 * 60


def node(name: str, kind: str, postcode: str, **more: Any) -> om.Node:
    where = {"country": "DE", "postcode": postcode, "lat": 50.0, "lon": 10.0}
    return om.Node.model_validate({"node": name, "kind": kind} | where | more)


def order(name: str, postcode: str, channel: str = "web", **more: Any) -> om.Order:
    to = {"country": "DE", "postcode": postcode, "lat": float(postcode[:2]), "lon": 10.0}
    placed = NOW - timedelta(hours=3)
    row = {"order": name, "channel": channel, "placed_at": placed} | to | more
    return om.Order.model_validate(row)


@pytest.fixture
def world() -> World:
    """A warehouse with tens, a store with fives, a hub between; four orders; a parcel service."""
    return world_of(
        Scenario(name="tiny", now=NOW, seed=3),
        nodes=[
            node("w", "warehouse", "10115", orders_per_day=10, units_per_day=25, cutoff="22:00"),
            node("s", "store", "20095", pickup=True),
            node("h", "hub", "30159"),
        ],
        services=[om.Service(service="post", kind="parcel", carrier="Post"),
                  om.Service(service="truck", kind="transfer", carrier="Haul")],
        zones=[om.ZoneRule(service="post", zone="all", transit_days=2)],
        tariffs=[om.TariffStep(service="post", zone="all", up_to_grams=1_000, cents=405),
                 om.TariffStep(service="post", zone="all", up_to_grams=30_000, cents=800)],
        lanes=[om.Lane(from_node="w", to_node="h", service="truck", transit_minutes=300,
                       cents_per_kg=10, cents_per_departure=5_000),
               om.Lane(from_node="h", to_node="s", service="truck", transit_minutes=200)],
        products=[om.Product(sku="tea", category="food", grams=500, price_cents=300),
                  om.Product(sku="pot", category="home", grams=900, price_cents=900)],
        stock=[om.StockCell(node="w", sku="tea", on_hand=10, unit_cost_cents=7),
               om.StockCell(node="w", sku="pot", on_hand=11),
               om.StockCell(node="s", sku="tea", on_hand=5)],
        receipts=[om.Receipt(node="w", sku="tea", units=5, due=NOW)],
        orders=[order("o1", "10117"), order("o2", "80331", "app"), order("o3", "80333"),
                order("o4", "20099", mode="collect", pickup_node="s")],
        lines=[om.Line(order="o1", line="1", sku="tea", units=1),
               om.Line(order="o1", line="2", sku="pot", units=2),
               om.Line(order="o2", line="1", sku="tea", units=1),
               om.Line(order="o3", line="1", sku="pot", units=1),
               om.Line(order="o4", line="1", sku="tea", units=3)],
    )  # fmt: skip


Apply = Callable[..., World]


@pytest.fixture
def apply(world: World) -> Apply:
    """The world after one change, given by its kind and keys."""

    def one(kind: str, **keys: Any) -> World:
        document = {"name": "x", "base": ".", "changes": [{"kind": kind, **keys}]}
        return changed(world, validated(WhatIf, document, "x.toml").changes)

    return one


def stock_of(world: World) -> dict[tuple[str, str], int]:
    stock, names, skus = world.stock, world.nodes["node"], world.products["sku"]
    rows = zip(stock["node"], stock["sku"], stock["on_hand"], strict=True)
    return {(names[n], skus[s]): int(units) for n, s, units in rows}


def basket_of(world: World, name: str) -> list[str]:
    row = world.orders["order"].tolist().index(name)
    return [str(world.products["sku"][s]) for s in world.lines["sku"][world.lines["order"] == row]]


# nodes


def test_a_closed_node_does_nothing_and_its_lanes_do_not_run(apply: Apply) -> None:
    after = apply("close", nodes=["s"])
    assert after.nodes["ships"].tolist() == [True, False, False]
    assert not after.nodes["pickup"].any()
    assert after.lanes["to_node"].tolist() == [2]
    assert after.orders["mode"].tolist() == [0, 0, 0, 1]  # still to be collected: so lost


def test_what_was_to_be_collected_at_a_closed_node_may_be_delivered(apply: Apply) -> None:
    after = apply("close", node_postcodes=["20"], collect="delivered")
    assert after.orders["mode"].tolist() == [0, 0, 0, 0]
    assert after.orders["pickup_node"].tolist() == [-1, -1, -1, -1]


def test_a_new_node_takes_half_of_another_ones_stock(apply: Apply) -> None:
    new = {"node": "n", "kind": "warehouse", "lat": 48.0, "lon": 11.0}
    moved = stock_of(apply("open", node=new, like="w"))
    assert moved == {("w", "tea"): 5, ("w", "pot"): 6, ("s", "tea"): 5,
                     ("n", "tea"): 5, ("n", "pot"): 5}  # fmt: skip
    bought = apply("open", node=new, like="w", moved=False, share=2)
    assert stock_of(bought)["w", "tea"] == 10
    assert stock_of(bought)["n", "tea"] == 20
    assert bought.stock["unit_cost_cents"].tolist() == [7, 0, 0, 0, 0]
    assert bought.nodes["node"].tolist() == ["w", "s", "h", "n"]


def test_a_store_ceases_to_ship_and_goes_on_to_hand_over(apply: Apply) -> None:
    after = apply("ship_from", node_kinds=["store"], ships=False)
    assert after.nodes["ships"].tolist() == [True, False, False]
    assert after.nodes["pickup"].tolist() == [False, True, False]


def test_capacity_is_multiplied_where_there_is_a_limit_or_set(apply: Apply) -> None:
    half = apply("capacity", factor=0.5)
    assert half.nodes["orders_per_day"].tolist() == [5, ABSENT, ABSENT]
    assert half.nodes["units_per_day"].tolist() == [13, ABSENT, ABSENT]
    stated = apply("capacity", nodes=["s"], orders_per_day=7)
    assert stated.nodes["orders_per_day"].tolist() == [10, 7, ABSENT]


def test_the_cut_off_moves_within_the_day(apply: Apply) -> None:
    assert apply("cut_off", minutes=-90).nodes["cutoff"].tolist() == [1_230, ABSENT, ABSENT]
    assert apply("cut_off", minutes=600).nodes["cutoff"].tolist() == [1_439, ABSENT, ABSENT]
    stated = apply("cut_off", nodes=["s"], cutoff="14:30")
    assert stated.nodes["cutoff"].tolist() == [1_320, 870, ABSENT]


def test_a_node_opens_at_other_hours(apply: Apply) -> None:
    after = apply("hours", nodes=["s"], hours="Mon-Fri 10:00-18:00")
    assert after.nodes["hours"].tolist() == ["", "Mon-Fri 10:00-18:00", ""]


# demand


def test_twice_the_demand_of_a_region_copies_its_orders(apply: Apply) -> None:
    after = apply("demand", postcodes=["80"], factor=2)
    assert after.orders["order"].tolist() == ["o1", "o2", "o3", "o4", "o2+1.1", "o3+1.1"]
    assert (basket_of(after, "o2+1.1"), basket_of(after, "o3+1.1")) == (["tea"], ["pot"])
    assert after.orders["channel"][4] == "app"


def test_no_demand_of_a_channel_leaves_its_orders_out(apply: Apply) -> None:
    after = apply("demand", channels=["web"], factor=0)
    assert after.orders["order"].tolist() == ["o2"]
    assert basket_of(after, "o2") == ["tea"]


def test_demand_of_a_category_concerns_its_lines_alone(apply: Apply) -> None:
    none = apply("demand", categories=["home"], factor=0)
    assert none.orders["order"].tolist() == ["o1", "o2", "o4"]
    assert basket_of(none, "o1") == ["tea"]
    thrice = apply("demand", categories=["home"], factor=3)
    names = thrice.orders["order"].tolist()
    assert names[4:] == ["o1+1.1", "o1+1.2", "o3+1.1", "o3+1.2"]
    assert basket_of(thrice, "o1+1.2") == ["pot"]
    assert thrice.lines["units"][thrice.lines["order"] == 4].tolist() == [2]


@cache
def twenty() -> World:
    """Twenty orders of one line each."""
    return world_of(
        Scenario(name="many", now=NOW),
        nodes=[node("w", "warehouse", "1")],
        products=[om.Product(sku="tea", grams=1)],
        orders=[order(f"o{i:02}", f"{10 + i}000") for i in range(20)],
        lines=[om.Line(order=f"o{i:02}", line="1", sku="tea", units=1) for i in range(20)],
    )


@settings(max_examples=30, deadline=None)
@given(low=st.floats(0, 3), more=st.floats(0, 2))
def test_a_larger_factor_leaves_all_that_a_smaller_one_leaves(low: float, more: float) -> None:
    def after(factor: float) -> World:
        what = {"name": "x", "base": ".", "changes": [{"kind": "demand", "factor": factor}]}
        return changed(twenty(), WhatIf.model_validate(what).changes, seed=1)

    small, large = after(low), after(low + more)
    assert set(small.orders["order"]) <= set(large.orders["order"])
    for each in (small, large):
        assert len(set(each.orders["order"])) == each.orders.rows == each.lines.rows
        assert each.lines["order"].tolist() == list(range(each.orders.rows))


def test_orders_go_over_to_another_channel_and_region(apply: Apply) -> None:
    web = apply("shift_demand", channels=["web"], share=1, to_channel="app")
    assert web.orders["channel"].tolist() == ["app"] * 4
    south = apply("shift_demand", postcodes=["10", "20"], share=1, to_postcodes=["80333"])
    assert south.orders["postcode"].tolist() == ["80333", "80331", "80333", "20099"]
    assert south.orders["lat"][0] == 80.0  # whoever collects stays where the goods are


def test_a_promotion_brings_orders_of_one_line(apply: Apply) -> None:
    after = apply("promotion", skus=["pot"], orders=50, units=2, minutes=30)
    new = after.orders.take(np.arange(4, 54))
    assert set(new["channel"]) == {"promotion"}
    assert len(set(new["order"])) == 50
    assert new["placed_at"].min() >= after.now - 30
    assert set(new["postcode"]) == {"10117", "80331", "80333"}
    assert after.lines["units"][5:].tolist() == [2] * 50
    assert after.lines["order"].tolist() == [0, 0, 1, 2, 3, *range(4, 54)]
    assert set(after.lines["price_cents"][5:]) == {900}
    assert set(after.lines["bundle"]) == {""}


# stock


def test_stock_is_scaled_where_it_is_meant(apply: Apply) -> None:
    after = stock_of(apply("stock", nodes=["w"], categories=["home"], factor=0.5))
    assert after == {("w", "tea"): 10, ("w", "pot"): 5, ("s", "tea"): 5}


def test_stock_moves_and_none_is_lost(apply: Apply) -> None:
    after = stock_of(apply("move_stock", nodes=["w"], to="s", share=0.3))
    assert after == {("w", "tea"): 7, ("w", "pot"): 8, ("s", "tea"): 8, ("s", "pot"): 3}


def test_units_are_kept_back(apply: Apply) -> None:
    assert apply("safety", skus=["tea"], units=2).stock["safety"].tolist() == [2, ABSENT, 2]


def test_a_supplier_comes_later_and_with_less(apply: Apply) -> None:
    after = apply("late_supplier", days=3, lost=0.5)
    assert after.receipts["units"].tolist() == [2]
    assert after.receipts["due"].tolist() == [after.now + 3 * DAY]
    assert apply("late_supplier", lost=1).receipts.rows == 0


# carriers and policy


def test_tariffs_rise_by_a_factor_and_an_amount(apply: Apply) -> None:
    after = apply("tariff", services=["post"], factor=1.1, plus_cents=-500)
    assert after.tariffs["cents"].tolist() == [0, 380]


def test_fuel_moves_a_share_of_tariffs_and_lanes(apply: Apply) -> None:
    after = apply("fuel", change=0.5, share=0.2)
    assert after.tariffs["cents"].tolist() == [446, 880]  # 445.5: a half goes up
    assert after.lanes["cents_per_kg"].tolist() == [11, 0]
    assert after.lanes["cents_per_departure"].tolist() == [5_500, 0]


def test_a_strike_delays_or_stops_a_carrier(apply: Apply) -> None:
    late = apply("strike", carriers=["Post"], days=3)
    assert late.zones["transit_days"].tolist() == [5]
    assert late.lanes["transit_minutes"].tolist() == [300, 200]
    out = apply("strike", service_kinds=["parcel", "transfer"])
    assert (out.zones.rows, out.lanes.rows) == (0, 0)


def test_a_lane_is_down(apply: Apply) -> None:
    assert apply("lane_outage", from_nodes=["w"]).lanes["from_node"].tolist() == [2]
    late = apply("lane_outage", to_nodes=["h"], days=1)
    assert late.lanes["transit_minutes"].tolist() == [300 + DAY, 200]


def test_a_strike_by_date_adds_a_pause_to_its_services_alone(apply: Apply) -> None:
    after = apply("strike", carriers=["Post"], since="2025-01-06", until="2025-01-08")
    assert after.services["pauses"].tolist() == ["2025-01-06/2025-01-08", ""]
    assert after.zones["transit_days"].tolist() == [2]
    down = apply("lane_outage", to_nodes=["h"], since="2025-01-07", until="2025-01-07")
    assert down.lanes["pauses"].tolist() == ["2025-01-07", ""]
    assert down.lanes["transit_minutes"].tolist() == [300, 200]


def test_a_policy_keeps_the_keys_that_are_not_named(apply: Apply) -> None:
    after = apply("policy", policy={"late_cents": 100, "shortage_cents": 50})
    assert (after.policy.late_cents, after.policy.shortage_cents) == (100, 50)
    assert after.policy.priority == ()
    with pytest.raises(UnusableInput, match="slower_cents_per_day is 20: it must lie between"):
        apply("policy", policy={"slower_cents_per_day": 20, "late_cents": 10})


# all of them


EVERY: dict[str, dict[str, Any]] = {
    "close": {"nodes": ["s"]},
    "open": {"node": {"node": "n", "kind": "store", "lat": 1, "lon": 1}, "like": "w"},
    "ship_from": {"nodes": ["s"]}, "capacity": {"factor": 2},
    "hours": {"hours": "daily 08:00-20:00"},
    "cut_off": {"minutes": 5}, "demand": {"factor": 1.5}, "safety": {"units": 1},
    "shift_demand": {"share": 0.5, "to_channel": "app"},
    "promotion": {"skus": ["tea"], "orders": 3}, "stock": {"factor": 0.5},
    "move_stock": {"nodes": ["w"], "to": "s"}, "late_supplier": {"days": 1},
    "tariff": {"factor": 1.1}, "fuel": {"change": 0.1, "share": 0.3},
    "strike": {"carriers": ["Post"]}, "lane_outage": {"to_nodes": ["s"]},
    "policy": {"policy": {"late_cents": 1}},
}  # fmt: skip


def test_every_kind_of_change_is_tried_here() -> None:
    assert len(EVERY) == len(APPLIED)


def kinds(column: Any) -> set[type]:
    """The types of what stands in a column."""
    return {type(each) for each in column.tolist()}


@pytest.mark.parametrize("kind", EVERY)
def test_a_change_leaves_the_given_world_as_it_was_and_types_as_they_are(
    kind: str, world: World, apply: Apply
) -> None:
    def columns(of: World) -> dict[tuple[str, str], Any]:
        tables = {n: t for n, t in vars(of).items() if isinstance(t, om.Table)}
        return {(n, c): column for n, t in tables.items() for c, column in t.items()}

    before = {key: column.tolist() for key, column in columns(world).items()}
    after = columns(apply(kind, **EVERY[kind]))
    now = columns(world)
    assert all(str(now[key].tolist()) == str(was) for key, was in before.items())
    assert {key: column.dtype for key, column in after.items()} == {
        key: column.dtype for key, column in now.items()
    }
    assert [key for key in after if not kinds(after[key]) <= (kinds(now[key]) or {int, str})] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "close", "nodez": ["s"]}, "changes.0.close.nodez: there is no such key: is it"),
        ({"kind": "clos"}, "changes.0: there is no kind 'clos': is it 'close'?"),
        ({"factor": 2}, "changes.0: kind is missing"),
        ({"kind": "close"}, "changes.0.close: it would concern all: give one of nodes"),
        ({"kind": "capacity"}, "changes.0.capacity: it changes nothing: give factor or"),
        ({"kind": "capacity", "factor": -1}, "changes.0.capacity.factor: Input should be greater"),
        ({"kind": "policy", "policy": {"late_cent": 1}}, "policy.policy.late_cent: there is no"),
        ({"kind": "close", "nodes": ["warehous"]}, "changes.0.close: there is no node 'warehous'"),
        ({"kind": "safety", "units": 1, "skus": ["TEA"]}, "there is no sku 'TEA': is it 'tea'?"),
        ({"kind": "demand", "factor": 2, "channels": ["fax"]}, "its conditions meet no order"),
        ({"kind": "move_stock", "nodes": ["w"], "to": "h"}, "'h' is a hub, which keeps no stock"),
        ({"kind": "open", "like": "w", "share": 2,
          "node": {"node": "n", "kind": "store", "lat": 1, "lon": 1}}, "more than there is"),
        ({"kind": "open", "like": "w",
          "node": {"node": "s", "kind": "store", "lat": 1, "lon": 1}}, "there is a node 's' al"),
        ({"kind": "lane_outage", "from_nodes": ["s"]}, "its conditions meet no lane"),
        ({"kind": "strike", "carriers": ["Post"], "since": "2025-01-08", "until": "2025-01-07"},
         "changes.0.strike.until: 2025-01-07 is before since, 2025-01-08"),
        ({"kind": "strike", "carriers": ["Post"], "since": "2025-01-08"},
         "changes.0.strike: since and until go together: give both or none"),
        ({"kind": "lane_outage", "days": 2, "since": "2025-01-08", "until": "2025-01-09"},
         "changes.0.lane_outage: days and since do not go together"),
        ({"kind": "strike", "carriers": ["Post"], "since": "8 Jan", "until": "2025-01-09"},
         "changes.0.strike.since: "),
        ({"kind": "stock", "nodes": ["s"], "skus": ["pot"], "factor": 1}, "none of these goods"),
        ({"kind": "shift_demand", "share": 1}, "give to_channel, to_country or to_postcodes"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_place(
    world: World, change: dict[str, Any], said: str
) -> None:
    document = {"name": "x", "base": ".", "changes": [change]}
    with pytest.raises(UnusableInput) as refused:
        changed(world, validated(WhatIf, document, "x.toml").changes)
    assert said in str(refused.value)


def test_changes_apply_one_after_the_other_and_draw_apart(world: World) -> None:
    half = {"kind": "demand", "factor": 1.5}
    what = WhatIf.model_validate({"name": "x", "base": ".", "changes": [half, half]})
    after = changed(world, what.changes)
    again = changed(world, what.changes)
    assert after.orders["order"].tolist() == again.orders["order"].tolist()
    assert len(set(after.orders["order"])) == after.orders.rows
