"""Rows that cannot be used: where they stand, which value, why."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

import polars as pl

from omnisource.orchestrator.folder.columns import ROW

SCHEMA: Final[dict[str, pl.DataType]] = {
    "file": pl.String(), "row": pl.Int64(), "column": pl.String(), "value": pl.String(),
    "reason": pl.String(),
}  # fmt: skip
"""A reject: one row for each problem, so that a bad row may stand here more than once."""


def none() -> pl.DataFrame:
    """Return no rejects."""
    return pl.DataFrame(schema=SCHEMA)


def reject(
    rows: pl.DataFrame, *, file: str, column: str, reason: str | pl.Expr, value: str | None = None
) -> pl.DataFrame:
    """Return a reject for each of those rows.

    Args:
        rows: a frame with the column `ROW`.
        file: the file that they stand in.
        column: what the reject names as the column at fault.
        reason: why, one for all or an expression over the frame.
        value: the column of the frame that holds the value at fault; `column` by default.
    """
    source = value or column
    shown = pl.col(source).cast(pl.String) if source in rows.columns else pl.lit("")
    return rows.select(
        file=pl.lit(file, dtype=pl.String),
        row=pl.col(ROW).cast(pl.Int64),
        column=pl.lit(column, dtype=pl.String),
        value=shown.fill_null("").str.slice(0, 200),
        reason=pl.lit(reason, dtype=pl.String) if isinstance(reason, str) else reason,
    )


def together(rejects: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join rejects in the order given."""
    return pl.concat([none(), *rejects])


def without(frame: pl.DataFrame, rejects: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a frame that no reject names; the frame is of the rejects' file."""
    if rejects.is_empty():
        return frame
    return frame.filter(~pl.col(ROW).is_in(rejects["row"].implode()))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like another, whatever the case; None if none is.

    >>> nearest("On_Hnd", ["node", "on_hand"])
    'on_hand'
    """
    lower = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), lower, n=1)
    return lower[near[0]] if near else None
