"""Loading: a scenario folder, or rows given from Python, become a world.

A row that cannot be used becomes a reject and the rest goes on; what makes a whole file
unusable is refused. For every table, rows read = rows used + rows rejected.
"""

import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Delivery, Line, Order
from omnisource.models.product import BundlePart, Product
from omnisource.models.row import Row
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Allotment, Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.folder.check import check
from omnisource.orchestrator.folder.columns import (
    REQUIRED,
    ROW,
    TABLES,
    TO_DELIVER,
    dtypes_of,
    empty,
)
from omnisource.orchestrator.folder.encode import encode
from omnisource.orchestrator.folder.files import Known, file_of, read_table, strangers
from omnisource.orchestrator.folder.head import read_scenario
from omnisource.orchestrator.folder.link import Checked, link
from omnisource.orchestrator.folder.link import warnings as link_warnings
from omnisource.orchestrator.folder.rejects import none, together, without
from omnisource.orchestrator.write import replacing, write_frame


@dataclass(frozen=True)
class Count:
    """What became of the rows of a table; read = used + rejected."""

    read: int
    used: int
    rejected: int


@dataclass(frozen=True, eq=False)
class Loaded:
    """A scenario folder, loaded."""

    world: World
    counts: Mapping[str, Count]  # by table, those that the folder has
    rejects: pl.DataFrame  # file, row, column, value, reason: one row a problem
    warnings: tuple[str, ...]

    @property
    def rejected(self) -> int:
        """How many rows could not be used, over all tables."""
        return sum(count.rejected for count in self.counts.values())

    def summary(self, *, show: int = 10) -> str:
        """Return what was loaded, for people: rows by table, warnings, the first rejects."""
        lines = [
            f"{table}: {count.read:,} rows read, {count.used:,} used, {count.rejected:,} rejected"
            for table, count in self.counts.items()
        ]
        lines += [f"warning: {text}" for text in self.warnings]
        lines += [describe(reject) for reject in self.rejects.head(show).to_dicts()]
        more = self.rejects.height - show
        return "\n".join([*lines, *([f"… and {more:,} more problems"] if more > 0 else [])])


def describe(reject: Mapping[str, Any]) -> str:
    """Return a reject as one sentence: file, row, column, value, reason."""
    column = f", {reject['column']}" if reject["column"] else ""
    return f"{reject['file']}, row {reject['row']}{column}: {reject['value']!r}: {reject['reason']}"


def load(folder: str | Path, *, strict: bool = False) -> Loaded:
    """Load a scenario folder: its head, and its tables as CSV or Parquet.

    Args:
        folder: where `scenario.toml` and the tables are.
        strict: refuse the folder if any row cannot be used.

    Raises:
        UnusableInput: a file is missing, unreadable or of the wrong columns, or, if strict, a
            row cannot be used. The message says what is wrong, where, and what to do.
    """
    folder = Path(folder)
    scenario = read_scenario(folder)
    tables, unsound, notes = _checked_files(folder)
    frames, unlinked = link({name: table.checked for name, table in tables.items()})
    rejects = together([*unsound, unlinked])
    _refuse_undeliverable(folder, frames)
    counts = {name: _count(t, frames[name]) for name, t in tables.items() if t.read is not None}
    said = (*strangers(folder), *notes, *link_warnings(frames))
    loaded = Loaded(encode(scenario, frames), counts, rejects, said)
    if strict and not rejects.is_empty():
        raise UnusableInput(f"{folder}: {_unusable(loaded)}")
    return loaded


def load_world(folder: str | Path, *, strict: bool = False) -> World:
    """Load a scenario folder and return its world; rows that cannot be used raise a warning.

    Raises:
        UnusableInput: as `load`.
    """
    loaded = load(folder, strict=strict)
    if loaded.rejected:
        warnings.warn(
            f"{folder}: {loaded.rejected} rows were rejected\n{loaded.summary()}", stacklevel=2
        )
    return loaded.world


def _unusable(loaded: Loaded) -> str:
    rows = "1 row" if loaded.rejected == 1 else f"{loaded.rejected:,} rows"
    return f"{rows} cannot be used\n{loaded.summary()}"


def write_rejects(loaded: Loaded, path: str | Path) -> None:
    """Write the rejects as CSV, or as Parquet where the path ends so; overwrites."""
    with replacing(Path(path)) as temporary:
        write_frame(loaded.rejects, temporary, Path(path).suffix.removeprefix("."))


NAMING: Final = ("nodes", "services", "products")
"""Tables whose names stand in large ones."""


