"""A simulation as one HTML page that loads nothing: words, charts, tables to copy.

It is the page of a lab (page.py) with other rows: a policy stands where a scenario does.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

from omnisource.orchestrator.report.page import (
    Content,
    assembled,
    figure_card,
    need_libraries,
    table_card,
)
from omnisource.orchestrator.report.page_simulate_data import simulated_rows
from omnisource.orchestrator.report.simulate import interval_text
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.runs import usable_folder
from omnisource.orchestrator.simulate.estimate import Interval
from omnisource.orchestrator.simulate.figures import COST, FIGURES
from omnisource.orchestrator.simulate.outcome import Simulated
from omnisource.orchestrator.write import replacing

TABLES: Final = (
    ("measures", "all", "Side by side", "Mean of the replications ± half the interval."),
    ("against", "all", "Paired differences", "In brackets: cannot be told from none."),
    ("levels", "all", "Levels in figures", "Money in €, shares in %, ends of the interval."),
    ("differences", "all", "Differences in figures", "The same units, more than the first policy."),
    ("days", "all", "Days", "Mean of the replications; cost in € a customer who came."),
)
BOUGHT: Final = next(figure for figure in FIGURES if figure.key == "bought")
KEPT: Final = next(figure for figure in FIGURES if figure.key == "kept")


def write_simulated_page(found: Simulated, file: Path) -> Path:
    """Write the page of a simulation; return the file.

    Raises:
        UnusableInput: nothing can be written there, or the extra `report` is not installed.
    """
    need_libraries()
    usable_folder(file.parent)
    with replacing(file) as temporary:
        temporary.write_text(simulated_page(found), encoding="utf-8")
    return file


def simulated_page(found: Simulated) -> str:
    """Return the page of a simulation as HTML."""
    from omnisource.orchestrator.report.page_charts import specification
    from omnisource.orchestrator.report.page_simulate_charts import CHARTS

    rows = simulated_rows(found)
    drawn = [chart for chart in CHARTS if rows[chart.rows]]
    return assembled(
        Content(
            title=f"{found.scenario}: {count(len(found.asked.policies), 'policy', 'policies')}",
            words=[*_words(found), *_choice(found)],
            cards=[
                *(figure_card(chart.figure) for chart in drawn),
                *(table_card(*each) for each in TABLES if rows[each[0]]),
            ],
            rows=rows,
            specs={chart.figure.key: specification(chart.figure) for chart in drawn},
        ),
        named="policy",
    )


def headline(found: Simulated) -> str:
    """Say which policy costs least, as far as it can be told."""
    known = [(p, found.level(p, COST)) for p in found.asked.policies]
    levels: list[tuple[str, Interval]] = [(p, level) for p, level in known if level is not None]
    best, level = min(levels, key=lambda each: each[1].mean)
    text = f"{best} costs the least: {interval_text(COST, level)} € a customer"
    if len(levels) == 1:
        return f"{best} costs {interval_text(COST, level)} € a customer."
    rival = min((p for p, _ in levels if p != best), key=lambda p: _mean(found, p))
    gap = found.between(best, rival)
    if gap is None:
        return f"{text}."
    size = interval_text(COST, gap)
    if not gap.tells:
        return f"{best} and {rival} cannot be told apart: {size} € between them, a customer."
    return f"{text}, {size} € from {rival}."


def _mean(found: Simulated, policy: str) -> float:
    level = found.level(policy, COST)
    return float("inf") if level is None else level.mean


def _words(found: Simulated) -> Iterator[str]:
    yield f"<h1>{escape(headline(found))}</h1>"
    items = "".join(f"<li>{escape(each)}</li>" for each in [*found.sentences(), *_served(found)])
    yield f'<ul class="headlines">{items}</ul>'


def _served(found: Simulated) -> Iterator[str]:
    """Say how many of those who came bought, and how many promises were kept."""
    for policy in found.asked.policies:
        bought, kept = found.level(policy, BOUGHT), found.level(policy, KEPT)
        if bought is not None and kept is not None:
            yield (
                f"{policy}: {interval_text(BOUGHT, bought)} of those who came bought; "
                f"{interval_text(KEPT, kept)} of promises were kept."
            )


def _choice(found: Simulated) -> Iterator[str]:
    policies = found.others or (found.first,)
    options = "".join(f"<option>{escape(each)}</option>" for each in policies)
    yield f'<div class="bar"><label>Policy <select id="scenario">{options}</select></label></div>'
