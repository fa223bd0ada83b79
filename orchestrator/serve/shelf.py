"""What promises are made of: the world as it was last read, prepared for carts, and kept fresh.

A promise holds nothing, so it may be a little out of date: who reserves it is told so, and is
promised anew. Three things keep it close to the truth, and no promise waits for the database:

    (1)  every `reread_seconds` the world is read and prepared anew, in a thread of its own
    (2)  every `refresh_seconds` cells that have changed since they were loaded, whoever did it, and
         those whose receipts have come due, are read again; new cells are put beside them
    (3)  so are, at once, cells of a claim that this worker has held or could not hold, unless they
         are seen as sold out already, and of one that it gave back

Units lie in one array that the promiser's kernels read. It is the one thing here that changes, by
the event loop alone, which is also the only one that promises.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from omnisource.models.http_orders import OrderLine, OrderView
from omnisource.models.promise import Cart, CartLine, Offer
from omnisource.models.world import ABSENT, Table, World
from omnisource.orchestrator.checkout.availability import availability
from omnisource.orchestrator.checkout.promise import Promiser, promiser
from omnisource.orchestrator.checkout.telling_json import offer_json
from omnisource.orchestrator.explain_stored import explain_stored
from omnisource.orchestrator.learn import learned
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.plan import last_prices
from omnisource.orchestrator.store.read import StoredWorld, read_world
from omnisource.orchestrator.store.session import Statement, session_of
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.quote.grown import grown

FREE: Final = Statement(
    "SELECT s.on_hand - s.reserved - s.safety + COALESCE((SELECT SUM(r.units) FROM receipts r "
    "WHERE r.cell = s.row AND r.due <= :minute), 0) FROM stock s "
    "WHERE s.node = :node AND s.sku = :sku"
)
CHANGED: Final = Statement(
    "SELECT s.node, s.sku, s.on_hand - s.reserved - s.safety + COALESCE((SELECT SUM(r.units) "
    "FROM receipts r WHERE r.cell = s.row AND r.due <= :minute), 0) FROM stock s "
    "WHERE s.version > 0 OR s.row IN (SELECT cell FROM receipts WHERE due <= :minute)"
)
ON_HAND: Final = Statement("SELECT row, on_hand - reserved FROM stock WHERE row IN (:rows)")
NEW: Final = Statement(
    "SELECT row, node, sku, on_hand - reserved, safety FROM stock WHERE row > :last ORDER BY row"
)
Pair = tuple[str, str]  # node, SKU


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A world that was read, prepared."""

    world: World
    promiser: Promiser
    read_at: float  # of the machine's own clock
    lead_times: LeadTimes | None = None


def read_snapshot(database: Database, now: datetime, lead_times: Path | None = None) -> Snapshot:
    """Read a world and the last night's prices, and prepare them for carts.

    `lead_times` is the file of those that were learned, if any.
    """
    began = monotonic()
    world = read_world(database, now).world
    times = learned(world, None, lead_times)
    made = promiser(world, last_prices(database), lead_times=times)
    units = made.desk.data.cell_units.copy()  # ours to change
    desk = replace(made.desk, data=made.desk.data._replace(cell_units=units))
    return Snapshot(world, replace(made, desk=desk), began, times)


def warm_up(snapshot: Snapshot, now: datetime) -> None:
    """Ask once what will be asked often, so that nobody waits for kernels to be compiled.

    That takes a minute or two after an installation; they are kept on disk from then on.
    """
    nodes, skus = snapshot.world.nodes, snapshot.world.products["sku"]
    if not nodes.rows or not len(skus):
        return
    where = {"country": nodes["country"][0] or "DE", "postcode": nodes["postcode"][0] or "0"}
    place = float(nodes["lat"][0]), float(nodes["lon"][0])
    lines = tuple(CartLine(sku=sku) for sku in skus[:2])
    cart = Cart(lines=lines, store=nodes["node"][0], lat=place[0], lon=place[1], **where)
    snapshot.promiser.promise(cart, now).document()
    offer_json(snapshot.promiser, cart, now)
    placed = {"placed_at": now.isoformat(), "lat": place[0], "lon": place[1], **where}
    line = OrderLine(line="1", sku=skus[0], units=1, allocated=0)
    order = OrderView(order="none", state="open", placed=placed, lines=(line,), shipments=())
    explain_stored(snapshot.world, order, None)
    availability(snapshot.world, skus[0], near=place, now=now)


def free_units(database: Database, pairs: Iterable[Pair], now: datetime) -> dict[Pair, int]:
    """Return what is free now of stock cells."""
    minute = int(now.timestamp()) // 60
    with database.reading() as connection:
        session = session_of(connection)
        found = {
            (node, sku): session.rows(FREE, node=node, sku=sku, minute=minute)
            for node, sku in pairs
        }
    return {pair: int(rows[0][0]) for pair, rows in found.items() if rows}


