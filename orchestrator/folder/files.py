"""The files of a scenario folder: which file is which table, and what its header says."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.folder.cells import SAMPLE, trimmed
from omnisource.orchestrator.folder.columns import ROW, TABLES, Column, columns_of
from omnisource.orchestrator.folder.csv_files import Read, read_csv
from omnisource.orchestrator.folder.rejects import nearest, none

COMMA = r"^[+-]?[0-9]*,[0-9]+$"
EXACT = 2**53
"""Up to here a float64 holds every whole number."""
POINT = r"^[+-]?[0-9]*\.[0-9]+$"


def file_of(folder: Path, table: str) -> Path | None:
    """Return the file that holds a table, None where there is none.

    Raises:
        UnusableInput: the folder has the table twice.
    """
    found = [path for kind in ("csv", "parquet") if (path := folder / f"{table}.{kind}").exists()]
    if len(found) > 1:
        raise UnusableInput(f"{folder}: both {table}.csv and {table}.parquet: keep one of them")
    return found[0] if found else None


def strangers(folder: Path) -> Iterator[str]:
    """Say which files look like tables and are none."""
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.parquet")]):
        if path.stem not in TABLES:
            yield f"{path.name} is not read: it is no table{_hint(path.stem, TABLES)}"


Known = Mapping[str, pl.Series]
"""Names of rows, by the table that they are of: each once."""


def read_table(path: Path, table: str, known: Known | None = None) -> tuple[Read, list[str]]:
    """Read the file of a table, its cells not yet looked at.

    Args:
        path: the file.
        table: which table it is.
        known: names that other tables give to their rows. With them, columns may come in other
            types than text if nothing is lost by it: numbers as numbers, and columns that hold
            known names or choices only as the positions of those (`pl.Enum`).

    Returns:
        What was read, text without spaces around it, and what the user should know about it.

    Raises:
        UnusableInput: the file cannot be read, or its columns are not those of the table.
    """
    if path.suffix == ".csv":
        read = read_csv(path) if known is None else read_csv(path, _dtypes(table, known))
    else:
        read = _read_parquet(path, known or {})
    _refuse_wrong_columns(path.name, table, set(read.frame.columns) - {ROW})
    frame = read.frame if read.is_tidy else trimmed(read.frame)
    said: list[str] = []
    if read.separator == ";":
        frame, said = _with_points(frame, path.name, table)
    return replace(read, frame=frame), said


def _dtypes(table: str, known: Known) -> dict[str, pl.DataType]:
    """Return what the cells of a CSV file without faults can be read as, other than text."""
    types: dict[str, pl.DataType] = {
        column.name: column.dtype
        for column in columns_of(table).values()
        if column.kind in ("integer", "real")
    }
    return types | {name: pl.Enum(names) for name, names in _named(table, known).items()}


def _named(table: str, known: Known) -> dict[str, pl.Series]:
    """Return what columns may hold that are a choice or refer to a table with known names."""
    columns = columns_of(table).values()
    choices = {c.name: pl.Series(c.choices) for c in columns if c.choices}
    names = {c.name: known[str(c.refers)] for c in columns if c.is_reference and c.refers in known}
    return choices | names


def _refuse_wrong_columns(file: str, table: str, given: set[str]) -> None:
    columns = columns_of(table)
    for name in sorted(given - set(columns)):
        raise UnusableInput(f"{file}: no column {name!r} in {table}{_hint(name, columns)}")
    for column in columns.values():
        if column.required and column.name not in given:
            raise UnusableInput(f"{file}: column {column.name!r} is missing, and is needed")


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = nearest(name, names)
    return f": is it {near!r}?" if near else f"; there are {', '.join(names)}"


def _with_points(frame: pl.DataFrame, file: str, table: str) -> tuple[pl.DataFrame, list[str]]:
    """Turn the decimal commas of a file separated by semicolons into points."""
    changed = []
    for column in columns_of(table).values():
        numeric = column.kind in ("integer", "real") and column.name in frame.columns
        if numeric and _has_commas(frame[column.name], column, file):
            changed.append(column.name)
    if not changed:
        return frame, []
    points = (
        pl.when(pl.col(name).str.contains(COMMA))
        .then(pl.col(name).str.replace(",", ".", literal=True))
        .otherwise(name)
        .alias(name)
        for name in changed
    )
    return frame.with_columns(points), [f"{file}: decimal commas were read in {', '.join(changed)}"]


def _has_commas(values: pl.Series, column: Column, file: str) -> bool:
    comma, point = (bool(values.str.contains(form).any()) for form in (COMMA, POINT))
    if comma and point and column.kind == "real":
        raise UnusableInput(
            f"{file}, column {column.name}: decimal commas and decimal points are mixed: use one"
        )
    return comma


def _read_parquet(path: Path, known: Known) -> Read:
    """Read a Parquet file; its first row is row 1."""
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise UnusableInput(f"{path.name}: this is no Parquet file: {error}") from None
    columns = columns_of(path.stem)
    typed = [_typed(columns[c.name], c, path.name) if c.name in columns else c for c in frame]
    numbers = pl.int_range(1, frame.height + 1, eager=True).alias(ROW)
    frame = pl.DataFrame([numbers, *typed])
    return Read(_with_positions(frame, path.stem, known), none(), frame.height)


def _with_positions(frame: pl.DataFrame, table: str, known: Known) -> pl.DataFrame:
    """Turn columns of known names only into positions; in a small table it does not pay."""
    if frame.height <= SAMPLE:
        return frame
    named = {name: names for name, names in _named(table, known).items() if name in frame.columns}
    return frame.with_columns([_positions(frame[name], names) for name, names in named.items()])


def _positions(values: pl.Series, names: pl.Series) -> pl.Series:
    """Return text as positions of names; as it is where it holds another name.

    Where one name stands in many rows on end, as in tables sorted by it, it is looked up once.
    """
    kind = pl.Enum(names)
    sample = values.head(SAMPLE)
    if (sample != sample.shift()).sum() > SAMPLE // 2:
        found = values.cast(kind, strict=False)
    else:
        run = values.rle_id()
        heads = values.filter(run.ne_missing(run.shift()))
        found = heads.cast(kind, strict=False).gather(run)
    return found if found.null_count() == values.null_count() else values


def _typed(column: Column, values: pl.Series, file: str) -> pl.Series:
    """Return a Parquet column as text or in a type that casts to the column's."""
    kind, dtype = column.kind, values.dtype
    if dtype in (pl.Null, pl.String):
        return values.cast(pl.String)
    if dtype in (pl.Categorical, pl.Enum) and column.dtype == pl.String():
        return values.cast(pl.String)
    if kind == "clock" and dtype == pl.Time:
        return values.dt.to_string("%H:%M:%S")
    if kind == "flag" and (dtype == pl.Boolean or dtype.is_integer()):
        return values if dtype == pl.Boolean else values.cast(pl.String)
    if kind in ("integer", "real") and dtype.is_numeric():
        return _number(column, values)
    if kind == "time" and isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return values.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    raise UnusableInput(f"{file}, column {column.name}: it holds {dtype}{_remedy(column)}")


def _number(column: Column, values: pl.Series) -> pl.Series:
    """Take NaN for absent, as pandas writes it; part of a unit stays text, to be rejected."""
    if values.dtype.is_integer():
        return values
    real = values.cast(pl.Float64).fill_nan(None)
    if column.kind == "real":
        return real
    whole = (real == real.round()) & (real.abs() <= EXACT)
    return real.cast(pl.Int64) if whole.all() else real.cast(pl.String)


def _remedy(column: Column) -> str:
    remedies = {
        "time": ": write times with a time zone, UTC for instance",
        "text": ": write it as text, so that leading zeros stay",
        "flag": ": write true and false",
    }
    return remedies.get(column.kind, f": it should be {column.kind}")
