"""Many rows in and out of a database at once: columns, not objects.

PostgreSQL takes rows as CSV by COPY, which polars writes compiled, and changes them by one UPDATE
over arrays; SQLite, in the same process, does both by `executemany`. Both give rows by a cursor,
in chunks that become columns. In CSV a null is an empty field, an empty text a quoted one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from typing import Any, Final

import numpy as np
import polars as pl
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from omnisource.solvers.problem import Ints

CHUNK: Final = 100_000
"""Rows that are text or Python objects at a time."""
Opened = Callable[[pl.DataFrame], pl.DataFrame]
FEW: Final = 10_000
"""Row numbers that stand in one statement."""


def insert_frame(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """Put the rows of a frame into a table; the frame's columns are the table's."""
    if frame.is_empty():
        return
    names = ", ".join(_quoted(connection, name) for name in frame.columns)
    into = f"{_quoted(connection, table.name)} ({names})"
    if _is_postgres(connection):
        with _driver(connection).cursor().copy(f"COPY {into} FROM STDIN (FORMAT csv)") as to:
            for part in frame.iter_slices(CHUNK):
                to.write(part.write_csv(include_header=False, quote_style="non_numeric"))
        return
    marks = ", ".join("?" * frame.width)
    _driver(connection).executemany(f"INSERT INTO {into} VALUES ({marks})", frame.iter_rows())


def select_frame(
    connection: Connection,
    query: Select[Any],
    schema: Mapping[str, pl.DataType],
    opened: Opened | None = None,
) -> pl.DataFrame:
    """Return what a query gives; `schema` names its columns and their types.

    `opened` makes of each chunk what is kept of it.
    """
    text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    cursor = _streaming(connection)
    cursor.execute(text.replace("%%", "%") if _is_postgres(connection) else text)
    chunks = chain([pl.DataFrame(schema=schema)], _chunks(cursor, schema))
    kept = chunks if opened is None else map(opened, chunks)
    return pl.concat(kept, how="vertical_relaxed")


def _streaming(connection: Connection) -> Any:
    """Return a cursor that does not hold all its rows at once."""
    raw = _driver(connection)
    return raw.cursor("rows", binary=True) if _is_postgres(connection) else raw.cursor()


def _chunks(cursor: Any, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    with closing(cursor):
        while rows := cursor.fetchmany(CHUNK):
            yield pl.DataFrame(rows, schema=dict(schema), orient="row")


def add_to_rows(
    connection: Connection,
    table: Table,
    rows: Ints,
    add: Mapping[str, Ints],
    *,
    where: Mapping[str, Ints],
) -> int:
    """Add to columns of those rows whose other columns are as expected.

    Args:
        connection: of a transaction.
        table: has the column `row`, by which rows are named.
        rows: which; each once.
        add: by column, what is added to it in each row.
        where: by column, what it must hold; other rows stay as they are.

    Returns:
        How many rows have changed.
    """
    if not len(rows):
        return 0
    data = {"row": rows} | {f"add_{n}": v for n, v in add.items()}
    data |= {f"was_{n}": v for n, v in where.items()}
    one_statement = _add_by_arrays if _is_postgres(connection) else _add_one_by_one
    return one_statement(connection, table, {name: v.tolist() for name, v in data.items()})


def _add_by_arrays(connection: Connection, table: Table, data: Mapping[str, list[int]]) -> int:
    arrays = [cast(values, ARRAY(Integer)) for values in data.values()]
    given = func.unnest(*arrays).table_valued(*data).render_derived()
    added = {n[4:]: table.c[n[4:]] + given.c[n] for n in data if n.startswith("add_")}
    kept = [table.c[n[4:]] == given.c[n] for n in data if n.startswith("was_")]
    changed = update(table).where(table.c.row == given.c.row, *kept).values(added)
    return connection.execute(changed).rowcount


def _add_one_by_one(connection: Connection, table: Table, data: Mapping[str, list[int]]) -> int:
    add = ", ".join(f'"{n[4:]}" = "{n[4:]}" + :{n}' for n in data if n.startswith("add_"))
    kept = "".join(f' AND "{n[4:]}" = :{n}' for n in data if n.startswith("was_"))
    text = f'UPDATE "{table.name}" SET {add} WHERE "row" = :row{kept}'
    each = (dict(zip(data, values, strict=True)) for values in zip(*data.values(), strict=True))
    changed: int = _driver(connection).executemany(text, each).rowcount
    return changed


def locked_rows(
    connection: Connection, table: Table, rows: Ints, schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Return those rows, by row number, locked one after the other until the transaction ends.

    Args:
        connection: of a transaction.
        table: has the column `row`, by which rows are named.
        rows: which; ascending.
        schema: the columns wanted, with their types.
    """
    columns = [table.c[name] for name in schema]
    query = select(*columns).order_by(table.c.row).with_for_update()  # SQLite has one writer
    return rows_among(connection, query, table.c.row, rows, schema=schema)


def rows_among(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[int],
    rows: Ints,
    *,
    schema: Mapping[str, pl.DataType],
) -> pl.DataFrame:
    """Return what a query gives where `key` is one of those numbers, some thousands at a time."""
    frames = [pl.DataFrame(schema=schema)]
    for part in np.array_split(rows, len(rows) // FEW + 1):
        found = connection.execute(query.where(_among(key, part))).all()
        frames.append(
            pl.DataFrame([tuple(row) for row in found], schema=dict(schema), orient="row")
        )
    return pl.concat(frames)


def _among(key: ColumnElement[int], rows: Ints) -> ColumnElement[bool]:
    """Return the condition, its numbers written out: parameters are limited in number."""
    numbers: BindParameter[list[int]] = bindparam(
        "numbers", rows.tolist(), expanding=True, literal_execute=True
    )
    return key.in_(numbers)


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Put in a row unless its key is there; wait for whoever is about to put it in.

    Returns:
        Whether it was put in.
    """
    upsert = postgresql.insert if _is_postgres(connection) else sqlite.insert
    statement: Any = upsert(table).values(dict(row)).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def change_rows(connection: Connection, table: Table, rows: Ints, **values: Any) -> int:
    """Set columns of those rows to values or expressions; return how many rows have changed."""
    return sum(
        connection.execute(update(table).where(_among(table.c.row, part)).values(values)).rowcount
        for part in np.array_split(rows, len(rows) // FEW + 1)
        if len(part)
    )


def _is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _driver(connection: Connection) -> Any:
    """Return the driver's own connection, in the same transaction."""
    return connection.connection.driver_connection


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
