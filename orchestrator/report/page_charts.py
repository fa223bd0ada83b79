"""The charts of the page, in Altair (Vega-Lite): specifications that name their data.

A chart's data is called `TABLE_SHOW`: rows of a table of the page, of `all` scenarios, of the one
`chosen`, of `base`, or of `both`. Who draws the chart puts the rows there. Text takes the colour of
the page around it, in the dark and in print; the palette is Okabe and Ito's, which all can tell
apart (Color Universal Design, 2008).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from omnisource.orchestrator.lab.outcome import Rows

BLUE, ORANGE, VERMILLION, GREEN, SKY, PURPLE = (
    "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#CC79A7",
)  # fmt: skip
KINDS: Final = {"warehouse": BLUE, "store": ORANGE, "dropshipper": PURPLE, "hub": GREEN}
WAYS: Final = {"all": SKY, "more": VERMILLION, "less": GREEN}
SHOWS: Final = ("all", "chosen", "base", "both")
EURO: Final = ",.0f"


@dataclass(frozen=True)
class Figure:
    """A chart with what stands above and below it."""

    key: str
    title: str
    about: str  # how to read it
    draw: Callable[[], Any]
    pair: bool = False  # stands beside another


def _data(table: str, show: str) -> Any:
    return alt.NamedData(f"{table}_{show}")


def _two() -> Any:
    """Colour by scenario, the base first, whatever their names."""
    return alt.Color(
        "scenario:N", sort=None, title=None, scale=alt.Scale(range=[SKY, VERMILLION]),
        legend=alt.Legend(orient="top", labelLimit=400),
    )  # fmt: skip


def cost() -> Any:
    """Cost by scenario, and the certificate: below the tick no plan can be."""
    base = alt.Chart(_data("scenarios", "all")).encode(y=alt.Y("scenario:N", sort=None, title=None))
    bar = base.mark_bar(color=SKY).encode(
        x=alt.X("cost:Q", title="€", axis=alt.Axis(format=EURO)),
        tooltip=["scenario:N", alt.Tooltip("cost:Q", format=",.2f"),
                 alt.Tooltip("bound:Q", format=",.2f"), "gap_percent:Q"],
    )  # fmt: skip
    tick = base.mark_tick(color=VERMILLION, thickness=3, size=18).encode(x="bound:Q")
    return (bar + tick).properties(height=alt.Step(26))


def service() -> Any:
    """Days to the last parcel by scenario."""
    return (
        alt.Chart(_data("scenarios", "all"))
        .mark_bar(color=GREEN)
        .encode(
            y=alt.Y("scenario:N", sort=None, title=None),
            x=alt.X("days:Q", title="days from the order's night to its last parcel, mean"),
            tooltip=["scenario:N", "days:Q", "late_percent:Q", "split_percent:Q", "units_short:Q"],
        )
        .properties(height=alt.Step(26))
    )


def sure() -> Any:
    """How much more each scenario costs, and between what the best plans of both lie."""
    base = alt.Chart(_data("scenarios", "all")).encode(
        y=alt.Y("scenario:N", sort=None, title=None),
        tooltip=["scenario:N", *(alt.Tooltip(f"{name}:Q", format="+,.2f")
                                 for name in ("more", "least_more", "most_more"))],
    )  # fmt: skip
    span = base.mark_rule(strokeWidth=4, color=SKY).encode(
        x=alt.X("least_more:Q", title="€ more than the base", axis=alt.Axis(format=EURO)),
        x2="most_more:Q",
    )
    point = base.mark_point(filled=True, size=70, color=VERMILLION).encode(x="more:Q")
    return (span + point).properties(height=alt.Step(26))


def waterfall(euro: str = EURO) -> Any:
    """The way from the base's cost to the scenario's, term by term; `euro` formats the axis."""
    whole = alt.Scale(zero=False, nice=False, padding=56)  # pixels, for the figures beside the bars
    base = alt.Chart(_data("steps", "chosen")).encode(
        y=alt.Y("step:N", sort=None, title=None),
        tooltip=["step:N", alt.Tooltip("amount:Q", format="+,.2f")],
    )
    bar = base.mark_bar().encode(
        x=alt.X("start:Q", title="€", axis=alt.Axis(format=euro), scale=whole),
        x2="end:Q",
        color=alt.Color("way:N", title=None, legend=None,
                        scale=alt.Scale(domain=list(WAYS), range=list(WAYS.values()))),
    )  # fmt: skip
    text = base.mark_text(align="left", dx=4).encode(x=alt.X("far:Q"), text="label:N")
    far = "max(datum.start, datum.end)"
    return (bar + text).transform_calculate(far=far).properties(height=alt.Step(26))


def _map(show: str) -> Any:
    """Nodes as points, flows as lines; no tiles, so nothing is loaded."""
    line = (
        alt.Chart(_data("flows", show))
        .mark_rule(opacity=0.35, color=BLUE)
        .encode(
            longitude="lon:Q", latitude="lat:Q", longitude2="lon2:Q", latitude2="lat2:Q",
            size=alt.Size("shipments:Q", scale=alt.Scale(range=[0.4, 5]), legend=None),
            tooltip=["node:N", "region:N", "shipments:Q"],
        )
    )  # fmt: skip
    point = (
        alt.Chart(_data("nodes", show))
        .mark_circle(opacity=0.85, stroke="white", strokeWidth=0.5)
        .encode(
            longitude="lon:Q", latitude="lat:Q",
            size=alt.Size("shipments:Q", legend=None, scale=alt.Scale(rangeMin=15, rangeMax=500)),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top"),
                            scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values()))),
            tooltip=["node:N", "shipments:Q", "more:Q", "limit:Q"],
        )
    )  # fmt: skip
    return (
        (line + point)
        .resolve_scale(size="independent")
        .project(type="mercator")
        .properties(height=380)
    )


def _counts(table: str, field: str, title: str) -> Any:
    """Shares of the orders, base and scenario beside each other."""
    return (
        alt.Chart(_data(table, "both"))
        .mark_bar()
        .encode(
            x=alt.X(f"{field}:O", title=title, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("scenario:N", sort=None),
            y=alt.Y("percent:Q", title="% of the orders"),
            color=_two(),
            tooltip=["scenario:N", f"{field}:O", "orders:Q", "percent:Q"],
        )
        .properties(height=220)
    )


def load() -> Any:
    """Shipments of each node in its day, with its limit."""
    base = alt.Chart(_data("nodes", "both")).encode(
        y=alt.Y("node:N", sort=None, title=None),
        yOffset=alt.YOffset("scenario:N", sort=None),
        tooltip=["scenario:N", "node:N", "shipments:Q", "limit:Q", "load_percent:Q"],
    )
    bar = base.mark_bar().encode(x=alt.X("shipments:Q", title="shipments a day"), color=_two())
    tick = base.mark_tick(color="currentColor", thickness=2).encode(x="limit:Q")
    return (bar + tick).properties(height=alt.Step(24))


def moved() -> Any:
    """Shipments that a node sends more, or fewer."""
    return (
        alt.Chart(_data("nodes", "chosen"))
        .mark_bar()
        .encode(
            y=alt.Y("node:N", sort=None, title=None),
            x=alt.X("more:Q", title="shipments more than in the base"),
            color=alt.condition("datum.more > 0", alt.value(VERMILLION), alt.value(BLUE)),
            tooltip=["node:N", "more:Q", "shipments:Q"],
        )
        .properties(height=alt.Step(16))
    )


def prices() -> Any:
    """The dearest things to have one more of."""
    return (
        alt.Chart(_data("prices", "chosen"))
        .mark_bar(color=PURPLE)
        .encode(
            y=alt.Y("of:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("price:Q", title="€ that one more would save"),
            tooltip=["of:N", "price:Q", "used:Q", "capacity:Q"],
        )
        .properties(height=alt.Step(16))
    )


FIGURES: Final = (
    Figure("cost", "Cost by scenario",
           "The bar is what the plan costs; left of the tick no plan can be.", cost),
    Figure("sure", "How sure that is",
           "The point is the difference of the plans, the bar where that of the best plans lies.",
           sure),
    Figure("service", "How long customers wait", "Until the last parcel of an order.", service),
    Figure("waterfall", "What the difference is made of",
           "From the base's cost to the scenario's, term by term; the axis need not begin at 0.",
           waterfall),
    Figure("before", "Nodes and flows before", "A line goes from a node to the middle of a region.",
           lambda: _map("base"), pair=True),
    Figure("after", "Nodes and flows after", "The larger a point, the more it sends.",
           lambda: _map("chosen"), pair=True),
    Figure("moved", "Who sends more, and who fewer", "Nodes whose part has changed most.", moved),
    Figure("load", "Load of each node's day",
           "The tick is the limit; without a tick there is none.", load),
    Figure("parcels", "Parcels an order", "An order of more than one is split; of none, short.",
           lambda: _counts("parcels", "parcels", "parcels"), pair=True),
    Figure("promises", "Promise against delivery",
           "Days that the last parcel comes before the promised date; below 0 it is late.",
           lambda: _counts("promises", "days", "days before the promised date"), pair=True),
    Figure("arrivals", "Arrivals by day", "Days from the night until the last parcel.",
           lambda: _counts("arrivals", "day", "day"), pair=True),
    Figure("prices", "Where one more would save most",
           "Shadow prices: a unit in stock, a shipment of a node, a unit that it handles.", prices,
           pair=True),
)  # fmt: skip
"""All charts of the page, in their order."""


def specification(figure: Figure, width: int | str = "container") -> dict[str, Any]:
    """Return a chart's Vega-Lite specification, without data."""
    fit = alt.AutoSizeParams(type="fit-x" if width == "container" else "pad", contains="padding")
    chart = figure.draw().properties(
        width=width, description=f"{figure.title}. {figure.about}", autosize=fit
    )
    text = {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12,
            "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 200}  # fmt: skip
    lines = {"gridColor": "currentColor", "gridOpacity": 0.15, "domainColor": "currentColor",
             "tickColor": "currentColor"}  # fmt: skip
    chart = chart.configure(
        background="transparent",
        font="system-ui, sans-serif",
        axis=text | lines,
        legend=text,
        text={"color": "currentColor"},
        view={"stroke": None},
    )
    spec = dict(chart.to_dict())
    del spec["$schema"]  # an address, though nobody would ask for it
    return _by_rows(spec)


def _by_rows(spec: dict[str, Any]) -> dict[str, Any]:
    """Leave the height of a chart that has a row a thing to who knows how many things there are."""
    height = spec.get("height")
    if not isinstance(height, dict):
        return spec
    drawn = spec["layer"][0] if "layer" in spec else spec
    row = {"step": height["step"], "field": drawn["encoding"]["y"]["field"]}
    rest = {key: value for key, value in spec.items() if key != "height"}
    return rest | {"usermeta": row}


def sized(spec: dict[str, Any], datasets: dict[str, Rows]) -> dict[str, Any]:
    """Return a specification with its data, as high as the things in it need."""
    whole = spec | {"datasets": datasets}
    if row := spec.get("usermeta"):
        things = {each[row["field"]] for rows in datasets.values() for each in rows}
        whole["height"] = max(1, len(things)) * row["step"]
    return whole
