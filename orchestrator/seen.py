"""What a decision was made from, and what was decided, in one file: to be explained later.

A zip archive: `scenario.json`, the world's tables and the plan's as Parquet, in rows of each other
as in memory, and `facts.json`. Past deliveries are left out: nothing is explained from them.
"""

import json
from dataclasses import dataclass, fields
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.scenario import Scenario
from omnisource.models.world import Column, Table, World

OF_WORLD: Final = tuple(each.name for each in fields(World) if each.name != "scenario")
SENT: Final = ("order", "node", "service")
HELD: Final = ("shipment", "line", "units")


@dataclass(frozen=True, eq=False)
class Seen:
    """A world, and what was decided in it."""

    world: World
    shipments: Table  # order, node, service: rows of the world; parcel, where orders share some
    allocations: Table  # shipment, line, units
    prices: Table | None
    facts: dict[str, Any]


def pack(world: World, plan: Plan | None = None, facts: dict[str, Any] | None = None) -> bytes:
    """Return a world as it is, and a plan that was made for it."""
    tables = {name: getattr(world, name) for name in OF_WORLD}
    tables["deliveries"] = world.deliveries.take(np.zeros(0, np.int64))
    if plan is not None:
        sent = [name for name in (*SENT, "parcel") if name in plan.shipments]
        tables["plan_shipments"] = Table({name: plan.shipments[name] for name in sent})
        tables["plan_allocations"] = Table({name: plan.allocations[name] for name in HELD})
        if plan.prices is not None:
            tables["plan_prices"] = plan.prices
    parts: dict[str, bytes | str] = {
        "scenario.json": world.scenario.model_dump_json(),
        "facts.json": json.dumps(facts or {}),
    }
    parts |= {f"{name}.parquet": _written(table) for name, table in tables.items()}
    to = BytesIO()
    with ZipFile(to, "w", ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(ZipInfo(name), part)  # without a time: equal worlds, equal bytes
    return to.getvalue()


def unpack(packed: bytes) -> Seen:
    """Return what was packed.

    Raises:
        UnusableInput: this is something else, or a part of it is missing.
    """
    try:
        with ZipFile(BytesIO(packed)) as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
    except BadZipFile as error:
        raise UnusableInput(
            f"this is no record of what a decision was made from: {error}"
        ) from None
    tables = {
        name.removesuffix(".parquet"): _read(data)
        for name, data in held.items()
        if name.endswith(".parquet")
    }
    if missing := sorted({*OF_WORLD, "scenario.json", "facts.json"} - {*tables, *held}):
        raise UnusableInput(f"this record lacks {', '.join(missing)}: another version wrote it")
    scenario = Scenario.model_validate_json(held["scenario.json"])
    none = Table({name: np.zeros(0, np.int32) for name in (*SENT, *HELD)})
    return Seen(
        world=World(scenario=scenario, **{name: tables[name] for name in OF_WORLD}),
        shipments=tables.get("plan_shipments", none),
        allocations=tables.get("plan_allocations", none),
        prices=tables.get("plan_prices"),
        facts=json.loads(held["facts.json"]),
    )


def _written(table: Table) -> bytes:
    columns = {
        name: pl.Series(name, column.tolist(), dtype=pl.String)
        if column.dtype == object
        else pl.Series(name, column)
        for name, column in table.items()
    }
    to = BytesIO()
    pl.DataFrame(columns).write_parquet(to)
    return to.getvalue()


def _read(data: bytes) -> Table:
    frame = pl.read_parquet(BytesIO(data))
    return Table({name: _column(frame[name]) for name in frame.columns})


def _column(series: pl.Series) -> Column:
    if series.dtype == pl.String:
        return np.array(series.to_list(), object)
    return series.to_numpy()
