"""Where in a database the scarce things stand that a claim names: rows of `stock` and `quotas`.

A row's number never changes, so that it is remembered once it is known. A node without a limit a
day has no quota, nor has a channel without an allotment. The quota of a day is put in when it is
first asked for, in a transaction of its own: who waits for another to put one in then holds
nothing.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from omnisource.models.reservation import Claim
from omnisource.models.tables import DocumentRow, QuotaRow, StockRow, table_of
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Session, Statement

REMEMBERED: Final = 1_000_000
"""Stock cells that are remembered at a time."""
USED: Final = {"orders": "COUNT(*)", "units": "COALESCE(SUM(units), 0)"}
NEW_DAY: Final = {
    kind: Statement(
        "INSERT INTO quotas (kind, node, at, sku, channel, most, used) "
        f"SELECT '{kind}', CAST(:node AS TEXT), CAST(:at AS TEXT), '', '', "
        f"CAST(:most AS INTEGER), {used} "
        "FROM shipments WHERE node = :node AND day = :at ON CONFLICT DO NOTHING"
    )
    for kind, used in USED.items()
}
"""Puts in a day of a node, with what shipments take of it already."""
NEW_SLOT: Final = Statement(
    "INSERT INTO quotas (kind, node, at, sku, channel, most, used) "
    "VALUES ('slot', :node, :at, '', '', :most, 0) ON CONFLICT DO NOTHING"
)


class Key(NamedTuple):
    """What a quota is called by."""

    kind: str
    node: str
    at: str = ""
    sku: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Cell:
    """Units wanted of a stock cell."""

    row: int
    node: str
    sku: str
    units: int
    by: int  # minutes since 1970-01-01 UTC: receipts due by then count


@dataclass(frozen=True)
class Quota:
    """How much is wanted of something else that is scarce."""

    row: int
    key: Key
    units: int


@dataclass(frozen=True)
class Needs:
    """All that a claim needs, each by ascending row; or what there is not at all."""

    cells: tuple[Cell, ...] = ()
    quotas: tuple[Quota, ...] = ()
    kept: tuple[tuple[int, int], ...] = ()  # cell, quota: what other channels may sell of it
    missing: tuple[str, ...] = ()
    doubtful: bool = False  # a cell of it was short when it was last asked for


Limits = Mapping[tuple[str, str], int]


def limits_a_day(connection: Connection) -> Limits:
    """Return the limits a day of nodes that have one, by kind and node."""
    return {
        (kind, node["node"]): most
        for node in _nodes(connection)
        for kind in USED
        if (most := node.get(f"{kind}_per_day")) is not None
    }


def limits_a_slot(connection: Connection) -> Limits:
    """Return the orders that can be collected in a slot of nodes that have slots."""
    return {
        ("slot", node["node"]): most
        for node in _nodes(connection)
        if node.get("slot_minutes") and (most := node.get("orders_per_slot")) is not None
    }


def _nodes(connection: Connection) -> list[Any]:
    table = table_of(DocumentRow)
    query = select(table.c.document).where(table.c.kind == "nodes")
    return [json.loads(text) for text in connection.scalars(query)]


def _document(connection: Connection, kind: str, name: str, value: str) -> Any:
    """Return the row of that name of a table that is kept as documents; None: there is none."""
    table = table_of(DocumentRow)
    quoted = table.c.document.contains(json.dumps(value, ensure_ascii=False), autoescape=True)
    query = select(table.c.document).where(table.c.kind == kind, quoted)
    rows = map(json.loads, connection.scalars(query))
    return next((row for row in rows if row[name] == value), None)


def put_in_days(session: Session, days: Iterable[Key], limits: Limits) -> None:
    """Put in quotas of days that are not there, in an order that all keep to."""
    for key in sorted(days):
        most = limits[key.kind, key.node]
        session.change(NEW_DAY.get(key.kind, NEW_SLOT), node=key.node, at=key.at, most=most)


class Places:
    """Where things stand in a database, remembered."""

    def __init__(self, database: Database) -> None:
        """Take a database that holds a scenario."""
        self._database = database
        self._cells: dict[tuple[str, str], int] = {}
        self._quotas: dict[Key, int] = {}
        self._short: set[int] = set()

    @cached_property
    def _limits(self) -> Limits:
        with self._database.reading() as connection:
            return {**limits_a_day(connection), **limits_a_slot(connection)}

    @cached_property
    def _allotted(self) -> dict[Key, int]:
        table = table_of(QuotaRow)
        query = select(*(table.c[name] for name in ("row", *Key._fields)))
        with self._database.reading() as connection:
            found = connection.execute(query.where(table.c.kind == "allotment")).all()
        return {Key(*key): row for row, *key in found}

    @cached_property
    def _by_cell(self) -> dict[tuple[str, str], list[tuple[str, int]]]:
        """Return the allotments of cells: channel, row of the quota."""
        found: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for key, row in self._allotted.items():
            found.setdefault((key.node, key.sku), []).append((key.channel, row))
        return found

    def needs(self, claim: Claim, now: int, write: Callable[..., Any]) -> Needs:
        """Return what a claim needs, and where it stands.

        Args:
            claim: what is wanted.
            now: minutes since 1970-01-01 UTC.
            write: does work in a transaction of its own.
        """
        drawn = claim.draws()
        rows = {pair: self._cell(pair) for pair in drawn}
        missing = [f"{node} has no {sku}" for (node, sku), row in rows.items() if row is None]
        wanted = {
            Key(*key): units for *key, units in claim.loads() if self._is_limited(key[0], key[1])
        }
        self.make_days(wanted, write)
        wanted |= self._allotments(claim.channel, drawn)
        at = {key: self._quota(key) for key in wanted}
        missing += [f"{key.node} has no such slot" for key, row in at.items() if row is None]
        if missing:
            return Needs(missing=tuple(missing))
        ready = {pair: int(at.timestamp()) // 60 for pair, at in claim.ready().items()}
        cells = [
            Cell(row, *pair, drawn[pair], max(now, ready.get(pair, now)))
            for pair, row in rows.items()
            if row is not None
        ]
        quotas = [Quota(row, key, wanted[key]) for key, row in at.items() if row is not None]
        return Needs(
            tuple(sorted(cells, key=lambda cell: cell.row)),
            tuple(sorted(quotas, key=lambda quota: quota.row)),
            tuple(self._kept(claim.channel, cells)),
            doubtful=not self._short.isdisjoint(cell.row for cell in cells),
        )

    def note(self, needs: Needs, *, short: bool) -> None:
        """Remember whether cells were short: a hint, by which nothing but speed changes."""
        rows = {cell.row for cell in needs.cells}
        if short:
            self._short |= rows
        elif needs.doubtful:
            self._short -= rows

    def make_days(self, wanted: Iterable[Key], write: Callable[..., Any]) -> None:
        """Put in the days and slots of nodes that are not there yet."""
        days = sorted(
            key
            for key in wanted
            if (key.kind, key.node) in self._limits and self._quota(key) is None
        )
        if days:
            write(partial(put_in_days, days=days, limits=self._limits))

    def has_slot(self, node: str, at: str) -> bool:
        """Tell whether a node limits how many orders are collected in that slot."""
        return ("slot", node) in self._limits or self._quota(Key("slot", node, at)) is not None

    def open_days(self, loads: Iterable[tuple[str, str]], write: Callable[..., Any]) -> None:
        """Put in the days (node, day) of nodes that have a limit and are not there yet."""
        keys = (Key(kind, node, day) for node, day in loads for kind in USED)
        self.make_days((key for key in keys if self._is_limited(key.kind, key.node)), write)

    def safety_of_new(self, node: str, sku: str) -> int | None:
        """Return the units kept back of a cell that is new; None where it cannot be."""
        if self._cell((node, sku)) is not None:
            return 0
        with self._database.reading() as connection:
            there = _document(connection, "nodes", "node", node)
            product = _document(connection, "products", "sku", sku)
        if there is None or product is None or there["kind"] == "hub":
            return None
        return int(there.get("safety") or 0)

    def _is_limited(self, kind: str, node: str) -> bool:
        return kind == "slot" or (kind, node) in self._limits

    def _allotments(self, channel: str, drawn: dict[tuple[str, str], int]) -> dict[Key, int]:
        keys = {Key("allotment", *_of(pair), channel): units for pair, units in drawn.items()}
        return {key: units for key, units in keys.items() if key in self._allotted}

    def _kept(self, channel: str, cells: Iterable[Cell]) -> Iterator[tuple[int, int]]:
        """Yield what other channels are allotted of cells: cell, quota."""
        for cell in cells if self._allotted else ():
            for other, row in self._by_cell.get((cell.node, cell.sku), ()):
                if other != channel:
                    yield cell.row, row

    def _cell(self, pair: tuple[str, str]) -> int | None:
        row = self._cells.get(pair)
        if row is None:
            table = table_of(StockRow)
            query = select(table.c.row).filter_by(node=pair[0], sku=pair[1])
            with self._database.reading() as connection:
                row = connection.scalar(query)
            if len(self._cells) >= REMEMBERED:
                self._cells.clear()
            if row is not None:
                self._cells[pair] = row
        return row

    def _quota(self, key: Key) -> int | None:
        if key.kind == "allotment":
            return self._allotted[key]
        row = self._quotas.get(key)
        if row is None:
            with self._database.reading() as connection:
                query = select(table_of(QuotaRow).c.row).filter_by(**key._asdict())
                row = connection.scalar(query)
            if row is not None:
                self._quotas[key] = row
        return row


def _of(pair: tuple[str, str]) -> tuple[str, str, str]:
    """Return node, no time, and SKU: what an allotment's key has."""
    return pair[0], "", pair[1]
