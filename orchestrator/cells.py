"""Cells become values: text from CSV, typed columns from Parquet. What is no value is null.

- Spaces around a text do not count; an empty text is an absent value.
- A whole number may end in `.0` or `.00`, as spreadsheets write it where a column has gaps;
  `1.000` is refused, because half the world reads it as a thousand.
- true, false, yes, no, y, n, t, f, on, off, 1 and 0 are flags, in any case of letters.
- A time is ISO 8601 with an offset or Z, seconds optional, a space instead of T allowed.
"""

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl
import polars.selectors as cs

from omnisource.orchestrator.columns import Column, Kind

FLAGS: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "off", "0"), False),
}
ISO: Final = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})$"
)
WHOLE: Final = r"^[+-]?[0-9]+\.0{1,2}$"


def trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the spaces off text columns; what is empty becomes null."""
    text = cs.string().str.strip_chars()
    return frame.with_columns(pl.when(text.str.len_bytes() > 0).then(text))


def parse(column: Column, values: pl.Series) -> pl.Series:
    """Return a column of text or typed cells in the column's type; null where it is no value."""
    if values.dtype == pl.String:
        return _PARSERS[column.kind](values)
    return values.cast(column.dtype, strict=False)


def _text(values: pl.Series) -> pl.Series:
    return values


def _integer(values: pl.Series) -> pl.Series:
    whole = values.cast(pl.Int64, strict=False)
    if whole.null_count() == values.null_count():
        return whole
    decimal = values.filter(values.str.contains(WHOLE)).unique().to_list()
    values = values.replace({text: text.split(".")[0] for text in decimal})
    return values.cast(pl.Int64, strict=False)


def _real(values: pl.Series) -> pl.Series:
    real = values.cast(pl.Float64, strict=False)
    finite = real.is_finite()
    return real if finite.all() else real.set(~finite, None)


def _flag(values: pl.Series) -> pl.Series:
    lower = values.str.to_lowercase()
    return lower.replace_strict(FLAGS, default=None, return_dtype=pl.Boolean)


def _time(values: pl.Series) -> pl.Series:
    """Read the common form fast, and what is left by its parts."""
    plain = values.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_unit="us")
    plain = plain.dt.replace_time_zone("UTC")
    if plain.null_count() == values.null_count():
        return plain
    rest = plain.is_null() & values.is_not_null()
    return plain.zip_with(~rest, _any_time(values))


def _any_time(values: pl.Series) -> pl.Series:
    part = pl.col("text").str.extract
    offset = part(ISO, 4).str.replace("(?i)z", "+00:00").str.replace(":", "", literal=True)
    normal = pl.concat_str(
        part(ISO, 1), pl.lit("T"), part(ISO, 2), part(ISO, 3).fill_null(":00"), offset
    )
    time = normal.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_unit="us")
    return values.to_frame("text").select(time.alias(values.name)).to_series()


_PARSERS: Mapping[Kind, Callable[[pl.Series], pl.Series]] = {
    "text": _text, "choice": _text, "clock": _text, "integer": _integer, "real": _real,
    "flag": _flag, "time": _time,
}  # fmt: skip
