"""What-if scenarios as a report for a terminal: in words first, then side by side."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table as Grid

from omnisource.orchestrator.lab.difference import Difference
from omnisource.orchestrator.lab.outcome import Outcome
from omnisource.orchestrator.lab.run import Lab
from omnisource.orchestrator.report.plans import certificate, grid, sentences
from omnisource.orchestrator.report.words import CURRENCY, count, money, more, share


def lab_report(lab: Lab, page: Path | None = None) -> RenderableType:
    """Return what sets each scenario apart from its base, and where the page lies."""
    parts = [sentences(*each.sentences()) for each in lab.differences]
    return Group(sentences(_base(lab)), *parts, _side_by_side(lab), _terms(lab), _next(lab, page))


def written_report(files: Sequence[Path]) -> RenderableType:
    """Say what was written."""
    return sentences(f"{count(len(files), 'file')} written.", *map(str, files))


def _base(lab: Lab) -> str:
    found = lab.base.measures
    what = count(len(lab.variants), "scenario")
    return (
        f"{what} against {lab.base.name}: {count(found.orders, 'order')}, "
        f"{money(found.cost_cents)}. {certificate(found)}"
    )


def _side_by_side(lab: Lab) -> Grid:
    columns = (f"cost {CURRENCY}", "more", "an order", "days", "late", "split", "short", "full",
               "km", "kg CO2", "gap")  # fmt: skip
    table = grid("Side by side", "scenario", *columns)
    table.add_row(*_row(lab.base, ""), style="bold")
    for one in lab.differences:
        sign = "+" if one.cents > 0 else ""
        table.add_row(*_row(one.variant, sign + share(one.relative) if one.cents else ""))
    return table


def _row(one: Outcome, extra: str) -> Iterator[str]:
    found = one.measures
    yield one.name
    yield f"{found.cost_cents / 100:,.2f}"
    yield extra
    yield f"{found.cost_cents_per_order / 100:,.2f}"
    yield "" if one.days is None else f"{one.days:.2f}"
    yield share(found.late_rate)
    yield share(found.split_rate)
    yield f"{found.shortage_units:,}"
    yield f"{len(one.full):,}"
    yield f"{one.km:,.0f}"
    yield f"{one.kg_co2:,.1f}"
    yield "" if found.gap is None else share(found.gap, 2)


def _terms(lab: Lab) -> Grid:
    """Show which term of the bill makes the difference."""
    names = list(dict.fromkeys(name for one in lab.differences for name in one.terms))
    table = grid("What the difference is made of", "scenario", *names, "all")
    for one in lab.differences:
        table.add_row(one.variant.name, *_steps(one, names), more(one.cents))
    return table


def _steps(one: Difference, names: list[str]) -> Iterator[str]:
    for name in names:
        yield more(one.terms[name]) if name in one.terms else ""


def _next(lab: Lab, page: Path | None) -> RenderableType:
    said = [] if page is None else [f"The report is {page}: open it in a browser."]
    if lab.out is None:
        said.append("No run was kept: --out FOLDER keeps them.")
    else:
        said += [f"The runs lie in {lab.out}. Why is an order served so?"]
        said += [f"omnisource explain ORDER --run {lab.out / 'base'}"]
    return sentences("", *said)
