"""Rows of a world by the names that tables of people go by; `write.name_rows` is the way back."""

import numpy as np
import polars as pl

from omnisource.models.world import Column, World
from omnisource.solvers.problem import Ints


def lines_named(world: World, order: Ints, names: pl.Series) -> Ints:
    """Return the rows of lines by their order's row and their name in it."""
    lines = world.lines
    known = pl.DataFrame({"order": lines["order"], "line": _texts(lines["line"])})
    wanted = pl.DataFrame({"order": order.astype(np.int32), "line": names})
    return _found(known, wanted)


def rows_named(known: Column, names: pl.Series) -> Ints:
    """Return the rows of names, −1 for none; raises KeyError for a name that is not there."""
    wanted = names.cast(pl.String).alias("name").to_frame()
    return _found(_texts(known).alias("name").to_frame(), wanted)


def _texts(column: Column) -> pl.Series:
    return pl.Series(column, dtype=pl.String)


def _found(known: pl.DataFrame, wanted: pl.DataFrame) -> Ints:
    """Return where the wanted keys stand, −1 for null; raises KeyError for one that is not there.

    The last column of a key is the one that may be null, or unknown.
    """
    keys, name = known.columns, known.columns[-1]
    rows = known.with_row_index("at")
    at = wanted.join(rows, on=keys, how="left", maintain_order="left")["at"]
    unknown = wanted[name].filter(at.is_null() & wanted[name].is_not_null())
    if len(unknown):
        raise KeyError(unknown[0])
    return at.cast(pl.Int64).fill_null(-1).to_numpy()
