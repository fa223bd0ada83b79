import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnisource.models.world import World
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.learn import evaluate_promises
from omnisource.scenarios.olist.convert import convert
from omnisource.scenarios.olist.fit import Shipments, fit_table
from omnisource.solvers.compile.available import cells
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.leadtime.dates import Aim


@pytest.fixture(scope="module")
def olist(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("olist")
    convert(data, folder)
    return folder


@pytest.fixture(scope="module")
def world(olist: Path) -> World:
    loaded = load(olist)
    assert loaded.rejected == 0
    return loaded.world


def as_shipped(world: World, history: pl.DataFrame) -> Shipped:
    """History as decisions: one shipment an order and seller."""
    rows = {name: row for row, name in enumerate(world.orders["order"])}
    nodes = {name: row for row, name in enumerate(world.nodes["node"])}
    names = zip(world.lines["order"], world.lines["line"], strict=True)
    lines = {name: row for row, name in enumerate(names)}
    order = np.array([rows[name] for name in history["order"]])
    node = np.array([nodes[name] for name in history["node"]])
    pairs = zip(order.tolist(), history["line"].cast(pl.String), strict=True)
    line = np.array([lines[pair] for pair in pairs])
    turn = np.lexsort((line, node, order))
    change = np.flatnonzero((np.diff(order[turn]) != 0) | (np.diff(node[turn]) != 0)) + 1
    first = np.append(0, change)
    return Shipped(
        order=order[turn][first],
        node=node[turn][first],
        service=np.zeros(len(first), np.int64),
        start=np.append(first, len(order)),
        line=line[turn],
        units=history["units"].to_numpy().astype(np.int64)[turn],
    )


def test_history_is_a_plan_that_costs_what_the_fit_says(olist: Path, world: World) -> None:
    history = pl.read_csv(olist / "history" / "history.csv")
    facts = json.loads((olist / "history" / "fit.json").read_text())
    plan = evaluate(world, as_shipped(world, history))
    assert plan.shortages.rows == 0
    assert plan.shipments.rows == facts["shipments"] == 14_715
    assert plan.bill["freight"] == facts["fitted_cents"]


def test_every_unit_sold_is_in_stock_once(world: World) -> None:
    assert world.lines["units"].sum() == 16_801
    assert cells(world).units.sum() == 16_801


def test_the_fit_explains_most_of_what_a_single_unit_was_charged(olist: Path) -> None:
    facts = json.loads((olist / "history" / "fit.json").read_text())
    assert facts["one_unit"]["mape"] < 0.27
    assert facts["cross_validated"]["mae_cents"] < 1.1 * facts["fit"]["mae_cents"]


def test_a_tariff_is_found_again_from_what_it_charged() -> None:
    rng = np.random.default_rng(1)
    grams, km = rng.integers(50, 9_000, 3_000), rng.uniform(1, 1_900, 3_000)
    cents = 500 + 100 * (grams > 1_000) + 300 * (grams > 5_000) + 200 * (km > 300)
    sent = Shipments(grams, np.zeros(3_000), km, cents)
    assert (fit_table(sent, 0).price(sent) == cents).all()


def test_a_fitted_tariff_never_falls_with_weight_or_distance() -> None:
    rng = np.random.default_rng(2)
    noise = rng.integers(300, 3_000, 500)
    sent = Shipments(
        rng.integers(50, 30_000, 500), np.zeros(500), rng.uniform(1, 3_000, 500), noise
    )
    cents = fit_table(sent, 0).cents
    assert (np.diff(cents, axis=0) >= 0).all()
    assert (np.diff(cents, axis=1) >= 0).all()


def test_dates_are_kept_as_asked_in_a_quarter_of_strikes(world: World) -> None:
    done = evaluate_promises(world, date(2018, 1, 1), date(2018, 4, 30), aim=Aim(0.9))
    assert done.marketplace is not None
    assert done.marketplace.on_time == pytest.approx(0.884, abs=0.003)
    assert done.whole.on_time == pytest.approx(0.9, abs=0.015)
    large = [group for group in done.groups if group.deliveries >= 300]
    assert len(large) == 7
    assert [g for g in large if g.on_time != pytest.approx(0.9, abs=0.04)] == []


def test_fewer_days_are_promised_at_the_rate_that_the_marketplace_kept(world: World) -> None:
    fine = Aim(rule="fine", fine=75.0)
    done = evaluate_promises(world, date(2018, 1, 1), date(2018, 4, 30), aim=fine)
    own, theirs = done.whole, done.marketplace
    assert theirs is not None
    assert own.on_time is not None
    assert theirs.on_time is not None
    assert own.on_time >= theirs.on_time
    assert own.mean_promised_days is not None
    assert theirs.mean_promised_days is not None
    assert own.mean_promised_days < 0.95 * theirs.mean_promised_days
