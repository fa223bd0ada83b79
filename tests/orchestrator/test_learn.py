"""The verb `learn`: lead times out of a folder, and the past replayed."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.policy import Policy
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.learn import (
    aim_with,
    evaluate_promises,
    learn,
    read_lead_times,
    save_lead_times,
)
from omnisource.solvers.leadtime.dates import Aim

Omnisource = Callable[..., Any]
FIRST = datetime(2025, 1, 6, 9, tzinfo=UTC)
NODES = "node,kind,country,postcode,lat,lon,timezone\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A warehouse in Berlin that delivers in three to seven days, for 150 days, ten orders each."""
    (tmp_path / "scenario.toml").write_text(
        'name = "sent"\nnow = 2025-06-05T06:00:00Z\n[policy]\npromise_quantile = 0.8\n'
    )
    (tmp_path / "nodes.csv").write_text(f"{NODES}w,warehouse,DE,10115,52.5,13.4,Europe/Berlin\n")
    (tmp_path / "services.csv").write_text("service,carrier,kind\npost,Post,parcel\n")
    heads = {
        "products": "sku,grams",
        "stock": "node,sku,on_hand",
        "orders": "order,placed_at,country,postcode,lat,lon",
        "lines": "order,line,sku,units",
    }
    for name, head in heads.items():
        (tmp_path / f"{name}.csv").write_text(head + "\n")
    rng = np.random.default_rng(0)
    rows = ["shipment,node,service,country,postcode,lat,lon,placed_at,delivered_at,promised_at"]
    for i in range(1500):
        placed = FIRST + timedelta(days=i // 10)
        there = placed + timedelta(minutes=int(rng.uniform(3, 7) * 1440))
        told = there.isoformat() if there < FIRST + timedelta(days=150) else ""
        code, lat = ("10115", 52.5) if i % 2 else ("80331", 48.1)
        rows.append(f"s{i},w,post,DE,{code},{lat},12.0,{placed.isoformat()},{told},"
                    f"{(placed + timedelta(days=6)).isoformat()}")  # fmt: skip
    (tmp_path / "deliveries.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_learn_writes_what_promise_reads(folder: Path, omnisource: Omnisource) -> None:
    said = omnisource("learn", folder, "--json")
    assert said.code == 0, said.err
    assert said.document["deliveries"] == 1500
    world = load_world(folder)
    found = read_lead_times(world, folder / "leadtimes.json")
    place = {"service": 0, "node": 0, "km": 1.0, "weekday": 2, "region": -1}
    assert found.quantile(**place, p=0.5) / 1440 == pytest.approx(5, abs=0.5)
    assert found.quantile(**place, p=0.95) / 1440 == pytest.approx(6.8, abs=0.7)
    assert found.probability_by(**place, minutes=5 * 1440) == pytest.approx(0.5, abs=0.12)


def test_lead_times_fit_another_world_by_name(folder: Path) -> None:
    world = load_world(folder)
    save_lead_times(world, learn(world), folder / "l.json")
    (folder / "nodes.csv").write_text(
        f"{NODES}new,store,DE,10115,52.5,13.4,Europe/Berlin\n"
        "w,warehouse,DE,10115,52.5,13.4,Europe/Berlin\n"
    )
    found = read_lead_times(load_world(folder), folder / "l.json")
    assert found.node_factor[0] == 1
    assert found.minutes.shape[0] == 1


def test_a_replay_says_what_the_interface_promises(folder: Path, omnisource: Omnisource) -> None:
    said = omnisource("learn", folder, "--evaluate", "--since", "2025-05-01", "--until",
                      "2025-05-28", "--target", "0.9", "--json")  # fmt: skip
    assert said.code == 0, said.err
    own = said.document
    keys = {"deliveries", "on_time", "mean_promised_days", "mean_days_late", "groups"}
    assert keys | {"target"} <= set(own)
    assert keys <= set(own["promised_at"])
    assert own["deliveries"] == 280 == sum(group["deliveries"] for group in own["groups"])
    assert own["on_time"] == pytest.approx(0.93, abs=0.07)
    assert own["promised_at"]["on_time"] == pytest.approx(0.75, abs=0.1)
    assert own["promised_at"]["mean_promised_days"] == 6
    assert not (folder / "leadtimes.json").exists()


def test_the_target_is_the_policys_where_none_is_named(folder: Path) -> None:
    assert evaluate_promises(load_world(folder), date(2025, 5, 20)).aim.target == 0.8


def test_what_is_stated_stands_before_the_policys_fine() -> None:
    fined = Policy(slower_cents_per_day=20, late_fine_cents=1400)
    assert aim_with(fined) == Aim(0.9, "fine", 70)
    assert aim_with(fined, fine=50) == Aim(0.9, "fine", 50)
    assert aim_with(fined, target=0.8) == Aim(0.8, "fine", None)
    assert aim_with(fined, rule="quantile") == Aim(0.9, "quantile", None)
    assert aim_with(Policy(promise_quantile=0.7), rule="fine") == Aim(0.7, "fine", None)


def test_a_dearer_fine_promises_later_and_keeps_more(folder: Path, omnisource: Omnisource) -> None:
    span = ("--evaluate", "--since", "2025-05-01", "--until", "2025-05-28", "--json")
    cheap, dear = (
        omnisource("learn", folder, *span, "--fine", fine).document for fine in ("5", "50")
    )
    assert (cheap["rule"], cheap["fine"]) == ("fine", 5)
    assert cheap["on_time"] < dear["on_time"]
    assert cheap["mean_promised_days"] < dear["mean_promised_days"]


def test_a_report_is_for_people(folder: Path, omnisource: Omnisource) -> None:
    assert "BR" not in omnisource("learn", folder).out
    said = omnisource("learn", folder, "--evaluate", "--since", "2025-05-20", "--method", "rolling")
    assert "DE-1" in said.out
    assert "promised_at" in said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--evaluate"], "--since"),
        (["--since", "2025-05-01"], "--evaluate"),
        (["--evaluate", "--since", "2030-01-01"], "no order was placed"),
        (["--evaluate", "--since", "2025-01-06"], "begin later"),
        (["--evaluate", "--since", "2025-05-01", "--target", "1.5"], "between 0 and 1"),
        (["--evaluate", "--since", "2025-05-01", "--fine", "0.5"], "give 1 to"),
        (["--evaluate", "--since", "2025-05-01", "--fine", "nan"], "give 1 to"),
        (["--evaluate", "--since", "2025-05-01", "--fine", "9", "--target", "0.8"], "no room"),
        (["--fine", "9"], "--evaluate"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    folder: Path, omnisource: Omnisource, words: list[str], hint: str
) -> None:
    said = omnisource("learn", folder, *words)
    assert said.code == 2
    assert hint in said.err


def test_a_folder_without_deliveries_has_nothing_to_teach(
    shop: Path, omnisource: Omnisource
) -> None:
    said = omnisource("learn", shop)
    assert said.code == 2
    assert "deliveries" in said.err


def test_a_file_that_holds_no_lead_times_is_refused(folder: Path) -> None:
    world = load_world(folder)
    (folder / "l.json").write_text(json.dumps({"probability": [0.5], "edges_km": []}))
    for name, hint in (("l.json", "learn them again"), ("none.json", "no such file")):
        with pytest.raises(UnusableInput, match=hint):
            read_lead_times(world, folder / name)
