"""Recommendations: on worlds small enough to work out by hand, and of a shop from end to end.

Parcels from `far` cost 900 cents, from `near` 300; goods weigh 1 kg, hauls 30 cents a kilogram.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import omnisource as om
from omnisource.models.changes import Capacity, Change, PolicyChange, Tariff
from omnisource.orchestrator.lab.run import read_variant, run_scenarios
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.recommend.capacity import hours, pickers
from omnisource.orchestrator.recommend.files import to_toml, writable, write_files
from omnisource.orchestrator.recommend.idea import Advice, Idea, Terms, Trial
from omnisource.orchestrator.recommend.moves import Found, trimmed
from omnisource.orchestrator.recommend.rules import fences, safeties
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.orchestrator.recommend.stores import begin_to_ship, cease_to_ship
from omnisource.orchestrator.recommend.transfers import transfers
from omnisource.orchestrator.recommend.trial import part_of, tried
from omnisource.orchestrator.recommend.verb import Recommendations, chosen, ranked, recommend
from omnisource.orchestrator.runs import Run, read_run
from omnisource.solvers.problem import Limits
from omnisource.solvers.rebalance import Held, Lanes, Moves, Wants

Omnisource = Callable[..., Any]
NOW = datetime(2025, 1, 6, 12, 30, tzinfo=UTC)
LESS = Tariff(kind="tariff", factor=0.9)
EXACT = Limits(gap=0.0, threads=1)
FREIGHT = {"far": 900, "near": 300}


def world(
    stock: Mapping[str, int],
    orders: int = 1,
    *,
    near: Mapping[str, Any] | None = None,
    cell: Mapping[str, Any] | None = None,
    policy: om.Policy | None = None,
    promised: datetime | None = None,
    near_cents: int = 300,
    due: Mapping[str, int] | None = None,
) -> om.World:
    """Two nodes, one product, orders of one unit; `near` and `cell` say more of that node."""
    freight = FREIGHT | {"near": near_cents}
    place = {"kind": "warehouse", "lat": 50.0, "lon": 10.0, "country": "DE"}
    return om.world_of(
        om.Scenario(name="tiny", now=NOW, policy=policy or om.Policy()),
        nodes=[om.Node.model_validate(place | {"node": name} | dict((near or {}) if name == "near"
                                                                   else {})) for name in FREIGHT],
        services=[om.Service(service="post", kind="parcel")],
        zones=[om.ZoneRule(service="post", node=n, zone=n, transit_days=1) for n in FREIGHT],
        tariffs=[om.TariffStep(service="post", zone=n, up_to_grams=30_000, cents=cents)
                 for n, cents in freight.items()],
        products=[om.Product(sku="shoe", grams=1_000)],
        stock=[om.StockCell.model_validate({"node": n, "sku": "shoe", "on_hand": units}
                                           | dict((cell or {}) if n == "near" else {}))
               for n, units in stock.items()],
        receipts=[om.Receipt(node=n, sku="shoe", units=units, due=NOW)
                  for n, units in (due or {}).items()],
        orders=[om.Order(order=f"o{i}", placed_at=NOW - timedelta(hours=3), country="DE",
                         postcode="10115", lat=52.0, lon=13.0, promised_by=promised)
                for i in range(orders)],
        lines=[om.Line(order=f"o{i}", line="1", sku="shoe", units=1) for i in range(orders)],
    )  # fmt: skip


def seen(night: om.World, **terms: Any) -> Seen:
    plan = om.allocate(night, limits=EXACT)
    assert plan.prices is not None
    run = Run(Path("tiny"), night, plan)
    return Seen(run, plan.prices, Terms(**terms), 1, lambda _: None)


def confirmed(of: Seen, ideas: Iterator[Idea]) -> list[Advice]:
    return [Advice(idea, tried(of, idea, EXACT)) for idea in ideas]


def facts(one: Advice) -> tuple[float, int, int | None, str]:
    """What it saves by prices, its extra, what is confirmed, and how surely."""
    return one.idea.price_cents, one.idea.extra_cents, one.saving, one.verdict


# each kind, by hand


def test_a_unit_moved_to_where_it_is_wanted_saves_the_freight_less_its_haul() -> None:
    night = seen(world({"far": 3, "near": 0}, orders=2))
    lane, sku = confirmed(night, transfers(night))
    assert [one.idea.kind for one in (lane, sku)] == ["transfer", "misplaced"]
    assert facts(lane) == facts(sku) == (1_200.0, 60, 1_140, "saves")
    assert lane.certified == (1_140, 1_140)
    assert lane.idea.name == "move 2 units of 1 product from far to near"
    assert sku.idea.name == "2 units of shoe belong at near"
    assert (lane.idea.changes[0].kind, lane.idea.facts["kg"]) == ("move_stock", 2.0)


def test_no_more_is_moved_than_anybody_wants() -> None:
    night = seen(world({"far": 9, "near": 1}, orders=2))
    (lane, _) = transfers(night)
    assert (lane.facts["units"], lane.price_cents) == (1, 600.0)


def test_stock_that_lies_well_stays() -> None:
    night = seen(world({"far": 1, "near": 2}, orders=2))
    assert list(transfers(night)) == []


def test_goods_that_are_due_are_sold_where_they_come_and_not_moved() -> None:
    assert list(transfers(seen(world({"near": 0}, orders=2, due={"far": 3})))) == []
    (lane, _) = transfers(seen(world({"far": 1, "near": 0}, orders=3, due={"far": 2})))
    assert (lane.facts["units"], lane.price_cents) == (1, 600.0)


def test_where_nothing_can_be_served_there_is_nothing_to_recommend() -> None:
    shut = om.Policy(fences=(om.Fence(name="shut", nodes=tuple(FREIGHT)),))
    assert list(transfers(seen(world({"far": 3, "near": 3}, policy=shut)))) == []
    for night in (world({"far": 3, "near": 3}, orders=0, near={"cutoff": "12:00"}),
                  world({}, due={"far": 3})):  # fmt: skip
        assert recommend(seen(night).run, limits=EXACT).advice == []


def test_one_more_slot_serves_one_order_from_nearer() -> None:
    night = seen(world({"far": 3, "near": 3}, orders=3, near={"orders_per_day": 1}), picker=1)
    (more,) = confirmed(night, pickers(night))
    assert facts(more) == (600.0, 0, 600, "saves")
    assert more.idea.changes == (Capacity(kind="capacity", nodes=("near",), orders_per_day=2),)


def test_a_picker_saves_no_more_than_there_are_orders_for() -> None:
    night = seen(world({"far": 3, "near": 3}, orders=3, near={"orders_per_day": 1}), picker=9)
    (more,) = confirmed(night, pickers(night))
    assert facts(more) == (1_200.0, 0, 1_200, "saves")


def test_an_hour_lets_the_parcels_leave_that_are_promised_for_tomorrow() -> None:
    """It is 12:30; near's parcels left at 12:00, far's leave whenever they are ready."""
    tomorrow = datetime(2025, 1, 7, 23, 59, tzinfo=UTC)
    night = seen(world({"far": 3, "near": 3}, near={"cutoff": "12:00"}, promised=tomorrow))
    (hour,) = confirmed(night, hours(night))
    assert facts(hour) == (600.0, 0, 600, "saves")


def test_a_fence_costs_what_it_keeps_away() -> None:
    rules = om.Policy(fences=(om.Fence(name="not near", nodes=("near",)),))
    night = seen(world({"far": 3, "near": 3}, orders=2, policy=rules))
    (fence,) = confirmed(night, fences(night))
    assert facts(fence) == (1_200.0, 0, 1_200, "saves")


def test_safety_stock_costs_what_its_units_would_have_saved() -> None:
    night = seen(world({"far": 3, "near": 2}, orders=3, cell={"safety": 1}))
    (safety,) = confirmed(night, safeties(night))
    assert facts(safety) == (600.0, 0, 600, "saves")
    assert safety.idea.facts == {"units": 1}


def test_a_store_ships_where_its_parcels_pay_for_the_day() -> None:
    idle = world({"far": 3, "near": 3}, near={"kind": "store", "ships": False})
    night = seen(idle, store_cents=250)
    (store,) = confirmed(night, begin_to_ship(night))
    assert facts(store) == (600.0, 250, 350, "saves")
    dear = seen(idle, store_cents=700)
    assert chosen(list(begin_to_ship(dear)), 10) == []


def test_a_store_ships_no_more_where_its_parcels_save_less_than_the_day() -> None:
    night = seen(world({"far": 3, "near": 3}, near={"kind": "store"}), store_cents=1_000)
    (store,) = confirmed(night, cease_to_ship(night))
    assert facts(store) == (-600.0, -1_000, 400, "saves")
    assert list(cease_to_ship(seen(night.world, store_cents=500))) == []


# what is claimed


def idea(*changes: Change, price_cents: float = 9_999.0, kind: str = "picker") -> Idea:
    return Idea(kind, "an idea", changes, price_cents, 0, np.zeros(0, np.int64))


def test_a_change_that_does_not_help_is_not_claimed_whatever_prices_say() -> None:
    night = seen(world({"far": 3, "near": 0}, orders=2))
    vain = idea(Capacity(kind="capacity", nodes=("near",), orders_per_day=99))
    one = Advice(vain, tried(night, vain, EXACT))
    assert (one.saving, one.verdict) == (0, "not certain")
    harm = idea(Capacity(kind="capacity", nodes=("far",), orders_per_day=1))
    assert Advice(harm, tried(night, harm, EXACT)).verdict == "costs"


@pytest.mark.parametrize(
    ("bound", "other", "verdict"),
    [
        (950, 900, "saves"),
        (900, 900, "not certain"),
        (890, 900, "not certain"),
        (995, 1_005, "costs"),
    ],
)
def test_a_saving_is_certain_outside_both_gaps_alone(bound: int, other: int, verdict: str) -> None:
    """The base costs 1,000, `bound` at least; with the change `other`, all but 3 of it proven."""
    one = Advice(idea(), Trial(1, False, 1_000, bound, other, other - 3, 0.0))
    assert one.verdict == verdict
    assert one.certified == (bound - other, 1_003 - other)


def test_the_best_of_each_kind_is_confirmed_first_and_shown_by_what_is_confirmed() -> None:
    ideas = [idea(price_cents=cents, kind=kind) for kind, cents in
             (("picker", 9.0), ("picker", 8.0), ("fence", 1.0), ("hour", -1.0))]  # fmt: skip
    assert [(i.kind, i.price_cents) for i in chosen(ideas, 2)] == [("picker", 9.0), ("fence", 1.0)]
    assert len(chosen(ideas, 9)) == 3
    figures = [None, 5, 7]
    advice = [Advice(idea(), c and Trial(1, False, c, c, 0, 0, 0.0)) for c in figures]
    assert [one.saving for one in ranked(advice)] == [7, 5, None]


# parts of a night


def test_a_part_has_what_the_others_leave(shop: Path) -> None:
    """Of all orders again the plan's cost is what a part's best plan and the others' come to."""
    whole = om.load(shop)
    plan = om.allocate(whole, limits=EXACT)
    assert plan.prices is not None
    night = Seen(Run(shop, whole, plan), plan.prices, Terms(), 1, lambda _: None)
    orders = np.arange(0, whole.orders.rows, 2)
    part = om.allocate(part_of(night, whole, orders), limits=EXACT)
    sent, short = plan.shipments, plan.shortages
    now = int(sent["cost_cents"][np.isin(sent["order"], orders)].sum())
    now += int(short["cents"][np.isin(short["order"], orders)].sum())
    assert part.bound_cents is not None
    assert part.bound_cents <= now
    assert plan.bound_cents is not None
    assert plan.cost_cents - now + part.cost_cents >= plan.bound_cents


