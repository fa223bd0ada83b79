"""The planner's lab: a base and its variants, run side by side, and what is said of them."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.folder.head import read_scenario
from omnisource.orchestrator.lab.difference import Difference
from omnisource.orchestrator.lab.outcome import outcome_of
from omnisource.orchestrator.lab.run import Lab, read_variant, run_scenarios
from omnisource.orchestrator.measures import to_json
from omnisource.orchestrator.runs import read_run
from omnisource.solvers.problem import Limits

Omnisource = Callable[..., Any]
SHIPPED = sorted((Path(__file__).parents[2] / "scenarios" / "what-if").glob("*.toml"))
QUICK = Limits(gap=0.05)
CLOSED = 'name = "Shut"\nbase = "{base}"\n[[changes]]\nkind = "close"\nnode_kinds = ["store"]\n'
DEARER = 'name = "Dear"\nbase = "{base}"\n[[changes]]\nkind = "tariff"\nfactor = 2.0\n'
GROWN = 'name = "Grown"\nbase = "{base}"\n[[changes]]\nkind = "demand"\nfactor = 1.3\n'


def written(folder: Path, name: str, text: str, base: object) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text.format(base=base), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def lab(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The shop, with its stores closed, and with tariffs twice as dear; runs kept."""
    folder = tmp_path_factory.mktemp("lab")
    files = [written(folder, "shut", CLOSED, shop), written(folder, "dear", DEARER, shop)]
    return run_scenarios(files, QUICK, out=folder / "runs")


# the scenarios that ship


def numbers(texts: Iterable[str]) -> set[float]:
    """Every figure of some texts, without its sign."""
    found = re.findall(r"\d[\d,]*(?:\.\d+)?", " ".join(texts))
    return {float(figure.replace(",", "")) for figure in found}


def is_shown(figure: float, shown: set[float]) -> bool:
    """Tell whether a figure is one of those shown, but for what a better search would move."""
    return any(abs(figure - each) <= max(0.03 * each, 2.0 if each >= 10 else 0.0) for each in shown)


@pytest.fixture(scope="module")
def shipped() -> Lab:
    """The eight scenarios, at the gap that is the command's default."""
    return run_scenarios(SHIPPED, Limits(gap=0.005))


def test_eight_scenarios_ship_and_each_says_what_its_run_shows(shipped: Lab) -> None:
    assert len(shipped.differences) == 8
    for one in shipped.differences:
        what = one.variant.what
        assert what is not None
        assert len(what.insight.split()) > 30
        found = one.variant
        shown = [
            *one.sentences(), what.summary, f"{found.days:.2f} {one.base.days:.2f}",
            f"{100 * found.measures.late_rate:.1f}",
            f"{found.measures.orders - one.base.measures.orders}",
            *(f"{abs(cents) / 100:,.2f} " for cents in one.terms.values()),
        ]  # fmt: skip
        figures = numbers(shown)
        unknown = [each for each in numbers([what.insight]) if not is_shown(each, figures)]
        assert not unknown, (what.name, sorted(figures))


def test_each_shipped_scenario_is_in_the_readme_with_its_kinds_of_change() -> None:
    text = (SHIPPED[0].parent / "README.md").read_text(encoding="utf-8")
    for file in SHIPPED:
        (row,) = re.findall(rf"^\| \[{file.stem}\].*\|$", text, flags=re.MULTILINE)
        kinds = {change.kind for change in read_variant(file).what.changes}
        assert set(re.findall(r"`(\w+)`", row)) == kinds


# differences


def test_the_terms_of_a_difference_add_up(lab: Lab) -> None:
    for one in lab.differences:
        assert sum(one.terms.values()) == one.cents
        assert one.document()["cost_cents"] == one.cents
    assert lab.differences[1].terms["freight"] > 0


def test_the_best_plans_differ_by_what_is_certified(lab: Lab) -> None:
    for one in lab.differences:
        assert one.certified is not None
        low, high = one.certified
        assert low <= one.cents <= high


def test_words_say_who_sends_more_and_who_is_full(lab: Lab) -> None:
    shut = lab.differences[0]
    words = " ".join(shut.sentences())
    assert words.startswith("Shut: costs ")
    assert "Who sends more or fewer: " in words
    stores = [row for row in shut.variant.nodes if row["kind"] == "store"]
    assert stores
    assert sum(row["shipments"] for row in stores) == 0
    total = sum(shut.moved.values())
    assert total == shut.variant.measures.shipments - shut.base.measures.shipments


def test_a_difference_within_the_margin_of_the_proof_is_called_so(lab: Lab) -> None:
    base = lab.base
    dearer = replace(base.measures, cost_cents=base.measures.cost_cents + 1)
    margin = Difference(replace(base, measures=replace(dearer, bound_cents=0)),
                        replace(base, measures=base.measures))  # fmt: skip
    assert "which is within the proof's margin" in next(margin.sentences())
    assert "costs the same, as fast" in next(Difference(base, base).sentences())


def test_other_orders_are_compared_by_the_order(shop: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "grown", GROWN, shop)
    (grown,) = run_scenarios([file], QUICK).differences
    assert not grown.same_orders
    assert re.match(r"Grown: \d+ orders instead of 60, ", next(grown.sentences()))


