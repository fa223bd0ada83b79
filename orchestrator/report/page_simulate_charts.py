"""The charts of a simulation's page, in the manner of page_charts.py: policies, with intervals."""

from typing import Any, Final, NamedTuple

import altair as alt

from omnisource.orchestrator.report.page_charts import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Figure,
    waterfall,
)

PALETTE: Final = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE)
"""A colour a policy, in their order."""


class Chart(NamedTuple):
    """A chart, and the table without whose rows there is nothing to draw."""

    figure: Figure
    rows: str


def _means(table: str, title: str, *, color: str, nought: bool) -> Any:
    """A mean and its interval by policy; a line at 0 where that is what matters."""
    base = alt.Chart(alt.NamedData(f"{table}_all")).encode(
        y=alt.Y("policy:N", sort=None, title=None),
        tooltip=["policy:N", *(alt.Tooltip(f"{name}:Q", format=",.3f")
                               for name in ("mean", "low", "high"))],
    )  # fmt: skip
    scale = alt.Scale(zero=nought)
    span = base.mark_rule(strokeWidth=4, color=SKY).encode(
        x=alt.X("low:Q", title=title, scale=scale), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=70, color=color).encode(x=alt.X("mean:Q"))
    drawn = span + point
    if nought:
        line = alt.Chart(alt.NamedData(f"{table}_all")).mark_rule(color="currentColor")
        drawn += line.encode(x=alt.datum(0))
    return drawn.properties(height=alt.Step(30))


def terms() -> Any:
    """What an order costs by term, a bar a policy."""
    return (
        alt.Chart(alt.NamedData("terms_all"))
        .mark_bar()
        .encode(
            y=alt.Y("policy:N", sort=None, title=None),
            x=alt.X("mean:Q", title="€ a customer"),
            color=alt.Color("key:N", sort=None, title=None,
                            legend=alt.Legend(orient="top", columns=3)),
            tooltip=["policy:N", "key:N", alt.Tooltip("mean:Q", format=",.2f")],
        )
        .properties(height=alt.Step(30))
    )  # fmt: skip


def _by_day(field: str, title: str) -> Any:
    """A line a policy over the days; what is left out as warm-up is dashed."""
    return (
        alt.Chart(alt.NamedData("days_all"))
        .mark_line()
        .encode(
            x=alt.X("day:Q", title="day", axis=alt.Axis(format="d", tickMinStep=1)),
            y=alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=False)),
            color=alt.Color("policy:N", sort=None, title=None, scale=alt.Scale(range=PALETTE),
                            legend=alt.Legend(orient="top")),
            strokeDash=alt.StrokeDash("counted:N", legend=None,
                                      scale=alt.Scale(domain=["yes", "warm-up"],
                                                      range=[[1, 0], [4, 4]])),
            tooltip=["policy:N", "day:Q", "counted:N", f"{field}:Q"],
        )
        .properties(height=220)
    )  # fmt: skip


CHARTS: Final = (
    Chart(Figure("cost", "Cost by policy", "The point is the mean, the bar its interval.",
                 lambda: _means("policies", "€ a customer", color=VERMILLION, nought=False),
                 pair=True), "policies"),
    Chart(Figure("gaps", "More than the first policy",
                 "Paired: a bar across the line cannot be told from none.",
                 lambda: _means("gaps", "€ a customer more", color=VERMILLION, nought=True),
                 pair=True), "gaps"),
    Chart(Figure("waterfall", "What the difference is made of",
                 "€ a customer from the first policy's cost to the chosen one's; the axis need "
                 "not begin at 0.", lambda: waterfall(",.2f")), "steps"),
    Chart(Figure("terms", "Cost by term", "Of each policy, a customer who came.", terms), "terms"),
    Chart(Figure("kept", "Promises kept", "Of the orders that were promised a day.",
                 lambda: _means("kept", "% kept", color=GREEN, nought=False), pair=True), "kept"),
    Chart(Figure("bought", "Who bought", "Of all customers who came.",
                 lambda: _means("bought", "% bought", color=GREEN, nought=False), pair=True),
          "bought"),
    Chart(Figure("foresight", "Above perfect foresight",
                 "How far above the least that the same orders could have cost.",
                 lambda: _means("foresight", "% of the bound", color=PURPLE, nought=True)),
          "foresight"),
    Chart(Figure("days-cost", "Cost day by day", "Dashed: warm-up, which no figure counts.",
                 lambda: _by_day("cost", "€ a customer"), pair=True), "days"),
    Chart(Figure("days-sent", "Shipments day by day", "By the day on which they were ordered.",
                 lambda: _by_day("shipments", "shipments"), pair=True), "days"),
)  # fmt: skip
"""All charts of the page, in their order."""