@dataclass(frozen=True)
class _File:
    checked: Checked
    read: int | None  # rows; None where the folder has no such table


def _checked_files(
    folder: Path,
) -> tuple[dict[str, _File], list[pl.DataFrame], list[str]]:
    """Read and check every table: first those whose names stand in others, which are small.

    Then two at a time, the largest first: that is what reading leaves of the cores.
    """
    paths = {table: file_of(folder, table) for table in TABLES}
    for table in REQUIRED:
        if paths[table] is None:
            raise UnusableInput(
                f"{folder}: {table}.csv is missing, and is needed; a header alone will do"
            )
    done = {table: _checked_file(paths[table], table, {}) for table in NAMING}
    known = {table: _names(file.checked) for table, (file, _, _) in done.items()}
    rest = sorted(set(TABLES) - set(NAMING), key=lambda table: _size(paths[table]), reverse=True)
    with ThreadPoolExecutor(2) as pool:
        files = [paths[table] for table in rest]
        done |= zip(rest, pool.map(_checked_file, files, rest, repeat(known)), strict=True)
    tables = {table: done[table][0] for table in TABLES}
    rejects = [done[table][1] for table in TABLES]
    return tables, rejects, [note for table in TABLES for note in done[table][2]]


def _size(path: Path | None) -> int:
    return path.stat().st_size if path else 0


def _names(checked: Checked) -> pl.Series:
    """Return the names of a table's rows, each once."""
    return checked.frame[checked.frame.columns[1]].unique(maintain_order=True)


def _checked_file(
    path: Path | None, table: str, known: Known
) -> tuple[_File, pl.DataFrame, list[str]]:
    if path is None:
        return _File(Checked(empty(table), f"{table}.csv"), None), none(), []
    read, said = read_table(path, table, known)
    frame, bad = check(table, read.frame, path.name)
    if read.is_typed and not bad.is_empty():  # as text, to show what stands in the file
        read, said = read_table(path, table)
        frame, bad = check(table, read.frame, path.name)
    checked = Checked(without(frame, bad), path.name, frame[frame.columns[1]])
    return _File(checked, read.rows), together([read.rejects, bad]), said


def _count(file: _File, frame: pl.DataFrame) -> Count:
    read = file.read or 0
    return Count(read, frame.height, read - frame.height)


def _refuse_undeliverable(folder: Path, frames: Mapping[str, pl.DataFrame]) -> None:
    if not (frames["orders"]["mode"] == "delivery").any():
        return
    for table in TO_DELIVER:
        if file_of(folder, table) is None:
            raise UnusableInput(
                f"{folder}: {table}.csv is missing, and orders to be delivered need it"
            )


def world_of(
    scenario: Scenario | None = None,
    *,
    nodes: Iterable[Node] = (),
    services: Iterable[Service] = (),
    tariffs: Iterable[TariffStep] = (),
    zones: Iterable[ZoneRule] = (),
    lanes: Iterable[Lane] = (),
    products: Iterable[Product] = (),
    bundles: Iterable[BundlePart] = (),
    stock: Iterable[StockCell] = (),
    allotments: Iterable[Allotment] = (),
    receipts: Iterable[Receipt] = (),
    orders: Iterable[Order] = (),
    lines: Iterable[Line] = (),
    deliveries: Iterable[Delivery] = (),
) -> World:
    """Return the world of rows given as values.

    Raises:
        UnusableInput: a row names what is not there or repeats another, or an order has no line.
    """
    given: dict[str, Iterable[Row]] = {
        "nodes": nodes, "services": services, "tariffs": tariffs, "zones": zones, "lanes": lanes,
        "products": products, "bundles": bundles, "stock": stock, "allotments": allotments,
        "receipts": receipts, "orders": orders, "lines": lines, "deliveries": deliveries,
    }  # fmt: skip
    frames, rejects = link({table: _checked(table, given[table]) for table in TABLES})
    for bad in rejects.head(1).to_dicts():
        raise UnusableInput(describe(bad))
    return encode(scenario or Scenario(name="world"), frames)


def _checked(table: str, rows: Iterable[Row]) -> Checked:
    schema = dtypes_of(table)
    records = [[_plain(value) for value in dict(row).values()] for row in rows]
    frame = pl.DataFrame(records, schema=dict(schema), orient="row")
    numbers = pl.int_range(1, len(records) + 1, eager=True).alias(ROW)
    frame = frame.insert_column(0, numbers)
    return Checked(frame, table, frame[frame.columns[1]])


def _plain(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
