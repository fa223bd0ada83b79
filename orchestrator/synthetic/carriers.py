"""Carrier services as a price list, as tables, and as a quick estimate of what a line costs.

The estimate serves to lay out stock and to measure how scarce it is. It prices one line sent
alone, in one parcel, at no regard to dates:

    (1)  cents = min over services freight(zone(km), max(grams, cm³ / divisor))
                 + CO2 + node's fee a shipment + units × (node's fee a unit + cell's unit cost)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnisource.orchestrator.synthetic.geography import Floats, Ints
from omnisource.solvers.compiled import compiled

BEYOND: Final = 1 << 40  # cents: it cannot be sent so


@dataclass(frozen=True)
class Band:
    """A distance zone of a service."""

    zone: str
    transit_days: int
    steps: tuple[tuple[int, int], ...]  # up to grams, cents a parcel
    up_to_km: float | None = None


@dataclass(frozen=True)
class Service:
    """A carrier product with its prices; `kinds` restricts it to nodes of those kinds."""

    name: str
    carrier: str
    kind: str
    bands: tuple[Band, ...]  # from near to far; the same weight steps in each
    kinds: tuple[str, ...] = ()
    dim_divisor: int = 5000  # cm³ a kg
    max_length_mm: int = 1200
    max_girth_mm: int | None = None
    grams_co2_per_kg_km: float = 0.15
    fee_cents: int = 0

    @property
    def max_grams(self) -> int:
        """The heaviest parcel: the last weight step."""
        return self.bands[0].steps[-1][0]


def service_table(services: Sequence[Service]) -> pl.DataFrame:
    """Return the `services` table."""
    return pl.DataFrame(
        {
            "service": [s.name for s in services],
            "carrier": [s.carrier for s in services],
            "kind": [s.kind for s in services],
            "dim_divisor": [s.dim_divisor for s in services],
            "max_grams": [s.max_grams for s in services],
            "max_length_mm": [s.max_length_mm for s in services],
            "max_girth_mm": pl.Series([s.max_girth_mm for s in services], dtype=pl.Int64),
            "grams_co2_per_kg_km": [s.grams_co2_per_kg_km for s in services],
            "fee_cents": [s.fee_cents for s in services],
        }
    )


def zone_table(services: Sequence[Service], country: str) -> pl.DataFrame:
    """Return the `zones` table: one rule a band."""
    bands = [(s, b) for s in services for b in s.bands]
    return pl.DataFrame(
        {
            "service": [s.name for s, _ in bands],
            "node": pl.Series([None] * len(bands), dtype=pl.String),
            "country": [country] * len(bands),
            "postcode_from": pl.Series([None] * len(bands), dtype=pl.String),
            "postcode_to": pl.Series([None] * len(bands), dtype=pl.String),
            "up_to_km": pl.Series([b.up_to_km for _, b in bands], dtype=pl.Float64),
            "zone": [b.zone for _, b in bands],
            "transit_days": [b.transit_days for _, b in bands],
        }
    )


def fences(services: Sequence[Service]) -> list[dict[str, object]]:
    """Return the fences that keep a service to the kinds of nodes that may use it."""
    kinds = ("warehouse", "store", "dropshipper")
    return [
        {
            "name": f"{s.name} starts at a {' or '.join(s.kinds)}",
            "services": [s.name],
            "node_kinds": [kind for kind in kinds if kind not in s.kinds],
        }
        for s in services
        if s.kinds
    ]


def tariff_table(services: Sequence[Service]) -> pl.DataFrame:
    """Return the `tariffs` table."""
    rows = [(s.name, b.zone, *step) for s in services for b in s.bands for step in b.steps]
    return pl.DataFrame(rows, schema=["service", "zone", "up_to_grams", "cents"], orient="row")


@dataclass(frozen=True, eq=False)
class Senders:
    """Nodes and their cells in columns: who could send which SKU."""

    nodes: pl.DataFrame
    km: NDArray[np.float32]  # (P, N) from each place of demand to each node
    cell_start: Ints  # (S+1,) first cell of each SKU
    cell_node: NDArray[np.int16]  # (R,)
    unit_cost: NDArray[np.int32]  # (R,) cents a unit


def cheapest_cells(
    senders: Senders,
    products: pl.DataFrame,
    *,
    place: Ints,
    sku: Ints,
    units: Ints,
    services: Sequence[Service],
    co2_cents_per_kg: float,
) -> Ints:
    """Return for each line (place, sku, units) the cell that (1) finds cheapest, −1 if none."""
    nodes = senders.nodes
    fees = nodes.select("cents_per_shipment", "cents_per_unit").to_numpy()
    kinds = nodes["kind"].to_numpy()
    allowed = np.array([np.isin(kinds, s.kinds or kinds) for s in services])
    grams = products["grams"].to_numpy()
    grams = products["grams"].to_numpy()
    co2 = np.array([1e-6 * co2_cents_per_kg * s.grams_co2_per_kg_km for s in services])
    return np.asarray(
        _cheapest(
            (place, sku, units), (senders.km, allowed, fees.astype(np.int64)),
            (senders.cell_start, senders.cell_node, senders.unit_cost),
            (_billable(products, services), grams, *_price_list(services), co2),
        )
    )  # fmt: skip


def _billable(products: pl.DataFrame, services: Sequence[Service]) -> Floats:
    """Return grams a unit that each service charges, (V, S); infinite where it is too large."""
    sides = products.select("length_mm", "width_mm", "height_mm").to_numpy().astype(np.float64)
    grams, girth = products["grams"].to_numpy(), sides[:, 0] + 2 * (sides[:, 1] + sides[:, 2])
    out = np.empty((len(services), len(grams)))
    for row, service in zip(out, services, strict=True):
        volume = sides.prod(axis=1) / service.dim_divisor if service.dim_divisor else 0.0
        fits = (sides[:, 0] <= service.max_length_mm) & (girth <= (service.max_girth_mm or np.inf))
        row[:] = np.where(fits, np.maximum(grams, volume), np.inf)
    return out


def _price_list(services: Sequence[Service]) -> tuple[Floats, Floats, Ints]:
    """Return the bands' ends (V, B) km, the steps (V, T) grams and the cents (V, B, T).

    The last band and the last step of each have no end and cannot be had.
    """
    bands = 1 + max(len(s.bands) for s in services)
    steps = 1 + max(len(s.bands[0].steps) for s in services)
    ends = np.full((len(services), bands), np.inf)
    grams = np.full((len(services), steps), np.inf)
    cents = np.full((len(services), bands, steps), BEYOND, dtype=np.int64)
    for v, service in enumerate(services):
        grams[v, : len(service.bands[0].steps)] = [g for g, _ in service.bands[0].steps]
        for b, band in enumerate(service.bands):
            ends[v, b] = band.up_to_km or np.inf
            cents[v, b, : len(band.steps)] = [c for _, c in band.steps]
    return ends, grams, cents


@compiled
def _cheapest(lines: Any, network: Any, cells: Any, goods: Any) -> Ints:
    """Price every line at every cell of its SKU, (1); arguments as `cheapest_cells` packs them."""
    (place, sku, units), (km, allowed, fees) = lines, network
    (cell_start, cell_node, unit_cost), (billable, grams, ends, step_grams, cents, co2) = (
        cells,
        goods,
    )
    best = np.full(len(sku), -1, np.int64)
    step = np.zeros(len(billable), np.int64)
    for i in range(len(sku)):
        for v in range(len(step)):
            step[v] = np.searchsorted(step_grams[v], billable[v, sku[i]] * units[i])
        least = float(BEYOND)
        for r in range(cell_start[sku[i]], cell_start[sku[i] + 1]):
            n = cell_node[r]
            distance, freight = km[place[i], n], float(BEYOND)
            for v in range(len(step)):
                band = np.searchsorted(ends[v], distance)
                if allowed[v, n]:
                    carbon = grams[sku[i]] * units[i] * distance * co2[v]
                    freight = min(freight, cents[v, band, step[v]] + carbon)
            total = freight + fees[n, 0] + units[i] * (fees[n, 1] + unit_cost[r])
            if freight < BEYOND and total < least:
                least, best[i] = total, r
    return best
