"""Generate a seeded, synthetic scenario folder: the same arguments give the same bytes.

The model, with its figures: places in geography.py, products in catalogue.py, orders and lines
in demand.py, stock and capacities in supply.py, the nodes and carriers of the synthetic country
in country.py. What a business may want to turn are the knobs below.

Everything is made up, and made to be hard in the ways that sourcing is: wanted products that are
scarce where they are cheap, baskets that no node holds whole, stores near the customer that can
pick few orders a day, weight steps that reward sending together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnisource.orchestrator.folder.columns import completed
from omnisource.orchestrator.folder.write import Format, write_folder
from omnisource.orchestrator.synthetic import carriers, catalogue, country, demand, supply
from omnisource.orchestrator.synthetic.geography import Floats, Places, distances, synthetic_places


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What can be turned: sizes, scarcity, money."""

    orders: int
    skus: int
    seed: int = 0
    days: int = 1  # over which the open orders were placed
    now: datetime = country.NOW
    lines_per_order: float = 2.2
    large: float = 0.0  # share of baskets with 9 … 40 lines
    mode_shares: tuple[float, float, float, float] = (0.88, 0.06, 0.04, 0.02)
    reach: int = 40  # nodes that have a SKU, on average
    contested: float = 0.10  # share of lines whose cheapest cell is too small
    scarcity: float = 2.0  # units available of a contested SKU, as a multiple of units ordered
    shortage_cents: int = 5_000
    late_cents: int | None = None  # None: late plans are forbidden
    co2_cents_per_kg: float = 25.0


@dataclass(frozen=True, eq=False)
class Setting:
    """Where it all happens: what a synthetic and a real country have in common."""

    places: Places
    nodes: pl.DataFrame  # the `nodes` table; capacities are filled in
    services: tuple[carriers.Service, ...]


@dataclass(frozen=True, eq=False)
class Generated:
    """The tables of a scenario folder, its policy, and what there is to know about them."""

    tables: Mapping[str, pl.DataFrame]
    policy: Mapping[str, object]
    facts: Mapping[str, float]


