"""A plan in partitions: what is kept of it as documents, and how one is taken out again.

A partition holds what a number of orders, next to each other, are given: `orders` with the row
and the version that was read, their `shipments` and `allocations` with the rows of lines and
cells, and the `shortages` that they are left with. Names stand beside rows, so that writing a
partition needs nothing of the world that it was made for. Of orders that move from node to node
there are partitions of their own (batches.py).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from omnisource.models.plan import SHIPMENT_TERMS, Plan
from omnisource.models.world import Table
from omnisource.orchestrator.folder.decode import ISO
from omnisource.orchestrator.store.batches import parts
from omnisource.orchestrator.store.read import StoredWorld
from omnisource.orchestrator.write import name_rows
from omnisource.solvers.problem import Ints

Frames = Mapping[str, pl.DataFrame]
WHOLE: Final = pl.Int64()
TEXT: Final = pl.String()
BESIDES: Final[Mapping[str, pl.DataType]] = {
    "grams": WHOLE, "billable_grams": WHOLE, "arrives": TEXT, "days_late": WHOLE,
    **dict.fromkeys(SHIPMENT_TERMS, WHOLE), "parcel": WHOLE,
}  # fmt: skip
"""What is known of a shipment besides the columns that a database has for it."""
SCHEMAS: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "orders": {"row": WHOLE, "version": WHOLE, "order": TEXT, "whole": pl.Boolean()},
    "shipments": {"shipment": WHOLE, "order": TEXT, "node": TEXT, "service": TEXT,
                  "units": WHOLE, "cost_cents": WHOLE, **BESIDES},
    "allocations": {"shipment": WHOLE, "order": TEXT, "line": TEXT, "line_row": WHOLE,
                    "sku": TEXT, "node": TEXT, "cell": WHOLE, "units": WHOLE},
    "shortages": {"order": TEXT, "line": TEXT, "units": WHOLE},
}  # fmt: skip
"""The columns of a partition."""


@dataclass(frozen=True, eq=False)
class Partition:
    """What a number of orders are given."""

    orders: pl.DataFrame  # row, version, order, whole: no unit of it is short
    shipments: pl.DataFrame
    allocations: pl.DataFrame  # with the rows of lines and cells in the database
    shortages: pl.DataFrame
    moves: bool = False  # its orders hold units at other nodes

    def of_orders(self, names: pl.Series) -> "Partition":
        """Return the part of those orders; shortages of orders that are given nothing stay."""
        given = pl.col("order").is_in(names.implode())
        idle = ~pl.col("order").is_in(self.orders["order"].implode())
        return Partition(
            self.orders.filter(given),
            self.shipments.filter(given),
            self.allocations.filter(given),
            self.shortages.filter(given | idle),
        )


def partition_documents(world: StoredWorld, plan: Plan, size: int) -> tuple[int, Iterator[str]]:
    """Return how many partitions a plan has, and each as JSON; `size` orders of each kind."""
    of_order, moves = parts(world, plan, size)
    return int(of_order.max(initial=-1)) + 1, _documents(world, plan, of_order, moves)


def _documents(world: StoredWorld, plan: Plan, of_order: Ints, moves: int) -> Iterator[str]:
    pieces = {
        name: frame.partition_by("part", as_dict=True, include_key=False)
        for name, frame in _frames(world, plan, of_order).items()
    }
    for part in range(int(of_order.max(initial=-1)) + 1):
        held: dict[str, Any] = {
            name: found[(part,)].to_dict(as_series=False)
            for name, found in pieces.items()
            if (part,) in found
        }
        if part < moves:
            held["moves"] = True
        yield json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def read_partition(document: str) -> Partition:
    """Return a partition of its document."""
    held = json.loads(document)
    frames = {
        name: pl.DataFrame(held[name], schema_overrides=dict(schema))
        if name in held
        else pl.DataFrame(schema=dict(schema))
        for name, schema in SCHEMAS.items()
    }
    frames["shipments"] = _with_parcels(_with_terms(frames["shipments"]))  # kept before
    return Partition(**frames, moves=held.get("moves", False))


def _with_terms(shipments: pl.DataFrame) -> pl.DataFrame:
    lacking = [term for term in SHIPMENT_TERMS if term not in shipments.columns]
    return shipments.with_columns(pl.lit(0, WHOLE).alias(term) for term in lacking)


def _with_parcels(shipments: pl.DataFrame) -> pl.DataFrame:
    """Return shipments with a column that says which travel together; null: alone."""
    if "parcel" in shipments.columns:
        return shipments
    return shipments.with_columns(parcel=pl.lit(None, WHOLE))


def _frames(world: StoredWorld, plan: Plan, of_order: Ints) -> Frames:
    """Return the tables of a plan with names, rows in the database, and `part`, −1 for none."""
    shipments = name_rows(world, plan.shipments, numbered=True)
    tables = {
        "orders": _orders(world, plan),
        "shipments": _with_parcels(shipments).with_columns(pl.col("arrives").dt.to_string(ISO)),
        "allocations": _allocations(world, plan),
        "shortages": name_rows(world, plan.shortages).select("order", "line", "units"),
    }
    names = pl.Series("order", world.orders["order"], dtype=TEXT)
    known = pl.DataFrame([names, pl.Series("part", of_order)])
    return {
        name: frame.join(known, on="order", how="left", maintain_order="left")
        for name, frame in tables.items()
    }


def _orders(world: StoredWorld, plan: Plan) -> pl.DataFrame:
    """Return the orders that are given something."""
    served = np.unique(plan.shipments["order"])
    return pl.DataFrame(
        {
            "row": world.order_row[served],
            "version": world.order_version[served],
            "order": pl.Series(world.orders["order"][served], dtype=TEXT),
            "whole": ~np.isin(served, plan.shortages["order"]),
        }
    )


def _allocations(world: StoredWorld, plan: Plan) -> pl.DataFrame:
    """Return what shipments hold, one row for each line of a shipment."""
    found = plan.allocations
    rows = {"line_row": world.line_row[found["line"]], "cell": _cells(world, found)}
    named = name_rows(world, found).with_columns(**{n: pl.Series(v) for n, v in rows.items()})
    one = [name for name in named.columns if name != "units"]
    return named.group_by(one, maintain_order=True).agg(pl.col("units").sum())


def _cells(world: StoredWorld, drawn: Table) -> Ints:
    """Return the row in the database of the cell that each allocation draws from."""
    many = world.products.rows
    keys = world.stock["node"].astype(np.int64) * many + world.stock["sku"]
    order = np.argsort(keys)
    wanted = drawn["node"].astype(np.int64) * many + drawn["sku"]
    return world.cell_row[order[np.searchsorted(keys, wanted, sorter=order)]]