# files, and from end to end


def test_a_recommendation_is_written_as_toml_that_says_the_same() -> None:
    rules = om.Policy(tiers={'gold "1"': 2.0}, fences=(om.Fence(name="ä\n", skus=("a",)),))
    what = om.WhatIf(
        name="1: odd", base="x",
        changes=(PolicyChange(kind="policy", policy=rules),
                 Capacity(kind="capacity", nodes=("n",), factor=1.5)),
    )  # fmt: skip
    assert om.WhatIf.model_validate(tomllib.loads(to_toml(what))) == what


def test_the_last_fence_is_taken_away_in_json_too() -> None:
    rules = om.Policy(fences=(om.Fence(name="not near", nodes=("near",)),))
    (fence,) = fences(seen(world({"far": 3, "near": 3}, policy=rules)))
    (change,) = Advice(fence, None).document()["changes"]
    assert change == {"kind": "policy", "policy": {"fences": []}}


def test_a_run_of_a_variant_is_what_its_recommendations_begin_with(
    shop: Path, tmp_path: Path
) -> None:
    """Its own changes come first, and draw what they drew."""
    file, what = tmp_path / "more.toml", {"kind": "demand", "factor": 1.4}
    wanted = om.WhatIf.model_validate(
        {"name": "more", "base": str(shop), "seed": 77, "changes": [what]}
    )
    file.write_text(to_toml(wanted))
    run_scenarios([file], Limits(gap=0.02, threads=1), out=tmp_path / "runs")
    kept = read_run(tmp_path / "runs" / "more")
    found = Recommendations(kept, Terms(), [Advice(idea(LESS), None)], {})
    (written,) = write_files(found, tmp_path / "advice")
    variant = read_variant(written)
    again = changed(om.load(shop), variant.changes[:-1], seed=variant.seed)
    assert variant.changes[-1] == LESS
    assert again.orders["order"].tolist() == kept.world.orders["order"].tolist()


