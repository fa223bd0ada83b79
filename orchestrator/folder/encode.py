"""Frames that are checked and linked become the columns of a `World` (models/world.py)."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from omnisource.models.scenario import Scenario
from omnisource.models.world import ABSENT, Later, Table, World
from omnisource.orchestrator.folder.cells import SAMPLE
from omnisource.orchestrator.folder.columns import TABLES, Column, Kind, columns_of

MICROSECONDS = 60_000_000
"""Microseconds in a minute."""


def encode(scenario: Scenario, frames: Mapping[str, pl.DataFrame]) -> World:
    """Return the world of frames that `link` has settled."""
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(encode_table, TABLES, (frames[table] for table in TABLES))
        tables = dict(zip(TABLES, done, strict=True))
    nodes = tables["nodes"]
    hub = columns_of("nodes")["kind"].choices.index("hub")
    tables["nodes"] = nodes.replace(ships=nodes["ships"] & (nodes["kind"] != hub))
    return World(scenario=scenario, **tables)


def encode_table(table: str, frame: pl.DataFrame) -> Table:
    """Return one table in the columns of a world; references are row numbers already."""
    columns = columns_of(table).values()
    return Table({column.name: _encode(column, frame[column.name]) for column in columns})


def _encode(column: Column, values: pl.Series) -> Any:
    if column.is_reference:
        return values.cast(pl.Int32).to_numpy().astype(np.int32, copy=False)
    one = _ENCODERS[column.kind](column, values.head(1)) if _is_unstated(column, values) else None
    if one is not None:
        return np.broadcast_to(one, len(values))  # once in memory, however many rows
    return _ENCODERS[column.kind](column, values)


def _is_unstated(column: Column, values: pl.Series) -> bool:
    """Tell whether a long column holds nothing, or nothing but its default."""
    if len(values) <= SAMPLE:
        return False
    if values.null_count() == len(values):
        return True
    return column.default is not None and bool((values == column.default).all())


def _text(_: Column, values: pl.Series) -> Any:
    """Give equal texts one object where there are few of them: a tenth of the time and room.

    Long columns of many texts, names mostly, become objects only when they are asked for.
    """
    values = values.fill_null("")
    if len(values) > SAMPLE and values.head(SAMPLE).n_unique() <= SAMPLE // 10:
        categories = values.unique()
        codes = values.cast(pl.Enum(categories)).to_physical()
        return categories.to_numpy().astype(object)[codes.to_numpy()]
    if len(values) > SAMPLE:
        return Later(len(values), partial(_objects, values))
    return _objects(values)


def _objects(values: pl.Series) -> Any:
    return values.to_numpy().astype(object, copy=False)


def _choice(column: Column, values: pl.Series) -> Any:
    if isinstance(values.dtype, pl.Enum):
        return values.to_physical().cast(pl.Int8).to_numpy()
    codes = {choice: code for code, choice in enumerate(column.choices)}
    return values.replace_strict(codes, return_dtype=pl.Int8).to_numpy()


def _integer(_: Column, values: pl.Series) -> Any:
    return values.fill_null(ABSENT).to_numpy()


def _real(_: Column, values: pl.Series) -> Any:
    return values.fill_null(float("nan")).to_numpy()


def _flag(_: Column, values: pl.Series) -> Any:
    return values.to_numpy().astype(np.bool_, copy=False)


def _time(_: Column, values: pl.Series) -> Any:
    return (values.dt.epoch("us") // MICROSECONDS).cast(pl.Int64).fill_null(ABSENT).to_numpy()


def _clock(_: Column, values: pl.Series) -> Any:
    part = values.str.split(":").list
    minutes = part.get(0).cast(pl.Int64) * 60 + part.get(1).cast(pl.Int64)
    return minutes.fill_null(ABSENT).to_numpy()


_ENCODERS: Mapping[Kind, Any] = {
    "text": _text, "choice": _choice, "integer": _integer, "real": _real, "flag": _flag,
    "time": _time, "clock": _clock,
}  # fmt: skip
