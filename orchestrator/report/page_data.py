"""The rows behind the page: one table for every chart, each row of one scenario.

Money is euros here, as the page shows it; everything else is as in `Outcome`.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

import polars as pl

from omnisource.orchestrator.lab.difference import Difference
from omnisource.orchestrator.lab.outcome import Outcome, Rows
from omnisource.orchestrator.lab.run import Lab

NODES: Final = 500
"""Nodes that a page holds, those that send most."""


def page_rows(lab: Lab) -> dict[str, Rows]:
    """Return the tables by name; the base's rows come first."""
    outcomes = [lab.base, *lab.variants]
    gap = {one.variant.name: one for one in lab.differences}
    kept = _nodes_kept(outcomes)
    return {
        "scenarios": [_scenario(one, gap.get(one.name)) for one in outcomes],
        "bill": [row for one in outcomes for row in _bill(one, lab.base)],
        "steps": [row for one in outcomes for row in _steps(one, gap.get(one.name))],
        "nodes": [row for one in outcomes for row in _nodes(one, lab.base, kept)],
        "flows": [row for one in outcomes for row in _flows(one)],
        "parcels": _named(outcomes, "parcels"),
        "arrivals": _named(outcomes, "arrivals"),
        "promises": _named(outcomes, "promises"),
        "prices": [row for one in outcomes for row in _prices(one)],
    }


def _scenario(one: Outcome, gap: Difference | None) -> dict[str, Any]:
    found = one.measures
    certified = gap.certified if gap else None
    return {
        "scenario": one.name,
        "cost": found.cost_cents / 100,
        "bound": None if found.bound_cents is None else found.bound_cents / 100,
        "more": gap.cents / 100 if gap else 0.0,
        "more_percent": round(100 * gap.relative, 2) if gap else 0.0,
        "an_order": found.cost_cents_per_order / 100,
        "orders": found.orders,
        "shipments": found.shipments,
        "days": one.days,
        "late_percent": round(100 * found.late_rate, 2),
        "split_percent": round(100 * found.split_rate, 2),
        "units_short": found.shortage_units,
        "nodes_full": len(one.full),
        "km": one.km,
        "kg_co2": one.kg_co2,
        "gap_percent": None if found.gap is None else round(100 * found.gap, 3),
        "least_more": None if certified is None else certified[0] / 100,
        "most_more": None if certified is None else certified[1] / 100,
        "solver": found.solver,
        "status": found.status,
        "run": found.run,
    }


def _bill(one: Outcome, base: Outcome) -> Iterator[dict[str, Any]]:
    before = base.measures.bill
    for term, cents in one.measures.bill.items():
        if cents or before.get(term):
            more = (cents - before.get(term, 0)) / 100
            yield {"scenario": one.name, "term": term, "cost": cents / 100, "more": more}


def _steps(one: Outcome, gap: Difference | None) -> Iterator[dict[str, Any]]:
    """Give the waterfall: from the base's cost to the scenario's, or from nothing to the base's.

    Two whole costs differ by little: their bars begin at a foot below both, not at 0.
    """
    whole = one.measures.cost_cents / 100
    start = gap.base.measures.cost_cents / 100 if gap else 0.0
    terms = gap.terms if gap else {t: c for t, c in one.measures.bill.items() if c}
    ends = [start, *(start + part / 100 for part in accumulate(terms.values()))]
    foot = max(0.0, min(ends) - 0.25 * (max(ends) - min(ends)))
    if gap is not None:
        yield _step(one, gap.base.name, (foot, start), start, way="all")
    for (term, cents), before, after in zip(terms.items(), ends, ends[1:], strict=False):
        way = "more" if cents > 0 else "less"
        yield _step(one, term, (before, after), cents / 100, way=way)
    yield _step(one, one.name, (foot, whole), whole, way="all")


def _step(
    one: Outcome, name: str, ends: tuple[float, float], amount: float, *, way: str
) -> dict[str, Any]:
    return {"scenario": one.name} | step_row(name, ends, amount, way=way)


def step_row(name: str, ends: tuple[float, float], amount: float, *, way: str) -> dict[str, Any]:
    """Return a bar of a waterfall, euros: `all` of a cost, or a term that adds `more` or `less`."""
    start, end = (round(each, 2) for each in ends)
    label = f"{amount:,.2f}" if way == "all" else f"{amount:+,.2f}"
    return {"step": name, "start": start, "end": end, "amount": round(amount, 2), "label": label,
            "way": way}  # fmt: skip


def _nodes_kept(outcomes: list[Outcome]) -> set[str]:
    most: dict[str, int] = {}
    for one in outcomes:
        for row in one.nodes:
            most[row["node"]] = max(most.get(row["node"], 0), row["shipments"])
    return set(sorted(most, key=lambda node: (-most[node], node))[:NODES])


def _nodes(one: Outcome, base: Outcome, kept: set[str]) -> Iterator[dict[str, Any]]:
    before = base.node_rows
    for row in one.nodes:
        if row["node"] not in kept:
            continue
        limit, sent = row["orders_per_day"], row["shipments"]
        was = before.get(row["node"], {"shipments": 0})
        yield {
            "scenario": one.name,
            "node": row["node"],
            "kind": row["kind"],
            "lat": round(row["lat"], 4),
            "lon": round(row["lon"], 4),
            "shipments": sent,
            "more": sent - was["shipments"],
            "units": row["units"],
            "cost": row["cents"] / 100,
            "limit": limit,
            "load_percent": round(100 * sent / limit, 1) if limit else None,
            "full": row["full"],
        }


def _flows(one: Outcome) -> Iterator[dict[str, Any]]:
    at = one.node_rows
    for row in one.flows:
        here = at[row["node"]]
        yield {
            "scenario": one.name, "node": row["node"], "kind": here["kind"],
            "region": row["region"], "shipments": row["shipments"],
            "lat": round(here["lat"], 4), "lon": round(here["lon"], 4),
            "lat2": row["lat"], "lon2": row["lon"],
        }  # fmt: skip


def _named(outcomes: list[Outcome], name: str) -> Rows:
    """Return a table of orders counted, with their share of the scenario's."""
    rows = []
    for one in outcomes:
        counted = getattr(one, name)
        whole = max(sum(row["orders"] for row in counted), 1)
        for row in counted:
            percent = round(100 * row["orders"] / whole, 2)
            rows.append({"scenario": one.name} | row | {"percent": percent})
    return rows


def _prices(one: Outcome) -> Iterator[dict[str, Any]]:
    for row in one.prices:
        of = (
            f"{row['node']}, {row['sku']}"
            if row["sku"]
            else f"{row['node']}, {NOUNS[row['resource']]}"
        )
        yield {
            "scenario": one.name, "resource": row["resource"], "of": of, "node": row["node"],
            "price": round(row["cents"] / 100, 2), "used": row["used"],
            "capacity": row["capacity"],
        }  # fmt: skip


NOUNS: Final = {"node_orders": "a shipment", "node_units": "a unit handled", "stock": "a unit"}


def frames(rows: dict[str, Rows]) -> dict[str, pl.DataFrame]:
    """Return the tables that hold rows as frames, to be written."""
    return {
        name: pl.DataFrame(table, infer_schema_length=None) for name, table in rows.items() if table
    }