def test_what_cannot_be_written_is_refused_before_anything_is_run(
    omnisource: Omnisource, shop: Path, tmp_path: Path
) -> None:
    whole = om.load(shop)
    plan = om.allocate(whole, limits=Limits(gap=0.05))
    om.save_run(whole, plan, tmp_path / "run", source=shop)
    (tmp_path / "file").write_text("")
    said = omnisource("recommend", tmp_path / "run", "--out", tmp_path / "file" / "x")
    assert (said.code, said.out) == (2, "")
    assert "cannot write there" in said.err
    full = om.WhatIf(name="full", base="x", changes=(LESS,) * 100)
    om.save_run(whole, plan, tmp_path / "full", source=shop, what=full)
    with pytest.raises(om.UnusableInput, match="no file can have one more"):
        writable(read_run(tmp_path / "full"), tmp_path / "out")


def test_moves_leave_room_for_the_changes_of_their_run() -> None:
    night = seen(world({"far": 3, "near": 0}, orders=2))
    rows = np.arange(120)
    moves = Moves(rows, rows + 1, 0 * rows, rows + 1, rows, rows * 1.0)
    own = om.WhatIf(name="x", base="x", changes=(LESS,) * 60)
    for what, most in ((None, 99), (own, 40)):
        of = replace(night, run=replace(night.run, what=what))
        none = np.zeros(0, np.int64)
        nobody = Wants(none, none, none, none, np.zeros(0), none)
        left = trimmed(Found(of, Held(none, none, none, none > 0), nobody, moves, Lanes.none()))
        assert left.moves.units.tolist() == list(range(121 - most, 121))


