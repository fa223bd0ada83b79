"""Whole columns are held to what the row models say of one row.

Cells come as text (CSV) or typed (Parquet). Each column is parsed, its faults are found, and
the rows at fault become rejects; the others go on, in the types of `columns.DTYPES`, with
defaults filled in.
"""

from collections.abc import Iterator
from functools import singledispatch

import polars as pl

from omnisource.models.row import Differ, InOrder, Needs, Rule, Together
from omnisource.orchestrator.folder.cells import parse
from omnisource.orchestrator.folder.columns import ROW, TABLES, Column, columns_of
from omnisource.orchestrator.folder.rejects import reject, together

Fault = tuple[pl.Expr, str | pl.Expr]
"""Where a checked column is at fault, and what its rows are told."""


def check(table: str, raw: pl.DataFrame, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hold a table to its row model, each row for itself.

    Args:
        table: which table it is.
        raw: `ROW` and columns of that table, each text or typed; the columns' names are right.
        file: the file that rejects name.

    Returns:
        All rows in the checked types, of which those at fault are not sound; and the rejects.
    """
    columns = columns_of(table)
    parsed = [
        parse(column, raw[name]) if name in raw.columns else _absent(column, raw.height)
        for name, column in columns.items()
    ]
    bare = pl.DataFrame([raw[ROW].cast(pl.Int64), *parsed])
    looked_at = [c for name, c in columns.items() if c.required or name in raw.columns]
    faulty = [bad for column in looked_at for bad in _faulty(bare, raw, column, file)]
    frame = _with_defaults(table, bare)
    return frame, together([*faulty, *_breaking(table, frame, file)])


def _absent(column: Column, rows: int) -> pl.Series:
    return pl.repeat(None, rows, dtype=column.dtype, eager=True).alias(column.name)


def _with_defaults(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    defaults = [
        pl.col(column.name).fill_null(column.default)
        for column in columns_of(table).values()
        if column.default is not None and frame[column.name].null_count()
    ]
    return frame.with_columns(defaults)


def _faulty(
    frame: pl.DataFrame, raw: pl.DataFrame, column: Column, file: str
) -> Iterator[pl.DataFrame]:
    """Yield the rejects of one column."""
    name = column.name
    was = raw[name] if name in raw.columns else pl.Series(name, [None] * raw.height, pl.String)
    pair = pl.DataFrame([frame[ROW], frame[name].alias("is"), was.alias("was")])
    faults = list(_faults(column, named=isinstance(frame[name].dtype, pl.Enum)))
    found = pair.select([where.any().alias(str(at)) for at, (where, _) in enumerate(faults)])
    for (where, reason), bad in zip(faults, found.row(0), strict=True):
        if bad:
            yield reject(pair.filter(where), file=file, column=name, value="was", reason=reason)
    yield from _refused(pair, column, file)


def _faults(column: Column, *, named: bool) -> Iterator[Fault]:
    """Yield what can be wrong with a column; `named`: all that it holds are choices or names."""
    value, was = pl.col("is"), pl.col("was")
    yield value.is_null() & was.is_not_null(), _NOT[column.kind]
    if column.required:
        yield was.is_null(), "it is missing"
    if named:
        return
    if column.low is not None:
        yield value < column.low, f"it is below {column.low:g}"
    if column.high is not None:
        yield value > column.high, f"it is above {column.high:,g}"
    if column.longest is not None:
        yield value.str.len_chars() > column.longest, f"it is longer than {column.longest}"
    if column.pattern is not None:
        yield ~value.str.contains(column.pattern), f"it is not written as {_form(column)}"
    if column.choices:
        yield ~value.is_in(list(column.choices)), f"it is none of {', '.join(column.choices)}"


_NOT = {
    "integer": "not a whole number: write 1234, without thousands separators",
    "real": "not a number: write 1234.5, without thousands separators",
    "flag": "neither true nor false",
    "time": "not a time with its offset from UTC: write 2025-01-06T18:00:00Z or …+01:00",
    "text": "not text",
    "choice": "not text",
    "clock": "not text",
}


def _form(column: Column) -> str:
    forms = {
        "country": "two capital letters", "departs": "'Mon-Fri 18:00'", "weekdays": "'Mon-Sat'",
    }  # fmt: skip
    return "HH:MM" if column.kind == "clock" else forms.get(column.name, str(column.pattern))


def _refused(pair: pl.DataFrame, column: Column, file: str) -> Iterator[pl.DataFrame]:
    """Yield the rejects of the model's own checks, each value asked once."""
    for test in column.checks:
        for value in pair["is"].unique().drop_nulls().to_list():
            try:
                test(value)
            except ValueError as error:
                bad = pair.filter(pl.col("is") == value)
                yield reject(bad, file=file, column=column.name, value="was", reason=str(error))


def _breaking(table: str, frame: pl.DataFrame, file: str) -> Iterator[pl.DataFrame]:
    for rule in TABLES[table].RULES:
        bad = frame.filter(breaks(rule, frame.schema))
        column = rule.columns[0]
        yield reject(bad, file=file, column=column, reason=rule.reason)


def _present(column: str, schema: pl.Schema) -> pl.Expr:
    is_there = pl.col(column).is_not_null()
    return is_there & (pl.col(column) != "") if schema[column] == pl.String else is_there


@singledispatch
def breaks(rule: Rule, schema: pl.Schema) -> pl.Expr:
    """Return which rows of a checked frame break a rule."""
    raise NotImplementedError(f"no check for {rule}")


@breaks.register
def _(rule: Together, schema: pl.Schema) -> pl.Expr:
    there = [_present(column, schema) for column in rule.columns]
    return pl.any_horizontal(there) & ~pl.all_horizontal(there)


@breaks.register
def _(rule: Needs, schema: pl.Schema) -> pl.Expr:
    there = pl.any_horizontal([_present(column, schema) for column in rule.columns])
    return pl.col(rule.column).is_in(list(rule.values)) & ~there


@breaks.register
def _(rule: InOrder, schema: pl.Schema) -> pl.Expr:
    low, high = rule.columns
    both = _present(low, schema) & _present(high, schema)
    return both & (pl.col(low) > pl.col(high))


@breaks.register
def _(rule: Differ, schema: pl.Schema) -> pl.Expr:  # noqa: ARG001
    return pl.col(rule.columns[0]) == pl.col(rule.columns[1])
