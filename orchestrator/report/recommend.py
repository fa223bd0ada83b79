"""Recommendations as a report for a terminal: what is certain first, then all side by side."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table as Grid

from omnisource.orchestrator.recommend.idea import Advice, Terms
from omnisource.orchestrator.recommend.verb import Recommendations
from omnisource.orchestrator.report.plans import grid, sentences
from omnisource.orchestrator.report.words import CURRENCY, SPACE, count, money


def recommend_report(found: Recommendations, files: Sequence[Path] = ()) -> RenderableType:
    """Return what to change, what that saves and how surely, and where the files lie."""
    return Group(
        sentences(_headline(found), *_remarks(found)),
        _side_by_side(found),
        sentences("", *_terms(found.terms), *_next(files)),
    )


def _headline(found: Recommendations) -> str:
    plan, sure = found.run.plan, found.certain
    about = f"{found.run.world.scenario.name}, {money(plan.cost_cents)}"
    if not found.advice:
        return f"{about}: its prices recommend nothing."
    best = "" if not sure else f"; the best saves {money(sure[0].saving or 0)}: {sure[0].idea.name}"
    return (
        f"{about}: {len(sure)} of {count(len(found.advice), 'recommendation')} surely save{best}."
    )


def _remarks(found: Recommendations) -> Iterator[str]:
    if found.advice:
        yield (
            "Each was run again by itself. A saving is certain if the best plan without the "
            "change, by its proof, costs more than the plan with it; orders that it does not "
            "touch stay as planned."
        )


def _side_by_side(found: Recommendations) -> Grid:
    columns = (f"saves {CURRENCY}", "at least", "at most", "by prices", "haul, day", "orders", "s")
    table = grid("Recommendations", "", "what", "", *columns, left=3)
    for number, each in enumerate(found.advice, 1):
        bold = "bold" if each.verdict == "saves" else ""
        table.add_row(str(number), each.idea.name, each.verdict, *_row(each), style=bold)
    return table


def _row(each: Advice) -> Iterator[str]:
    idea, trial = each.idea, each.trial
    yield _cents(each.saving)
    yield from map(_cents, each.certified or (None, None))
    yield _cents(round(idea.price_cents))
    yield _cents(idea.extra_cents) if idea.extra_cents else ""
    yield "" if trial is None else "all" if trial.whole else f"{trial.orders:,}"
    yield "" if trial is None else f"{trial.seconds:.1f}"


def _cents(cents: int | None) -> str:
    return "" if cents is None else f"{cents / 100:,.2f}".replace("-", "−")


def _terms(terms: Terms) -> Iterator[str]:
    haul = terms.haul
    yield (
        f"Assumed where no lane says otherwise: a haul costs {money(haul.kg_cents)} a kilogram and "
        f"{money(haul.departure_cents)} a departure of {haul.load_grams / 1000:,.0f}{SPACE}kg. A "
        f"store's day of sending parcels costs {money(terms.store_cents)}; wages of a picker or "
        "an hour are not counted."
    )


def _next(files: Sequence[Path]) -> Iterator[str]:
    if files:
        yield f"Written as scenarios: omnisource scenario run {files[0]} …"
    else:
        yield "No files were written: --out FOLDER keeps each as a scenario."