# outcomes


def test_an_outcome_counts_every_shipment_and_order_once(lab: Lab) -> None:
    for found in (lab.base, *lab.variants):
        measures = found.measures
        for rows in (found.nodes, found.services):
            assert sum(row["shipments"] for row in rows) == measures.shipments
        assert sum(row["orders"] for row in found.parcels) == measures.orders
        assert sum(row["orders"] for row in found.arrivals) == measures.served_orders
        for row in found.nodes:
            limit = row["orders_per_day"]
            assert limit is None or row["shipments"] <= limit
            assert row["full"] or limit is None or row["shipments"] < limit


def test_a_kept_run_of_a_variant_is_read_back_as_it_was(lab: Lab) -> None:
    assert lab.out is not None
    kept = read_run(lab.out / "shut")
    again = outcome_of(kept.world, kept.plan, kept.what)
    assert again.name == "Shut"
    assert replace(again, what=None) == replace(lab.variants[0], what=None)


def test_any_number_of_processes_says_the_same(lab: Lab, shop: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "shut", CLOSED, shop)
    two = run_scenarios([file], QUICK, processes=2)
    assert to_json(two.document()["scenarios"][0]) == to_json(lab.document()["scenarios"][0])


def test_variants_that_begin_with_the_bases_prices_say_the_same_in_any_number_of_processes(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnisource.orchestrator.lab.run.WARM_FROM", 0)
    files = [written(tmp_path, "shut", CLOSED, shop), written(tmp_path, "dear", DEARER, shop)]
    one, two = (run_scenarios(files, QUICK, processes=n) for n in (1, 2))
    assert to_json(one.document()) == to_json(two.document())


# files


def test_a_scenario_may_be_based_on_another(shop: Path, tmp_path: Path) -> None:
    written(tmp_path, "shut", CLOSED, shop)
    both = read_variant(written(tmp_path, "both", DEARER, "shut.toml"))
    assert [change.kind for change in both.changes] == ["close", "tariff"]
    assert both.folder.resolve() == shop.resolve()


def test_what_a_run_showed_is_not_told_of_another_network(shop: Path) -> None:
    here, elsewhere = read_variant(SHIPPED[0]), read_variant(SHIPPED[0], shop)
    assert here.what.insight
    assert not elsewhere.what.insight
    assert elsewhere.folder == shop
    assert elsewhere.changes == here.changes


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": ("Dear", "a.toml")}, "a.toml is based on itself; name a scenario folder"),
        ({"a": ("Dear", "nowhere.toml")}, "nowhere.toml: there is no such file"),
        ({"a": ("Dear", ".")}, "is no scenario folder: it has no scenario.toml"),
        ({"a": ("Dear", "SHOP"), "b": ("Dear", "SHOP")}, "'Dear': the name of two scenarios"),
        ({"base": ("Dear", "SHOP")}, "'base': the file name of two scenarios"),
    ],
)
def test_files_that_cannot_be_run_together_are_refused(
    shop: Path, tmp_path: Path, files: dict[str, tuple[str, str]], said: str
) -> None:
    paths = [
        written(tmp_path, stem, DEARER, str(shop) if base == "SHOP" else base)
        for stem, (_, base) in files.items()
    ]
    with pytest.raises(UnusableInput, match=re.escape(said)):
        run_scenarios(paths, QUICK)


def test_a_scenario_that_is_called_like_its_base_is_refused(shop: Path, tmp_path: Path) -> None:
    text = DEARER.replace("Dear", read_scenario(shop).name)
    with pytest.raises(UnusableInput, match="the name of two scenarios"):
        run_scenarios([written(tmp_path, "same", text, shop)], QUICK)


def test_a_wrong_key_leaves_with_2_and_its_place(
    omnisource: Omnisource, shop: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, "odd", CLOSED + 'nodez = ["x"]\n', shop)
    said = omnisource("scenario", "run", file)
    assert (said.code, said.out) == (2, "")
    assert "odd.toml: changes.0.close.nodez: there is no such key: is it 'nodes'?" in said.err
    gone = written(tmp_path, "gone", CLOSED + 'nodes = ["x-berlin"]\n', shop)
    said = omnisource("scenario", "run", gone)
    assert said.code == 2
    assert "gone.toml: changes.0.close: there is no node 'x-berlin'" in said.err


def test_the_command_says_it_in_words_and_as_json(
    omnisource: Omnisource, shop: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, "dear", DEARER, shop)
    html = tmp_path / "dear.html"
    said = omnisource("scenario", "run", file, "--gap", 0.05, "--json", "--report", html)
    assert said.code == 0
    assert "Dear: costs " in html.read_text(encoding="utf-8")
    document = json.loads(said.out)
    (dear,) = document["scenarios"]
    assert dear["difference"]["words"][0].startswith("Dear: costs ")
    assert " ".join(dear["difference"]["words"][0].split()[:3]) in " ".join(said.err.split())
    assert dear["what"]["changes"] == [{"kind": "tariff", "factor": 2.0}]
