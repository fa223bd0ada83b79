"""The command line: what it prints where, and the code it leaves with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnisource.commands.options import KNOWN
from omnisource.orchestrator.compare import COMPARED
from omnisource.solvers.registry import SOLVERS

Omnisource = Callable[..., Any]
VERBS = ("demo", "generate", "validate", "load", "allocate", "compare", "explain", "availability",
         "reserve", "report", "serve",
         "promise")  # fmt: skip

# help and usage


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(omnisource: Omnisource, verb: str) -> None:
    said = omnisource(verb, "--help")
    assert said.code == 0
    assert "--json" in said.out
    assert "--quiet" in said.out


def test_help_names_every_verb_and_every_solver(omnisource: Omnisource) -> None:
    said = omnisource("--help")
    assert all(f"\n  {verb} " in said.out for verb in VERBS)
    assert KNOWN.split(", ") == list(SOLVERS)


def test_it_says_which_version_it_is(omnisource: Omnisource) -> None:
    assert omnisource("--version").out.startswith("omnisource 0.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conquer"], "No such command"),
        (["allocate"], "give a scenario folder DIR, or --db URL"),
        (["load", "nowhere"], "Missing option '--db'"),
        (["load", "nowhere", "--db", "x.db"], "nowhere: no scenario.toml"),
        (["allocate", "shop", "--gap", "small"], "--gap"),
        (["allocate", "nowhere"], "nowhere: no scenario.toml"),
        (["allocate", "nowhere", "--solver", "magic"], "no solver is called 'magic'; known are"),
        (["compare", "nowhere", "--solver", "magic"], "no solver is called 'magic'"),
        (["validate", "nowhere"], "nowhere: no scenario.toml"),
        (["explain", "o1"], "there is no run here"),
        (["explain", "o1", "--run", "nowhere"], "nowhere: no run.json there"),
        (["generate", "x", "--orders", "0"], "--orders"),
        (["generate", "x", "--orders", "5", "--nodes", "2"], "--nodes"),
    ],
)
def test_wrong_usage_leaves_with_2_and_says_why(
    omnisource: Omnisource, here: Path, words: list[str], said: str
) -> None:
    result = omnisource(*words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "Traceback" not in result.err
    assert list(here.iterdir()) == []


def test_a_fault_of_ours_leaves_with_1_and_shows_where_only_when_asked(
    omnisource: Omnisource, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr("omnisource.orchestrator.batch.open_folder", fail)
    short, long = omnisource("validate", shop), omnisource("--debug", "validate", shop)
    assert (short.code, long.code) == (1, 1)
    assert "oh no" in short.err
    assert "Traceback" not in short.err
    assert "Traceback" in long.err


# validate


def test_validate_lists_every_bad_row(omnisource: Omnisource, flawed: Path, tmp_path: Path) -> None:
    said = omnisource("validate", flawed, "--rejects", tmp_path / "bad.csv", "--json")
    found = said.document
    assert found["rejected"] == 2
    assert found["tables"]["lines"]["rejected"] == 2
    assert [bad["column"] for bad in found["rejects"]] == ["units", "sku"]
    assert pl.read_csv(tmp_path / "bad.csv").height == 2
    assert "NO-SUCH-SKU" in said.err


def test_validate_reports_a_sound_folder(omnisource: Omnisource, shop: Path) -> None:
    said = omnisource("validate", shop)
    assert said.code == 0
    assert "is sound: 60 orders can be allocated" in " ".join(said.out.split())


# generate, compare, demo


def test_generate_writes_the_same_folder_for_the_same_seed(
    omnisource: Omnisource, here: Path
) -> None:
    for name in ("a", "b"):
        said = omnisource("generate", name, "--orders", 40, "--nodes", 4, "--seed", 3, "--json")
        assert said.document["rows"]["orders"] == 40
    one, other = ({f.name: f.read_bytes() for f in (here / n).iterdir()} for n in ("a", "b"))
    assert one == other


def test_generate_does_not_overwrite_a_scenario_unless_told_to(
    omnisource: Omnisource, tmp_path: Path
) -> None:
    words = ("generate", tmp_path / "mine", "--orders", 40, "--nodes", 4)
    assert omnisource(*words).code == 0
    said = omnisource(*words)
    assert said.code == 2
    assert "--force replaces it" in said.err
    assert omnisource(*words, "--force").code == 0


def test_compare_sets_solvers_side_by_side(omnisource: Omnisource, shop: Path, here: Path) -> None:
    words = ("compare", shop, "--solver", "nearest", "--solver", "rated", "--out", "out")
    said = omnisource(*words, "--json")
    assert [one["solver"] for one in said.document["solvers"]] == ["nearest", "rated"]
    assert all(one["cost_cents"] > 0 for one in said.document["solvers"])
    assert (here / "out" / "rated" / "run.json").exists()
    assert "Cheapest:" in said.err


def test_the_demo_compares_all_solvers_and_says_where_its_plan_lies(
    omnisource: Omnisource, here: Path
) -> None:
    said = omnisource("demo")
    assert said.code == 0
    assert all(name in said.out for name in COMPARED)
    words = " ".join(said.out.split())
    assert "the best possible" in words
    assert f"omnisource explain {_asked(words)} --run out/demo" in words
    assert (here / "out" / "demo" / "shipments.csv").exists()
    again = omnisource("explain", _asked(words))
    assert again.code == 0
    assert again.err == "run: out/demo\n"
    assert _asked(words) in again.out


def _asked(words: str) -> str:
    return words.partition("omnisource explain ")[2].split()[0]


def test_the_demo_finds_another_place_where_it_may_not_write(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnisource.orchestrator import demo

    (here / "out").write_text("in the way")
    monkeypatch.setattr(demo.tempfile, "mkdtemp", lambda prefix: str(here / prefix))
    assert demo.demo_folder(None) == here / "omnisource-demo-"


# explain


def test_explain_tells_bill_alternatives_and_prices(
    omnisource: Omnisource, shop: Path, here: Path
) -> None:
    omnisource("allocate", shop, "--out", "out")
    order = pl.read_csv(here / "out" / "shipments.csv")["order"][0]
    node = pl.read_csv(shop / "nodes.csv")["node"][0]
    said = omnisource("explain", order, "--run", "out", "--why-not", node, "--json")
    assert said.document["order"] == order
    assert said.document["cost_cents"] == sum(said.document["bill"].values())
    assert said.document["why_not"]["node"] == node
    assert f"Why not {node}?" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [(("nobody",), "no order is called 'nobody'"), (("o01", "--why-not", "moon"), "no node is")],
)
def test_explain_refuses_what_is_not_there(
    omnisource: Omnisource, shop: Path, here: Path, *, words: tuple[str, ...], said: str
) -> None:
    omnisource("allocate", shop, "--solver", "nearest", "--out", here / "out")
    result = omnisource("explain", *words, "--run", here / "out")
    assert result.code == 2
    assert said in result.err
