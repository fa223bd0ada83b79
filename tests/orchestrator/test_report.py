"""What reports say in words."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

import omnisource as om
from omnisource.models.explanation import Explanation, LineVerdict, Verdict, WhyNot
from omnisource.models.told import ChangeQuote
from omnisource.models.tracking import TrackedLine, WorkItem, WorkList
from omnisource.orchestrator.measures import Measures, measures_of
from omnisource.orchestrator.report.life import told_report
from omnisource.orchestrator.report.order import explanation_report, grouped
from omnisource.orchestrator.report.plans import certificate, comparison_report, plan_report, served
from omnisource.orchestrator.report.track import work_report


def text(report: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(report)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(scope="module")
def world(shop: Path) -> om.World:
    return om.load(shop)


@pytest.fixture(scope="module")
def found(world: om.World) -> Measures:
    return measures_of(world, om.allocate(world, solver="nearest"))


def plain(said: str) -> str:
    return said.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (None, "By nearest, which does not know how good its plan is."),
        (99_000, "No plan costs less than 990.00 €: this one is at most 10.00 € (1.000 %) above "
                 "the best possible."),
        (100_000, "No plan is cheaper: this is proven to be the best possible one."),
    ],
)  # fmt: skip
def test_the_certificate_is_a_sentence(found: Measures, bound: int | None, said: str) -> None:
    gap = None if bound is None else (100_000 - bound) / 100_000
    shown = replace(found, cost_cents=100_000, bound_cents=bound, gap=gap)
    assert plain(certificate(shown)) == said


def test_shortage_is_named_with_its_cost(found: Measures) -> None:
    assert served(replace(found, shortage_units=0)) == "Every unit is served."
    short = replace(found, shortage_units=1, short_orders=1, bill={"shortage": 5_000})
    assert plain(served(short)) == (
        "1 unit of 1 order cannot be served: 50.00 € of the cost stand for them."
    )


def test_the_comparison_fits_an_ordinary_terminal(world: om.World, found: Measures) -> None:
    names = ["fewest-splits", "joint", "priority"]
    many = [
        replace(found, solver=name, cost_cents=10**7 * (i + 1), shipments=100_000)
        for i, name in enumerate(names)
    ]
    said = text(comparison_report(world, many))
    assert all(name in said for name in names)
    assert "200,000.00" in said
    assert "+100.0" in said
    assert "…" not in said


def test_a_report_without_any_cost_still_prints(world: om.World, found: Measures) -> None:
    nothing = replace(found, orders=0, cost_cents=0, bill=dict.fromkeys(found.bill, 0))
    assert "0.00" in text(plan_report("quiet", nothing))
    assert "Cheapest: nearest" in text(comparison_report(world, [nothing]))


def told(**more: object) -> Explanation:
    return Explanation.model_validate(
        {
            "order": "o1", "cost_cents": 0, "priced_cents": 0, "bill": {}, "shipments": [],
            "short": [], "verdicts": [], "alternatives": [], "prices": [],
        }
        | more
    )  # fmt: skip


def test_an_order_too_large_for_alternatives_is_told_so() -> None:
    said = " ".join(text(explanation_report(told(exact=False))).split())
    assert "too large for its alternatives to be worked out exactly" in said
    assert "Alternatives" not in said


def test_an_order_without_alternatives_is_told_so() -> None:
    said = text(explanation_report(told()))
    assert "o1: nothing is sent" in said
    assert "There is no other way to serve this order." in said


def test_nodes_that_cannot_are_grouped_by_reason_and_not_all_named() -> None:
    verdicts = [
        LineVerdict(line="1", sku="A", node=f"n{i}", verdict=Verdict.NO_STOCK) for i in range(8)
    ]
    verdicts.append(
        LineVerdict(line="1", sku="A", node="x", verdict=Verdict.FENCED, rules=("no lithium",))
    )
    assert list(grouped(verdicts)) == [
        "A: no stock: n0, n1, n2, n3, n4, n5 and 2 more; fenced (no lithium): x"
    ]


def test_why_not_gives_the_reason_where_there_is_no_such_plan() -> None:
    asked = WhyNot(node="x", alternative=None, verdicts=(), reason="x cannot: no route")
    assert "Why not x? x cannot: no route." in text(explanation_report(told(why_not=asked)))


def test_a_node_is_told_how_many_shipments_it_has_to_see_to() -> None:
    line = TrackedLine.model_construct(line="1", sku="tea", units=2)
    item = WorkItem.model_construct(
        order="o", shipment="s", next="pick", lines=(line,), leave_by=None, late=True
    )
    said = text(work_report(WorkList.model_construct(node="w", items=(item,))))
    assert "w has 1 shipment to see to, 1 late." in said


def test_a_change_of_an_order_says_what_there_is_to_pay_in_euros() -> None:
    quote = ChangeQuote.model_construct(
        order="o", quote="q", difference_cents=-1_250, promise_at=None, nodes=("w",)
    )
    assert "−12.50 € to pay." in plain(text(told_report(quote)))
