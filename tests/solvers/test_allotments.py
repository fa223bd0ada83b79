"""A night takes of a cell what the order's channel may sell of it, and no more."""

from itertools import permutations, product

import numpy as np
import pytest

from omnisource.models.base import BrokenPlan
from omnisource.models.stock import Allotment
from omnisource.orchestrator.allocate import allocate
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.quote.atp_plain import PlainCell

CHANNELS = ("web", "app", "")


def allotted(node, **units):
    return [Allotment(node=node, sku="apple", channel=c, units=n) for c, n in units.items()]


def night(world, stock, channels, *, allotments, freight=None):
    """Orders of one apple each, by channel; nodes send for 500 cents where nothing is said."""
    return world(
        {node: {"apple": units} for node, units in stock.items()},
        {f"o{i}": {"apple": 1} for i in range(len(channels))},
        order_fields={f"o{i}": {"channel": channel} for i, channel in enumerate(channels)},
        allotments=allotments,
        freight=freight or {},
    )


def test_units_kept_for_a_channel_are_not_sold_to_others(solve, world, name):
    """Ten apples: 4 are the web's and 3 the app's; whoever has no allotment shares the other 3."""
    channels = ["shop"] * 5 + ["web"] * 5 + ["app"] * 2
    plan, _ = solve(night(world, {"A": 10}, channels, allotments=allotted("A", web=4, app=3)), name)
    served = np.array(channels)[plan.shipments["order"]].tolist()
    assert {channel: served.count(channel) for channel in channels} == {
        "shop": 3, "web": 4, "app": 2,
    }  # fmt: skip


def test_an_order_goes_elsewhere_for_what_is_kept_for_others(solve, world):
    plan, answer = solve(
        night(
            world,
            {"A": 1, "B": 1},
            ["shop"],
            allotments=allotted("A", web=1),
            freight={("B", "o0"): 700},
        ),
        "joint",
    )
    assert plan.shipments["node"].tolist() == [1]
    assert answer.bound == plan.cost_cents == 700


def test_an_allotment_of_what_is_nowhere_in_stock_changes_nothing(solve, world):
    stock, orders = {"A": {"apple": 1}, "B": {}}, {"o0": {"apple": 1}}
    plan, _ = solve(world(stock, orders, allotments=allotted("B", web=1)), "joint")
    assert plan.shipments["node"].tolist() == [0]


def test_the_judge_refuses_a_unit_that_is_kept_for_others(world):
    shop = night(world, {"A": 2}, ["shop", "web"], allotments=allotted("A", web=1))
    rows = np.arange(2)
    sent = Shipped(rows, 0 * rows, 0 * rows, np.arange(3), rows, 0 * rows + 1)
    evaluate(shop, sent)
    both = shop.replace(orders=shop.orders.replace(channel=np.array(["shop", "shop"], object)))
    with pytest.raises(BrokenPlan, match="2 units, 1 available"):
        evaluate(both, sent)


def test_a_cell_that_channels_share_has_one_price_by_name_and_is_begun_with_it(world):
    """Two shops want the one apple that is not the web's: it is worth what going short costs."""
    shop = night(world, {"A": 3}, ["shop", "shop", "web"], allotments=allotted("A", web=2))
    plan = allocate(shop)
    rows = [row for row in range(plan.prices.rows) if plan.prices["resource"][row] == "stock"]
    assert len(rows) == 1
    assert plan.prices["cents"][rows[0]] > 0
    assert (plan.prices["used"][rows[0]], plan.prices["capacity"][rows[0]]) == (2, 3)
    again = allocate(shop, prices=plan)
    assert again.cost_cents == plan.cost_cents == 2 * 500 + 5_000


def can_be_sold(channels, on_hand, allotments):
    """Whether there is a turn in which each unit may be promised when it is asked for."""
    for turn in set(permutations(channels)):
        taken: dict[str, int] = {}
        for channel in turn:
            cell = PlainCell(0, on_hand=on_hand - sum(taken.values()), allotments=allotments,
                        taken={c: n for c, n in taken.items() if c in allotments})  # fmt: skip
            if cell.promisable(channel, 0) < 1:
                break
            taken[channel] = taken.get(channel, 0) + 1
        else:
            return True
    return not channels


@pytest.mark.parametrize("seed", range(12))
def test_the_best_night_is_the_best_of_all_that_can_be_promised_in_turn(solve, world, seed):
    dice = np.random.default_rng(seed)
    channels = [str(c) for c in dice.choice(CHANNELS, 4)]
    stock = {"A": int(dice.integers(1, 5)), "B": int(dice.integers(0, 3))}
    fences = {n: {c: int(dice.integers(0, 4)) for c in ("web", "app") if dice.random() < 0.6}
              for n in stock}  # fmt: skip
    freight = {(n, f"o{i}"): int(dice.integers(300, 900)) for n in stock for i in range(4)}
    rows = [a for n in stock for a in allotted(n, **fences[n])]
    best = min(
        sum(5_000 if n == "-" else freight[n, f"o{i}"] for i, n in enumerate(choice))
        for choice in product("AB-", repeat=4)
        if all(
            can_be_sold([c for c, n in zip(channels, choice, strict=True) if n == node],
                        stock[node], fences[node])
            for node in stock
        )
    )  # fmt: skip
    shop = night(world, stock, channels, allotments=rows, freight=freight)
    plan, _ = solve(shop, "exact")
    assert plan.cost_cents == best
    plan, answer = solve(shop, "joint")
    assert answer.bound <= best <= plan.cost_cents
