"""Writing a plan as a folder of tables that people and programs can read.

Names stand where the plan has row numbers, times are ISO 8601 in UTC. Every file is written
under another name and renamed when it is complete, so that a crash leaves no half of one.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from omnisource.models.plan import Plan
from omnisource.models.world import ABSENT, Table, World

NAMED = {
    "order": ("orders", "order"),
    "line": ("lines", "line"),
    "sku": ("products", "sku"),
    "node": ("nodes", "node"),
    "service": ("services", "service"),
}
"""Column of a plan: the table of the world that it refers to, and the name shown."""
TIMES = ("arrives",)
FORMATS = ("csv", "parquet")


def write_plan(world: World, plan: Plan, folder: str | Path, *, format: str = "csv") -> None:
    """Write shipments, allocations, shortages, prices and run.json into a folder.

    Args:
        world: what the plan was made for.
        plan: what was decided.
        folder: made if it is not there; files of these names are replaced.
        format: of the tables, "csv" or "parquet".

    Raises:
        ValueError: the format is neither.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}: there are {' and '.join(FORMATS)}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("shipments", "allocations", "shortages", "prices"):
        table = getattr(plan, name)
        if table is not None:
            _write(name_rows(world, table, numbered=name == "shipments"), folder / name, format)
    text = json.dumps(run_facts(world, plan), indent=2, default=_jsonable, ensure_ascii=False)
    with replacing(folder / "run.json") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _write(frame: pl.DataFrame, stem: Path, format: str) -> None:
    with replacing(stem.with_suffix(f".{format}")) as temporary:
        write_frame(frame, temporary, format)


def name_rows(world: World, table: Table, *, numbered: bool = False) -> pl.DataFrame:
    """Return a table of a plan with names and times for people; −1 and absent become null.

    Args:
        world: what the rows refer to.
        table: any table of a plan.
        numbered: put the row number first, as `shipment`.
    """
    columns = [_shown(world, name, column) for name, column in table.items()]
    frame = pl.DataFrame(columns)
    return frame.with_row_index("shipment") if numbered else frame


def _shown(world: World, name: str, column: Any) -> pl.Series:
    if name in NAMED and column.dtype.kind in "iu":
        table, key = NAMED[name]
        names = pl.Series(getattr(world, table)[key], dtype=pl.String)
        at = pl.Series(column.astype(np.int64))
        return names.gather(at.set(at < 0, None)).alias(name)
    if name in TIMES:
        return _times(name, column)
    if column.dtype == object:
        return pl.Series(name, column, dtype=pl.String)
    values = pl.Series(name, column)
    return values.replace(ABSENT, None) if column.dtype == np.int64 else values


def _times(name: str, minutes: Any) -> pl.Series:
    known = pl.Series(name, minutes.astype(np.int64)).replace(ABSENT, None)
    return (known * 60_000).cast(pl.Datetime("ms", "UTC"))


def run_facts(world: World, plan: Plan) -> dict[str, Any]:
    """Return what run.json says: the sums of a plan, its certificate and how it was made."""
    facts = {
        "scenario": world.scenario.name,
        "now": world.scenario.now.isoformat(),
        "solver": plan.solver,
        "status": plan.status,
        "orders": world.orders.rows,
        "lines": world.lines.rows,
        "shipments": plan.shipments.rows,
        "shortage_units": int(plan.shortages["units"].sum()) if plan.shortages.rows else 0,
        "cost_cents": plan.cost_cents,
        "bound_cents": plan.bound_cents,
        "gap": plan.gap,
        "bill": dict(plan.bill),
    }
    return {**facts, **dict(plan.facts)}


def _jsonable(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def write_frame(frame: pl.DataFrame, path: Path, format: str) -> None:
    """Write a frame as Parquet or CSV; times as ISO 8601 with a Z."""
    if format == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; when all went well the file takes the place of `path`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
