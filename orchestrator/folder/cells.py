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

from omnisource.orchestrator.folder.columns import Column, Kind

FLAGS: Final = {
    **dict.fromkeys(("true", "yes", "y", "t", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "off", "0"), False),
}
ISO: Final = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})$"
)
COMMON: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-](0[0-9]|1[0-4]):[0-5][0-9]$"
)
"""The form in which datetimes with an offset are mostly written."""
UTC_TIME: Final = pl.Datetime("us", "UTC")
SAMPLE: Final = 10_000
"""Rows by which a column of few different values is told."""
WHOLE: Final = r"^[+-]?[0-9]+\.0{1,2}$"


def trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the spaces off text columns; what is empty becomes null."""
    columns = [_trimmed(text) for text in frame.select(cs.string())]
    return frame.with_columns([text for text in columns if text is not None])


def _trimmed(text: pl.Series) -> pl.Series | None:
    """Return a text without spaces around it and without empty ones; None where it is so."""
    bare = text.str.strip_chars()
    size = bare.str.len_bytes()
    if (size > 0).all() and size.sum() == text.str.len_bytes().sum():
        return None
    return bare.set(size == 0, None)


def parse(column: Column, values: pl.Series) -> pl.Series:
    """Return a column of text or typed cells in the column's type; null where it is no value.

    Choices, and names that are known to be of another table, may stand as `pl.Enum` and stay so.
    """
    if values.dtype == pl.String:
        return _PARSERS[column.kind](values)
    if isinstance(values.dtype, pl.Enum):
        return values
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
    """Read times; where few different ones stand, as promised dates do, each of them once."""
    if len(values) <= SAMPLE or values.head(SAMPLE).n_unique() > SAMPLE // 10:
        return _times(values)
    known = values.unique().drop_nulls()
    at = values.cast(pl.Enum(known)).to_physical()
    return _times(known).gather(at).alias(values.name)


def _times(values: pl.Series) -> pl.Series:
    """Read the common forms fast, and what is left by its parts."""
    plain = _zulu(values)
    if plain.null_count() > values.null_count():
        plain = plain.zip_with(plain.is_not_null(), _with_offset(values))
    if plain.null_count() > values.null_count():
        plain = plain.zip_with(plain.is_not_null(), _any_time(values))
    return plain


def _zulu(values: pl.Series) -> pl.Series:
    if not values.head(SAMPLE).str.ends_with("Z").any():  # or all would be tried in vain
        return pl.repeat(None, len(values), dtype=UTC_TIME, eager=True).alias(values.name)
    plain = values.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_unit="us")
    return plain.dt.replace_time_zone("UTC")


def _with_offset(values: pl.Series) -> pl.Series:
    """Read local times, and add up what their few different offsets come to."""
    common = values.str.contains(COMMON).fill_null(False)
    local, offset = values.str.head(19), values.str.tail(6).set(~common, None)
    known = offset.unique().drop_nulls()
    hours, minutes = (known.str.slice(at, 2).cast(pl.Int64) for at in (1, 4))
    east = pl.select(pl.when(known.str.starts_with("-")).then(-1).otherwise(1)).to_series()
    ahead = (east * (hours * 60 + minutes) * 60_000_000).cast(pl.Duration("us"))
    time = local.set(~common, None).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us"
    )
    utc = time - ahead.gather(offset.cast(pl.Enum(known)).to_physical())
    return utc.dt.replace_time_zone("UTC").alias(values.name)


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
