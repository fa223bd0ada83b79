"""The columns of a `World` become frames with names, texts and times: `encode` undone."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from omnisource.models.world import ABSENT, World
from omnisource.models.world import Column as Values
from omnisource.orchestrator.folder.columns import TABLES, Column, Kind, columns_of

ISO: Final = "%Y-%m-%dT%H:%M:%SZ"


def decode_table(world: World, table: str) -> pl.DataFrame:
    """Return one table of a world as a scenario folder has it; times are ISO 8601 in UTC.

    What is absent is null.
    """
    held = getattr(world, table)
    return pl.DataFrame(
        [_decode(world, column, held[name]) for name, column in columns_of(table).items()]
    )


def _decode(world: World, column: Column, values: Values) -> pl.Series:
    if column.is_reference:
        names = getattr(world, str(column.refers))[TABLES[str(column.refers)].KEY[0]]
        known = pl.Series([*names, None], dtype=pl.String)
        return known.gather(np.where(values < 0, len(names), values)).alias(column.name)
    return _DECODERS[column.kind](column, values).alias(column.name)


def _text(_: Column, values: Values) -> pl.Series:
    text = pl.Series(values, dtype=pl.String)
    return text.set(text == "", None)


def _choice(column: Column, values: Values) -> pl.Series:
    return pl.Series(column.choices, dtype=pl.String).gather(values.astype(np.int64))


def _integer(_: Column, values: Values) -> pl.Series:
    whole = pl.Series(values)
    return whole.set(whole == ABSENT, None)


def _real(_: Column, values: Values) -> pl.Series:
    return pl.Series(values).fill_nan(None)


def _flag(_: Column, values: Values) -> pl.Series:
    return pl.Series(values)


def _time(column: Column, values: Values) -> pl.Series:
    return as_times(_integer(column, values)).dt.to_string(ISO)


def _clock(column: Column, values: Values) -> pl.Series:
    nanoseconds = _integer(column, values).cast(pl.Int64) * 60_000_000_000
    return nanoseconds.cast(pl.Time).dt.to_string("%H:%M")


def as_times(minutes: pl.Series) -> pl.Series:
    """Return minutes since 1970-01-01 UTC as times.

    >>> as_times(pl.Series([28_936_020])).to_list()
    [datetime.datetime(2025, 1, 6, 11, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC'))]
    """
    return (minutes.cast(pl.Int64) * 60_000_000).cast(pl.Datetime("us", "UTC"))


_DECODERS: Final[Mapping[Kind, Callable[[Column, Values], pl.Series]]] = {
    "text": _text, "choice": _choice, "integer": _integer, "real": _real, "flag": _flag,
    "time": _time, "clock": _clock,
}  # fmt: skip