def generate(
    folder: Path | str,
    *,
    orders: int,
    nodes: int = 225,
    skus: int | None = None,
    days: int = 1,
    seed: int = 0,
    format: Format = "csv",
    name: str = "",
    summary: str = "",
    **knobs: object,
) -> Generated:
    """Write a synthetic scenario folder; see `Knobs` for the other arguments.

    Without `skus` there is one product a five orders, 100 … 200,000.

    Raises:
        ValueError: there are fewer than 3 nodes or 1 order.
    """
    if orders < 1 or nodes < 3:
        raise ValueError(f"{orders} orders, {nodes} nodes: need at least 1 order and 3 nodes")
    skus = skus or int(np.clip(orders // 5, 100, 200_000))
    turned = Knobs(orders=orders, skus=skus, days=days, seed=seed, **knobs)  # type: ignore[arg-type]
    rng = np.random.default_rng([seed, 1])
    places = synthetic_places(rng, int(np.clip(orders // 2, 200, 4_000)))
    setting = Setting(places, country.node_table(rng, places, nodes), country.SERVICES)
    generated = furnish(setting, turned)
    head = {
        "name": name or f"synthetic-{orders}",
        "summary": summary or f"{orders} orders, {nodes} nodes, {skus} products, all made up.",
        "seed": seed,
        "now": turned.now,
    }
    write_folder(Path(folder), generated.tables, head=head, policy=generated.policy, format=format)
    return generated


@dataclass(frozen=True, eq=False)
class Shelves:
    """What is sold, where it lies, and how far that is from the customers."""

    products: pl.DataFrame
    popularity: Floats  # (S,) share of the lines
    cells: supply.Cells
    km: NDArray[np.float32]  # (P, N) from each place to each node


def furnish(setting: Setting, knobs: Knobs) -> Generated:
    """Fill a setting with products, orders and the stock that they compete for."""
    streams = [np.random.default_rng([knobs.seed, part]) for part in range(2, 6)]
    kinds = setting.nodes["kind"].to_numpy().astype(object)
    shelves = _shelves(streams[0], setting, knobs)
    products, cells = shelves.products, shelves.cells
    drawn = _draw(streams[1], setting, knobs, shelves)
    wanted = _wanted(setting, knobs, shelves, drawn)
    available = supply.amounts(
        streams[2], cells, wanted, kinds, scarcity=knobs.scarcity, contested=knobs.contested
    )
    nodes = _limited(setting.nodes, supply.capacities(streams[2], cells, wanted, kinds))
    tables = {
        "nodes": nodes,
        "services": carriers.service_table(setting.services),
        "zones": carriers.zone_table(setting.services, setting.places.country),
        "tariffs": carriers.tariff_table(setting.services),
        "products": products,
        **supply.stock_tables(
            streams[3], cells, available, nodes, skus=products["sku"], now=knobs.now
        ),
        "orders": demand.order_table(
            streams[1],
            drawn,
            setting.places,
            nodes["node"].to_list(),
            awkward=awkward(products),
            now=knobs.now,
            days=knobs.days,
        ),
        "lines": demand.line_table(streams[1], drawn, products),
    }
    overflow = supply.overflow(wanted, available)
    facts = {"overflow": overflow, "cells": len(available), "lines": len(drawn.sku)}
    whole = {name: completed(name, table) for name, table in tables.items()}
    return Generated(whole, _policy(setting, knobs), facts)


def _shelves(rng: np.random.Generator, setting: Setting, knobs: Knobs) -> Shelves:
    """Draw the catalogue and which nodes have what."""
    products = catalogue.catalogue(rng, knobs.skus)
    popularity = catalogue.popularity(rng, knobs.skus)
    kinds = setting.nodes["kind"].to_numpy().astype(object)
    cells = supply.spread(rng, kinds, popularity, reach=knobs.reach)
    costs = supply.unit_costs(rng, cells, kinds, products["price_cents"].to_numpy())
    lat, lon = (setting.nodes[c].to_numpy() for c in ("lat", "lon"))
    km = distances(setting.places, lat, lon)
    return Shelves(products, popularity, replace(cells, unit_cost=costs), km)


def _draw(
    rng: np.random.Generator, setting: Setting, knobs: Knobs, shelves: Shelves
) -> demand.Baskets:
    """Draw the orders: who collects chooses from the nearest store's cells."""
    stores = np.flatnonzero(setting.nodes["kind"].to_numpy() == "store")
    cells = shelves.cells
    rank = np.argsort(cells.node, kind="stable")
    assortment = demand.Assortment(
        node_start=np.searchsorted(cells.node[rank], np.arange(setting.nodes.height + 1)),
        sku=cells.sku[rank],
        popularity=shelves.popularity,
    )
    return demand.baskets(
        rng,
        setting.places,
        stores[shelves.km[:, stores].argmin(axis=1)],
        assortment=assortment,
        orders=knobs.orders,
        lines_per_order=knobs.lines_per_order,
        large=knobs.large,
        mode_shares=knobs.mode_shares,
    )


def awkward(products: pl.DataFrame) -> NDArray[np.bool_]:
    """Tell which products are oversized or hazardous: nobody promises them for tomorrow."""
    odd = products.select((pl.col("length_mm") > 1_200) | pl.col("hazard").is_not_null())
    return odd.to_series().to_numpy()


def _wanted(
    setting: Setting, knobs: Knobs, shelves: Shelves, drawn: demand.Baskets
) -> supply.Wanted:
    """Find each line's cheapest cell; who collects comes to the store's own."""
    cells, nodes = shelves.cells, setting.nodes.height
    at_store = shelves.km.argmin(axis=0)[drawn.store]  # the place nearest to the store
    cheapest = carriers.cheapest_cells(
        carriers.Senders(setting.nodes, shelves.km, cells.start, cells.node, cells.unit_cost),
        shelves.products,
        place=np.where(drawn.mode == 2, at_store, drawn.place)[drawn.order],
        sku=drawn.sku,
        units=drawn.units,
        services=setting.services,
        co2_cents_per_kg=knobs.co2_cents_per_kg,
    )
    collected = np.isin(drawn.mode, (1, 3))[drawn.order]
    own = np.searchsorted(
        cells.sku * nodes + cells.node, drawn.sku * nodes + drawn.store[drawn.order]
    )
    cell = np.where(collected, own, cheapest)
    return supply.Wanted(cell, drawn.order, drawn.units, collected)


def _limited(nodes: pl.DataFrame, limit: NDArray[np.int64]) -> pl.DataFrame:
    """Return the nodes with their capacities; −1 is unlimited."""
    orders = pl.Series(limit).replace(-1, None)
    return nodes.with_columns(
        orders_per_day=orders, units_per_day=(orders * 2.5).ceil().cast(pl.Int64)
    )


def _policy(setting: Setting, knobs: Knobs) -> dict[str, object]:
    """Return the policy: warehouses first, and three sorts of fences."""
    warehouses = setting.nodes.filter(pl.col("kind") == "warehouse")["node"].to_list()
    express = [s.name for s in setting.services if s.kind == "express"]
    fences: list[dict[str, object]] = [
        {"name": "no lithium by express", "hazards": ["lithium"], "services": express},
        {"name": "the marketplace takes no dropshippers", "channels": ["marketplace"],
         "node_kinds": ["dropshipper"]},
        *carriers.fences(setting.services),
    ]  # fmt: skip
    return {
        "shortage_cents": knobs.shortage_cents,
        "late_cents": knobs.late_cents,
        "co2_cents_per_kg": knobs.co2_cents_per_kg,
        "priority": warehouses,
        "fences": fences,
    }
