"""Synthetic stock: which node has which SKU, how many units, at what extra cost.

Reach. A SKU has about `reach` nodes, uniform in 0.5 … 1.5 × reach by popularity (wanted ones are
in more places), drawn without replacement with weights: a warehouse 60, a store 1 × its size
(log-normal, σ = 0.5), a dropshipper 8 in the quarter of the catalogue that it carries.

Amount. The stock is laid out against the demand that it will meet: each line's *cheapest cell*
(carriers.py) would like to serve it. A cell of most SKUs has those units and some to spare
(1 + Poisson(1) in a store, + Poisson(8) in a warehouse, + Poisson(30) at a dropshipper). SKUs
drawn at random, wanted ones first, are *contested*: their units available are `scarcity` × units
ordered: half of what is asked of each cell lies there, the rest at random. As many are contested
as it takes for `contested` of all lines to find their cheapest cell too small. Customers who
collect or reserve saw the stock: their units are always there.

Cost. One SKU in five has a store cell that is to be marked down (−50 … −300 cents a unit); a
dropshipper adds 0.5 … 5 % of the price.

Capacity. A node sends 2 × the orders, at least 20, that its cheapest cells would; a tenth of the
stores and one warehouse only 0.6 ×. Units a day are 2.5 × the orders. Dropshippers: unlimited.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnisource.orchestrator.synthetic.geography import Floats, Ints

WEIGHT = {"warehouse": 60.0, "store": 1.0, "dropshipper": 8.0}
SPARE = {"warehouse": 8.0, "store": 1.0, "dropshipper": 30.0}
MARKDOWNS = 0.2  # cells a SKU
CHUNK = 1 << 22  # random numbers at a time


@dataclass(frozen=True, eq=False)
class Cells:
    """Stock cells, SKU by SKU."""

    start: Ints  # (S+1,) first cell of each SKU
    node: NDArray[np.int16]  # (R,) ascending within a SKU
    unit_cost: NDArray[np.int32]  # (R,) cents a unit

    @property
    def sku(self) -> Ints:
        """The SKU of each cell, (R,)."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the cells are asked for, if each line had its cheapest one."""

    cell: Ints  # (L,) cheapest cell of each line, −1 if none can send it
    order: Ints  # (L,)
    units: Ints  # (L,)
    collected: NDArray[np.bool_]  # (L,) the customer comes to this very cell