def test_the_command_recommends_confirms_and_writes_scenarios(
    omnisource: Omnisource, shop: Path, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "lab"
    whole = om.load(shop)
    om.save_run(whole, om.allocate(whole, limits=Limits(gap=0.002)), run, source=shop)
    said = omnisource("recommend", run, "--most", 4, "--gap", 0.005, "--out", out, "--json")
    assert said.code == 0, said.err
    found = said.document["recommendations"]
    assert len(found) == len(said.document["files"]) == 4
    for one in found:
        low, high = one["certified"]
        assert low <= one["saving_cents"] <= high
        assert (one["verdict"] == "saves") == (low > 0)
    assert found == sorted(found, key=lambda one: -one["saving_cents"])
    for file, one in zip(said.document["files"], found, strict=True):
        variant = read_variant(Path(file))
        assert variant.folder.resolve() == shop.resolve()
        kinds = [change.kind for change in variant.changes]
        assert kinds == [change["kind"] for change in one["changes"]]
        changed(whole, variant.changes)


def test_a_run_without_prices_is_refused(
    omnisource: Omnisource, shop: Path, tmp_path: Path
) -> None:
    whole = om.load(shop)
    plan = replace(om.allocate(whole, limits=Limits(gap=0.05)), prices=None)
    om.save_run(whole, plan, tmp_path / "run", source=shop)
    said = omnisource("recommend", tmp_path / "run")
    assert said.code == 2
    assert "this run has no prices" in said.err
    with pytest.raises(om.UnusableInput, match="no recommendations are called 'odd'"):
        recommend(seen(world({"far": 1, "near": 0})).run, kinds=["odd"])