def changed_units(database: Database, now: datetime) -> dict[Pair, int]:
    """Return what is free now of stock cells that are not as they were loaded."""
    with database.reading() as connection:
        rows = session_of(connection).rows(CHANGED, minute=int(now.timestamp()) // 60)
    return {(node, sku): int(units) for node, sku, units in rows}


def with_new_cells(snapshot: Snapshot, database: Database) -> Snapshot | None:
    """Return a snapshot with the stock cells that have come into being, None where none have.

    What is not in the scenario's nodes and products waits until all is read.
    """
    world, made = snapshot.world, snapshot.promiser
    if not isinstance(world, StoredWorld):
        return None
    with database.reading() as connection:
        last = int(world.cell_row.max(initial=-1))
        rows = session_of(connection).rows(NEW, last=last)
    found = [
        (row, made.node[node], made.sku[sku], max(0, units), safety)
        for row, node, sku, units, safety in rows
        if node in made.node and sku in made.sku
    ]
    if not found:
        return None
    row, node, sku, units, safety = np.array(found, np.int64).T
    plain = {"unit_cost_cents": 0, "counted_at": ABSENT, "accuracy": 1.0}
    columns = {"node": node, "sku": sku, "on_hand": units, "safety": safety} | {
        name: np.full(len(found), value) for name, value in plain.items()
    }
    stock = {
        name: np.concatenate([column, columns[name].astype(column.dtype)])
        for name, column in world.stock.items()
    }
    more = replace(world, stock=Table(stock), cell_row=np.concatenate([world.cell_row, row]))
    return replace(snapshot, world=more, promiser=replace(made, desk=grown(made.desk, more)))


def world_of_sku(world: World, database: Database, sku: str) -> World:
    """Return a world that was read with the stock of one product as it is now, and no other."""
    row = np.flatnonzero(world.products["sku"] == sku)
    if not isinstance(world, StoredWorld) or not len(row):
        return world
    cells = np.flatnonzero(world.stock["sku"] == row[0])
    with database.reading() as connection:
        rows = world.cell_row[cells].tolist()
        now: dict[int, int] = dict(session_of(connection).rows(ON_HAND, rows=rows))
    on_hand = np.array([max(0, now.get(row, 0)) for row in rows], np.int64)
    return world.replace(stock=world.stock.take(cells).replace(on_hand=on_hand))


class Shelf:
    """The snapshot that promises are made of."""

    def __init__(self, read: Callable[[], Snapshot]) -> None:
        """Take what reads a snapshot; it is read at once."""
        self._read = read
        self.snapshot = read()
        self._seen = self.snapshot.read_at

    @property
    def snapshot_age(self) -> float:
        """Seconds since all of it was read."""
        return monotonic() - self.snapshot.read_at

    @property
    def age(self) -> float:
        """Seconds since what has changed of it was read."""
        return monotonic() - max(self._seen, self.snapshot.read_at)

    def seen(self) -> None:
        """Note that what has changed has been read."""
        self._seen = monotonic()

    def read(self) -> Snapshot:
        """Read a new one; `snapshot` is then to be set, by the event loop."""
        return self._read()

    def promise(self, cart: Cart, now: datetime) -> Offer:
        """Return what can be promised for a cart; see `Promiser`."""
        return self.snapshot.promiser.promise(cart, now)

    def promise_json(self, cart: Cart, now: datetime, *, refused: bool = False) -> bytes:
        """Return the same as JSON; see `offer_json`."""
        return offer_json(self.snapshot.promiser, cart, now, refused=refused)

    def see(self, free: Mapping[Pair, int]) -> None:
        """Set cells to what is free of them, (2) and (3)."""
        made = self.snapshot.promiser
        for pair, many in free.items():
            if (cell := self._cell(made, pair)) is not None:
                made.desk.see(cell, max(0, many))

    def is_bare(self, pairs: Iterable[Pair]) -> bool:
        """Say whether nothing is free of those cells as they were last seen; from any thread.

        Only the event loop changes them, and each is one number: it is read as it was before a
        change or after it.
        """
        made = self.snapshot.promiser
        cells = (self._cell(made, pair) for pair in pairs)
        return not any(made.desk.data.cell_units[cell] > 0 for cell in cells if cell is not None)

    @staticmethod
    def _cell(made: Promiser, pair: Pair) -> int | None:
        """Return where a cell stands in what was prepared; None where it has no place."""
        node, sku, data = made.node.get(pair[0]), made.sku.get(pair[1]), made.desk.data
        if node is None or sku is None or sku + 1 >= len(data.sku_start):
            return None
        cells = data.sku_cells[data.sku_start[sku] : data.sku_start[sku + 1]]
        found = cells[data.cell_node[cells] == node]
        return int(found[0]) if len(found) else None