def spread(
    rng: np.random.Generator, kinds: NDArray[np.object_], wanted: Floats, *, reach: int
) -> Cells:
    """Draw which nodes have which SKU; `wanted` is the SKUs' popularity."""
    skus, nodes = len(wanted), len(kinds)
    rank = np.empty(skus)
    rank[np.argsort(wanted, kind="stable")] = np.linspace(0.5, 1.5, skus)
    count = np.clip(np.round(reach * rank), 1, nodes).astype(np.int64)
    size = np.array([WEIGHT[kind] for kind in kinds]) * rng.lognormal(0, 0.5, nodes)
    seller = np.flatnonzero(kinds == "dropshipper")
    rows = max(CHUNK // nodes, 1)
    blocks = []
    for first in range(0, skus, rows):
        score = rng.standard_exponential((min(rows, skus - first), nodes), dtype=np.float32)
        score /= size.astype(np.float32)  # the smallest are drawn: Efraimidis & Spirakis 2006
        carried = rng.random((len(score), len(seller))) < 0.25
        score[:, seller] = np.where(carried, score[:, seller], np.inf)
        blocks.append(_smallest(score, count[first : first + rows]))
    start = np.concatenate([[0], np.cumsum(np.concatenate([held for held, _ in blocks]))])
    node = np.concatenate([node for _, node in blocks])
    return Cells(start.astype(np.int64), node, np.zeros(len(node), dtype=np.int32))


def _smallest(score: NDArray[np.float32], count: Ints) -> tuple[Ints, NDArray[np.int16]]:
    """Return per row how many, and the columns of, its `count` smallest finite scores."""
    most = int(count.max())
    near = np.argpartition(score, min(most, score.shape[1] - 1), axis=1)[:, :most]
    value = np.take_along_axis(score, near, axis=1)
    rank = np.argsort(np.argsort(value, axis=1), axis=1)
    near = np.where((rank < count[:, None]) & np.isfinite(value), near, score.shape[1])
    near.sort(axis=1)
    taken = near < score.shape[1]
    return taken.sum(axis=1), near[taken].astype(np.int16)


def unit_costs(
    rng: np.random.Generator, cells: Cells, kinds: NDArray[np.object_], price: Ints
) -> NDArray[np.int32]:
    """Draw the extra cost of drawing a unit from each cell, cents."""
    kind = kinds[cells.node]
    rare = MARKDOWNS / np.maximum(np.diff(cells.start), 1)[cells.sku]
    markdown = (kind == "store") & (rng.random(len(kind)) < rare)
    off = rng.integers(50, 301, len(kind)) * markdown
    share = rng.uniform(0.005, 0.05, len(kind)) * (kind == "dropshipper")
    return np.asarray(np.round(share * price[cells.sku] - off), dtype=np.int32)


def amounts(
    rng: np.random.Generator,
    cells: Cells,
    wanted: Wanted,
    kinds: NDArray[np.object_],
    *,
    scarcity: float,
    contested: float,
) -> Ints:
    """Draw the units available in each cell."""
    served = wanted.cell >= 0
    cell, units = wanted.cell[served], wanted.units[served]
    asked = np.bincount(cell, units, len(cells.node)).astype(np.int64)
    reserved = np.bincount(cell, units * wanted.collected[served], len(asked)).astype(np.int64)
    spare = np.array([SPARE[kind] for kind in kinds])[cells.node]
    plenty = asked + 1 + rng.poisson(spare)
    tight = np.maximum(_divide(rng, cells, asked, scarcity), reserved)
    scarce = _contested(rng, cells, cell=cell, units=units, over=asked - tight, share=contested)
    return np.where(scarce[cells.sku], tight, plenty)


def _divide(rng: np.random.Generator, cells: Cells, asked: Ints, scarcity: float) -> Ints:
    """Lay half of what is asked of each cell there, the rest of scarcity × asked at random."""
    first, last = cells.start[:-1], cells.start[1:]
    total = _sums(asked, cells.start)
    luck = rng.standard_exponential(len(asked)) + 1e-9
    luck_sum, sku = _sums(luck, cells.start), cells.sku
    stock = np.round(scarcity * total)
    there = min(0.5, scarcity / 2) * asked
    rest = np.maximum(stock - _sums(there, cells.start), 0)
    exact = np.cumsum(
        there + rest[sku] * luck / np.maximum(luck_sum, 1e-9)[sku]
    )  # rounded so that each SKU's sum stays whole
    base = np.append(0.0, exact)[first]
    up_to = np.round(exact - base[sku], 6)
    shift = rng.random(len(total))[sku] * 0.999
    ends = np.floor(up_to + shift)
    full = np.flatnonzero(last > first)
    ends[last[full] - 1] = stock[full]
    before = np.append(0.0, ends[:-1])
    before[first[full]] = 0.0
    return np.asarray(np.maximum(ends - before, 0), dtype=np.int64)


def _contested(
    rng: np.random.Generator, cells: Cells, *, cell: Ints, units: Ints, over: Ints, share: float
) -> NDArray[np.bool_]:
    """Choose SKUs, wanted ones first, until that share of the lines is over the stock."""
    sku = cells.sku
    lines = np.bincount(sku[cell], minlength=len(cells.start) - 1)
    asked = np.bincount(sku[cell], units, len(lines))
    excess = _sums(np.maximum(over, 0), cells.start) * lines / np.maximum(asked, 1)  # lines
    turn = np.argsort(rng.standard_exponential(len(lines)) / np.maximum(lines, 1e-9) ** 0.5)
    enough = np.searchsorted(np.cumsum(excess[turn]), share * len(cell))
    chosen = np.zeros(len(lines), dtype=bool)
    chosen[turn[: enough + 1]] = True
    return chosen & (excess > 0) if share > 0 else np.zeros(len(lines), dtype=bool)


def _sums(values: NDArray[np.generic], start: Ints) -> Floats:
    """Sum values over consecutive ranges."""
    total = np.append(0, np.cumsum(values.astype(np.float64)))
    return np.asarray(total[start[1:]] - total[start[:-1]], dtype=np.float64)


def overflow(wanted: Wanted, available: Ints) -> float:
    """Return the share of lines that their cheapest cell cannot serve, first come first served.

    A line that no cell can send counts as served: distance is not what it lacks.
    """
    rank = np.argsort(wanted.cell, kind="stable")
    cell, units = wanted.cell[rank], wanted.units[rank]
    before = np.cumsum(units) - units
    first = np.searchsorted(cell, cell)
    fits = (before - before[first] + units <= available[cell]) | (cell < 0)
    return float(1 - fits.mean())


def capacities(
    rng: np.random.Generator, cells: Cells, wanted: Wanted, kinds: NDArray[np.object_]
) -> Ints:
    """Return orders a day of each node, (N,); −1 is unlimited."""
    served = wanted.cell >= 0
    nodes = len(kinds)
    visit = np.unique(wanted.order[served] * nodes + cells.node[wanted.cell[served]])
    orders = np.bincount(visit % nodes, minlength=nodes)
    limit = np.maximum(2 * orders, 20)
    tight = (kinds == "store") & (rng.random(nodes) < 0.1) & (orders >= 3)
    busiest = np.argmax(np.where(kinds == "warehouse", orders, -1))
    tight[busiest] = kinds[busiest] == "warehouse"
    limit[tight] = np.maximum(np.ceil(0.6 * orders[tight]), 2)
    return np.where(kinds == "dropshipper", -1, limit).astype(np.int64)


def stock_tables(
    rng: np.random.Generator,
    cells: Cells,
    available: Ints,
    nodes: pl.DataFrame,
    *,
    skus: pl.Series,
    now: datetime,
) -> dict[str, pl.DataFrame]:
    """Return `stock` and `receipts`.

    A tenth of the cells state their own safety (0 … 3), the others take their node's. One cell
    in fifty awaits 1 … 20 units at 06:00, one to five days after the clock.
    """
    own = rng.random(len(available)) < 0.1
    stated = np.where(own, rng.integers(0, 4, len(own)), -1)
    safety = np.where(own, stated, nodes["safety"].to_numpy()[cells.node])
    names = nodes["node"].gather(cells.node.astype(np.int64))
    sku = skus.gather(cells.sku)
    empty = pl.repeat(None, len(own), dtype=pl.String, eager=True)
    stock = pl.DataFrame(
        {
            "node": names,
            "sku": sku,
            "on_hand": available + safety,
            "safety": pl.Series(stated).replace(-1, None),
            "unit_cost_cents": cells.unit_cost,
            "counted_at": empty,
            "accuracy": empty.cast(pl.Float64),
        }
    )
    rows = np.flatnonzero(rng.random(len(own)) < 0.02)
    morning = now.replace(hour=6, minute=0, second=0, microsecond=0)
    due = [(morning + timedelta(days=d)).isoformat() for d in range(6)]
    receipts = pl.DataFrame(
        {
            "node": names.gather(rows),
            "sku": sku.gather(rows),
            "units": rng.integers(1, 21, len(rows)),
            "due": pl.Series(due).gather(rng.integers(1, 6, len(rows))),
        }
    )
    return {"stock": stock, "receipts": receipts}
