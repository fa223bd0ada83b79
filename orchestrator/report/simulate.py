"""A simulation as a report for a terminal: in words first, then policies side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table as Grid

from omnisource.orchestrator.report.plans import grid, sentences
from omnisource.orchestrator.report.words import SPACE
from omnisource.orchestrator.simulate.estimate import Interval
from omnisource.orchestrator.simulate.figures import FIGURES, Figure
from omnisource.orchestrator.simulate.outcome import Simulated

GAP: Final = Figure("foresight", "above perfect foresight", (), (), "share")


def simulation_report(found: Simulated, files: Sequence[Path] = ()) -> RenderableType:
    """Return what policies come to, how they differ, and how sure that is."""
    kept = [f"{file} is written." for file in files]
    differences = [_differences(found)] if found.others else []
    return Group(sentences(*found.sentences()), _levels(found), *differences, sentences("", *kept))


def _levels(found: Simulated) -> Grid:
    table = grid("Side by side", "", *found.asked.policies)
    for figure in FIGURES:
        cells = [found.level(policy, figure) for policy in found.asked.policies]
        if any(each is not None and each.mean for each in cells):
            table.add_row(figure.title, *(cell(figure, each, "") for each in cells))
    gaps = [found.foresight(policy) for policy in found.asked.policies]
    if any(gaps):
        table.add_row("above perfect foresight", *(cell(GAP, each, "") for each in gaps))
    return table


def _differences(found: Simulated) -> Grid:
    table = grid(f"More than {found.first}, paired", "", *found.others)
    for figure in FIGURES:
        cells = [found.difference(policy, figure) for policy in found.others]
        if any(each is not None and (each.mean or each.half) for each in cells):
            table.add_row(figure.title, *(cell(figure, each, "+") for each in cells))
    return table


def cell(figure: Figure, found: Interval | None, sign: str) -> str:
    """Return a mean and its half width; differences that cannot be told from none are in ()."""
    if found is None:
        return ""
    text = interval_text(figure, found)
    if sign and found.mean > 0:
        text = sign + text
    return f"({text})" if sign and not found.tells else text


def interval_text(figure: Figure, found: Interval) -> str:
    """Return a mean and its half width."""
    text = shown(figure, found.mean)
    return text if found.half is None else f"{text} ±{SPACE}{shown(figure, found.half)}"


def shown(figure: Figure, value: float) -> str:
    """Return a value in the figure's unit.

    >>> cost, rate = FIGURES[0], Figure("x", "x", (), (), "share")
    >>> print(shown(cost, -412.4), shown(rate, 0.125).replace(SPACE, " "))
    −4.12 12.50 %
    """
    match figure.unit:
        case "cents":
            return _signed(value / 100)
        case "share":
            return f"{_signed(100 * value)}{SPACE}%"
        case "days" | "ratio":
            return _signed(value)
    return _signed(value, 1)


def _signed(value: float, digits: int = 2) -> str:
    """Return a figure with a minus where it is below 0 when rounded."""
    return ("−" if round(value, digits) < 0 else "") + f"{abs(value):,.{digits}f}"
