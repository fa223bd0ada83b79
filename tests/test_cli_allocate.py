"""`omnisource allocate`: figures, files, and the code it leaves with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

Omnisource = Callable[..., Any]
KEYS = {
    "orders", "lines", "shipments", "split_rate", "shortage_units", "cost_cents", "bound_cents",
    "gap", "bill", "solver", "status", "seconds", "passes", "peak_mb", "seed", "run",
}  # fmt: skip
STEPS = {"load", "compile", "price", "master", "finish", "evaluate", "write", "total"}


def test_allocate_prints_one_json_document(omnisource: Omnisource, shop: Path) -> None:
    said = omnisource("allocate", shop, "--solver", "nearest", "--json", "--quiet")
    assert said.code == 0
    assert said.err == ""
    assert set(said.document) >= KEYS
    assert set(said.document["seconds"]) >= STEPS
    assert sum(said.document["bill"].values()) == said.document["cost_cents"]


def test_with_json_the_report_goes_to_stderr(omnisource: Omnisource, shop: Path) -> None:
    said = omnisource("allocate", shop, "--solver", "nearest", "--json")
    assert said.document["solver"] == "nearest"
    assert "Bill" in said.err


def test_quiet_says_nothing_at_all(omnisource: Omnisource, flawed: Path) -> None:
    said = omnisource("allocate", flawed, "--solver", "nearest", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_allocate_certifies_the_joint_plan(omnisource: Omnisource, shop: Path) -> None:
    found = omnisource("allocate", shop, "--json", "--quiet").document
    assert found["bound_cents"] <= found["cost_cents"]
    assert found["gap"] == (found["cost_cents"] - found["bound_cents"]) / found["cost_cents"]
    assert found["passes"] > 0
    assert found["seconds"]["price"] > 0


def test_the_report_says_in_words_how_good_the_plan_is(omnisource: Omnisource, shop: Path) -> None:
    said = " ".join(omnisource("allocate", shop).out.split())
    assert "above the best possible" in said or "proven to be the best" in said
    assert "Nothing was written: --out FOLDER keeps the plan." in said


def test_out_keeps_the_plan_as_tables(omnisource: Omnisource, shop: Path, here: Path) -> None:
    said = omnisource("allocate", shop, "--out", "out/monday", "--json", "--quiet")
    folder = here / "out" / "monday"
    names = {file.name for file in folder.iterdir()}
    assert names == {
        "shipments.csv", "allocations.csv", "shortages.csv", "prices.csv", "run.json",
        "seen.zip",
    }  # fmt: skip
    run = json.loads((folder / "run.json").read_text())
    assert {key: run[key] for key in KEYS} == {key: said.document[key] for key in KEYS}
    assert run["seconds"]["write"] > 0
    assert pl.read_csv(folder / "shipments.csv")["cost_cents"].sum() <= run["cost_cents"]


def test_tables_can_be_parquet_and_replace_an_earlier_run(
    omnisource: Omnisource, shop: Path, here: Path
) -> None:
    omnisource("allocate", shop, "--solver", "nearest", "--out", "out")
    omnisource("allocate", shop, "--solver", "nearest", "--out", "out", "--format", "parquet")
    names = {file.name for file in (here / "out").iterdir()}
    tables = {f"{name}.parquet" for name in ("shipments", "allocations", "shortages")}
    assert names == {*tables, "run.json", "seen.zip"}


def test_a_dry_run_writes_nothing(omnisource: Omnisource, shop: Path, here: Path) -> None:
    said = omnisource("allocate", shop, "--solver", "nearest", "--out", "x", "--dry-run", "--json")
    assert said.document["out"] is None
    assert list(here.iterdir()) == []


def test_rejected_rows_are_written_next_to_the_plan(
    omnisource: Omnisource, flawed: Path, here: Path
) -> None:
    said = omnisource("allocate", flawed, "--solver", "nearest", "--out", "out")
    assert said.code == 0
    assert "2 rows rejected; `omnisource validate" in said.err
    reasons = pl.read_csv(here / "out" / "rejects.csv")["reason"].to_list()
    assert len(reasons) == 2


@pytest.mark.parametrize("solver", ["nearest"])
def test_strict_leaves_with_3_where_units_are_short_or_rows_rejected(
    omnisource: Omnisource, shop: Path, flawed: Path, solver: str
) -> None:
    short = omnisource("allocate", shop, "--solver", solver, "--strict", "--json", "--quiet")
    assert short.document["shortage_units"] > 0
    assert short.code == 3
    assert omnisource("validate", flawed, "--strict").code == 3
    assert omnisource("validate", shop, "--strict").code == 0


@pytest.mark.parametrize("text", ["max_shipments = 1", "[policy]\nmax_shipments = 1"])
def test_a_policy_file_replaces_the_keys_that_it_names(
    omnisource: Omnisource, shop: Path, here: Path, text: str
) -> None:
    (here / "strict.toml").write_text(text)
    words = ("allocate", shop, "--solver", "nearest", "--policy", "strict.toml", "--out", "out")
    said = omnisource(*words, "--json", "--quiet")
    usual = omnisource("allocate", shop, "--solver", "nearest", "--json", "--quiet")
    assert said.document["split_rate"] < usual.document["split_rate"]
    kept = json.loads((here / "out" / "run.json").read_text())["policy"]
    assert kept["max_shipments"] == 1
    assert len(kept["fences"]) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_shipment = 1", "p.toml: max_shipment: there is no such key: is it 'max_shipments'?"),
        ("[policy]\nshortage_cents = -1", "p.toml: shortage_cents"),
        ("[policy]\n[other]\n", "p.toml: policy: there is no such key"),
        ("max_shipments = ", "this is no TOML"),
        ("tiers.gold = -1", "p.toml: tiers.gold: Input should be greater than or equal to 0"),
        ("[[load]]\nbeyond = 0.5\ncent = 1", "p.toml: load.0.cent: there is no such key: is it"),
        (
            "[[fairness]]\nby = 'city'",
            "p.toml: fairness.0.by: Input should be 'channel', 'country'",
        ),
        (
            "late_cents = 2_000_000\ntiers.gold = 900",
            "late_cents times the largest factor is",
        ),
        (None, "p.toml: there is no such file"),
    ],
)
def test_a_wrong_policy_file_is_refused_with_its_key(
    omnisource: Omnisource, shop: Path, here: Path, *, text: str | None, said: str
) -> None:
    if text is not None:
        (here / "p.toml").write_text(text)
    result = omnisource("allocate", shop, "--policy", "p.toml", "--out", "out/x")
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    omnisource: Omnisource, shop: Path, here: Path
) -> None:
    (here / "file").write_text("in the way")
    said = omnisource("allocate", shop, "--out", "file")
    assert said.code == 2
    assert "cannot write there" in said.err


def test_a_plan_is_not_written_into_its_scenario(omnisource: Omnisource, shop: Path) -> None:
    said = omnisource("allocate", shop, "--out", shop)
    assert said.code == 2
    assert "the scenario's own folder" in said.err


def test_rolling_goes_on_from_the_last_run(
    omnisource: Omnisource, shop: Path, tmp_path: Path
) -> None:
    asked = ["allocate", shop, "--rolling", "--out", tmp_path / "run", "--gap", "0.05", "--json"]
    first = omnisource(*asked, "--quiet").document
    assert first["released_orders"] + first["held_orders"] == first["open_orders"]
    assert (tmp_path / "run" / "rolling.json").is_file()
    again = omnisource(*asked)
    assert again.document["open_orders"] >= first["held_orders"]
    assert "Released" in again.err


@pytest.mark.parametrize(
    "words",
    [
        ("--rolling",),
        ("--now", "2025-01-06T12:00Z"),
        ("--rolling", "--out", "run", "--solver", "nearest"),
        ("--rolling", "--out", "run", "--run", "monday"),
    ],
)
def test_rolling_refuses_what_it_has_no_use_for(
    omnisource: Omnisource, shop: Path, words: tuple[str, ...]
) -> None:
    assert omnisource("allocate", shop, *words).code == 2
