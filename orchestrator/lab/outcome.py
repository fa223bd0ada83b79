"""What a scenario comes to: the figures that differences and reports are made of.

An outcome holds nothing that differs from run to run, no seconds and no megabytes: the same seed
gives the same outcome, to the byte, in however many processes.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from omnisource.models.plan import Plan
from omnisource.models.scenario import WhatIf
from omnisource.models.world import ABSENT, NODE_KINDS, World
from omnisource.orchestrator.measures import Measures, destinations, kilometres, measures_of
from omnisource.orchestrator.write import name_rows
from omnisource.solvers.problem import Flags, Floats, Ints

DAY: Final = 24 * 60
VARYING: Final = ("seconds", "peak_mb", "notes", "verdicts", "passes")
"""Measures that say how a plan was found, not what it is."""
FLOWS: Final = 600
"""Flows that an outcome keeps, the largest."""
PRICES: Final = 40
"""Prices that an outcome keeps, the dearest."""
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """A scenario's plan in figures."""

    name: str
    what: WhatIf | None  # None: the base
    measures: Measures
    days: float | None  # from now to the last parcel of a served order, mean
    days_late: int  # Σ orders, days late of the last parcel
    km: float  # Σ shipments
    kg_co2: float
    nodes: Rows  # node, kind, lat, lon, shipments, units, cents, orders_per_day, units_per_day,
    #              units_on_hand, full
    services: Rows  # service, shipments
    parcels: Rows  # parcels, orders: how many come in so many
    arrivals: Rows  # day from now, orders
    promises: Rows  # days before the promised date, orders; negative: late
    flows: Rows  # node, region, lat, lon, shipments
    prices: Rows  # resource, node, sku, cents, used, capacity

    @property
    def node_rows(self) -> dict[str, dict[str, Any]]:
        """The nodes by name."""
        return {row["node"]: row for row in self.nodes}

    @property
    def full(self) -> list[str]:
        """The nodes that can do no more that day."""
        return [row["node"] for row in self.nodes if row["full"]]

    def document(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        found = self.measures.document()
        figures = {key: value for key, value in found.items() if key not in VARYING}
        own = {key: value for key, value in vars(self).items() if key not in ("what", "measures")}
        if self.what is not None:
            own["what"] = self.what.model_dump(mode="json", exclude_defaults=True)
        return {"name": self.name} | figures | own


def outcome_of(world: World, plan: Plan, what: WhatIf | None = None) -> Outcome:
    """Return what a plan of that world comes to."""
    km = kilometres(world, plan.shipments)
    last = _last_arrival(world, plan)
    days = (last - world.now) / DAY
    late = np.ceil((last - _promised(world)) / DAY - 1e-9)
    return Outcome(
        name=what.name if what else world.scenario.name,
        what=what,
        measures=measures_of(world, plan),
        days=None if np.isnan(days).all() else round(float(np.nanmean(days)), 3),
        days_late=int(np.nansum(np.maximum(late, 0))),
        km=round(float(np.nansum(km[_parcel_rows(plan)])), 1),
        kg_co2=round(_grams_co2(world, plan, km) / 1_000, 3),
        nodes=_nodes(world, plan),
        services=_services(world, plan),
        parcels=_parcels(world, plan),
        arrivals=_counted(np.floor(days), "day"),
        promises=_counted(-late, "days"),
        flows=_flows(world, plan),
        prices=_prices(world, plan),
    )


def _last_arrival(world: World, plan: Plan) -> Floats:
    """Return, (K,), the minute in which an order's last parcel comes; NaN where none does."""
    last = np.full(world.orders.rows, ABSENT)
    np.maximum.at(last, plan.shipments["order"], plan.shipments["arrives"])
    return np.where(last == ABSENT, np.nan, last)


def _parcel_rows(plan: Plan) -> Ints:
    """Return one row of each parcel: several orders may share one."""
    parcel = plan.shipments.get("parcel")
    if parcel is None:
        return np.arange(plan.shipments.rows)
    return np.unique(parcel, return_index=True)[1]


def _promised(world: World) -> Floats:
    promised = world.orders["promised_by"]
    return np.where(promised == ABSENT, np.nan, promised)


def _counted(values: Floats, name: str) -> Rows:
    """Count the orders of each whole figure; those without do not count."""
    known, orders = np.unique(values[~np.isnan(values)].astype(np.int64), return_counts=True)
    return [{name: int(v), "orders": int(n)} for v, n in zip(known, orders, strict=True)]


def _grams_co2(world: World, plan: Plan, km: Floats) -> float:
    """Return Σ shipments grams · km · g CO2 a kg and km / 1000; the counter emits nothing."""
    rate = np.append(world.services["grams_co2_per_kg_km"], 0.0)
    sent = plan.shipments
    return float(np.nansum(sent["grams"] * km * rate[sent["service"]]) / 1_000)


def _nodes(world: World, plan: Plan) -> Rows:
    nodes, sent = world.nodes, plan.shipments
    done = {
        "shipments": np.bincount(sent["node"][_parcel_rows(plan)], minlength=nodes.rows),
        "units": np.bincount(sent["node"], sent["units"], nodes.rows).astype(np.int64),
        "cents": np.bincount(sent["node"], sent["cost_cents"], nodes.rows).astype(np.int64),
        "units_on_hand": np.bincount(
            world.stock["node"], world.stock["on_hand"], nodes.rows
        ).astype(np.int64),
    }
    kinds = [NODE_KINDS[kind] for kind in nodes["kind"]]
    limits = {name: _known(nodes[name]) for name in ("orders_per_day", "units_per_day")}
    return pl.DataFrame(
        {
            "node": pl.Series(nodes["node"], dtype=pl.String),
            "kind": kinds,
            "lat": nodes["lat"],
            "lon": nodes["lon"],
            **done,
            **limits,
            "full": _full(world, plan, done["shipments"], done["units"]),
        }
    ).to_dicts()


def _known(limit: Ints) -> pl.Series:
    return pl.Series(limit).replace(ABSENT, None)


def _full(world: World, plan: Plan, shipments: Ints, units: Ints) -> Flags:
    """Tell which nodes can do no more: a limit is reached, or has a price."""
    nodes, prices = world.nodes, plan.prices
    full = np.asarray((shipments == nodes["orders_per_day"]) | (units == nodes["units_per_day"]))
    if prices is not None:
        full[prices["node"][prices["resource"] != "stock"]] = True
    return full & (shipments > 0)


def _services(world: World, plan: Plan) -> Rows:
    names = [*map(str, world.services["service"]), "over the counter"]
    service = plan.shipments["service"][_parcel_rows(plan)]
    sent = np.bincount(np.where(service < 0, len(names) - 1, service), minlength=len(names))
    return [{"service": n, "shipments": int(s)} for n, s in zip(names, sent, strict=True) if s]


def _parcels(world: World, plan: Plan) -> Rows:
    of_order = np.bincount(plan.shipments["order"], minlength=world.orders.rows)
    many = np.bincount(of_order)
    return [{"parcels": i, "orders": int(n)} for i, n in enumerate(many) if n]


def _flows(world: World, plan: Plan) -> Rows:
    """Return who sends how much into which region: a country and two characters of postcode."""
    lat, lon = destinations(world)
    sent = plan.shipments.take(_parcel_rows(plan))
    order, node = sent["order"], sent["node"]
    frame = pl.DataFrame(
        {
            "node": pl.Series(world.nodes["node"][node], dtype=pl.String),
            "region": pl.Series(_regions(world)[order], dtype=pl.String),
            "lat": lat[order],
            "lon": lon[order],
        }
    ).filter(pl.col("lat").is_not_nan())
    middle = frame.group_by("region").agg(pl.col("lat", "lon").mean().round(3))
    flows = frame.group_by("node", "region").len("shipments").join(middle, on="region")
    largest = flows.sort(["shipments", "node", "region"], descending=[True, False, False])
    return largest.head(FLOWS).to_dicts()


def _regions(world: World) -> Any:
    orders, nodes, pickup = world.orders, world.nodes, world.orders["pickup_node"]
    home = pickup < 0
    country = np.where(home, orders["country"], nodes["country"][pickup])
    postcode = np.where(home, orders["postcode"], nodes["postcode"][pickup])
    named = [f"{c} {p[:2]}" for c, p in zip(country, postcode, strict=True)]
    return np.array(named, object)


def _prices(world: World, plan: Plan) -> Rows:
    """Return the dearest prices, of nodes that do anything: elsewhere one more is of no use."""
    if plan.prices is None:
        return []
    works = (world.nodes["ships"] | world.nodes["pickup"])[plan.prices["node"]]
    frame = name_rows(world, plan.prices).filter(pl.Series(works))
    dearest = frame.sort(
        ["cents", "resource", "node", "sku"], descending=[True, False, False, False]
    )
    return dearest.head(PRICES).with_columns(pl.col("cents").round(2)).to_dicts()
