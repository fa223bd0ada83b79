"""What lies where and who holds it, live: the stock cells and the days of nodes.

It is the ledger of a database (orchestrator/store/reserve.py) in memory, by the same rule. With a
cell c, a node's day q, and what a plan needs of them, u_c and u_q,

    free_c  =  on_hand_c − reserved_c − safety_c          free_q  =  most_q − used_q

    (1)  u_c ≤ free_c for all c, and u_q ≤ free_q for all q: else nothing changes, and it is a no
    (2)  reserved_c += u_c,   used_q += u_q               it holds
    (3)  reserved_c −= u_c,   used_q −= u_q               it is given back: declined, or moved
    (4)  on_hand_c −= u_c,    reserved_c −= u_c           it is sent
    (5)  on_hand_c += units                               goods come in, or back

There, (1) and (2) are one conditional update a row, in a transaction, as others reserve at the same
time; here nobody else does. `free` is what the desk promises from: its own columns are changed with
every step, so a promise is never older than the order before it. A quota is asked for where the
node has a limit a day; its day is the one on which the parcel leaves, on the node's own clock.

At every moment, and so at the end,

    (a)  on_hand at the start + received + returned  =  on_hand + sent
    (b)  reserved_c  =  Σ units on c of all that is held and not sent

What of a channel's allotment is sold is not counted: the desk caps what it may sell of a cell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from omnisource.models.world import World
from omnisource.orchestrator.simulate.held import Held
from omnisource.solvers.compile.available import Cells, kept_back
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import UNLIMITED, Ints, Prices, Problem
from omnisource.solvers.quote.ctp import room
from omnisource.solvers.quote.days_left import Days
from omnisource.solvers.quote.desk import Desk, desk
from omnisource.solvers.routes.clocks import DAY, leaves, local
from omnisource.solvers.routes.direct import COUNTER

NO_DAY: Final = -1
"""The day of a shipment whose node has no limit, until the day is over."""


@dataclass(eq=False)
class Books:
    """Live stock and capacity of a world; see `opened`."""

    world: World
    desk: Desk
    bare: Problem  # to which prices are fitted
    on_hand: Ints  # (R,)
    reserved: Ints  # (R,)
    safety: Ints  # (R,)
    start: Ints  # (R,) on hand when they were opened
    limited: list[bool]  # (N,) nodes with a limit a day
    asked: int = 0  # the minute last asked for
    received: Ints = field(init=False)  # (R,)
    returned: Ints = field(init=False)  # (R,)
    sent: Ints = field(init=False)  # (R,)
    _cell: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin to count."""
        self.received, self.returned, self.sent = (np.zeros_like(self.on_hand) for _ in range(3))

    def cell(self, node: int, sku: int) -> int:
        """Return the stock cell of a product at a node, −1 if there is none."""
        found = self._cell.get((node, sku))
        if found is None:
            data = self.desk.data
            rows = data.sku_cells[data.sku_start[sku] : data.sku_start[sku + 1]]
            mine = rows[data.cell_node[rows] == node]
            found = self._cell[node, sku] = int(mine[0]) if len(mine) else -1
        return found

    def ask_at(self, minute: int) -> None:
        """Let go of what the minute asked for before had."""
        if minute != self.asked:
            self.desk.forget(self.asked)
            self.asked = minute

    def unlimited(self) -> Desk:
        """Return the desk as if every node could do whatever it is asked."""
        full = np.full(self.world.nodes.rows, UNLIMITED, np.int64)
        return replace(self.desk, left=None, room=(full, full.copy()))

    def at_prices(self, prices: Prices) -> None:
        """Promise at those prices from now on."""
        columns = (prices.cell, prices.node_order, prices.node_unit)
        self.desk = replace(self.desk, prices=columns)

    def day_of(self, node: int, service: int, due: int) -> int:
        """Return the day on which what is asked for now leaves, or is handed over."""
        known = self.desk.of_minute(self.asked)
        key = ("day", self.desk.sorts(self.asked)[node], service, due if service < 0 else 0)
        if key not in known:
            times = self.desk.at(self.asked)
            c, is_ready = times.clocks, int(times.ready[node])
            if service == COUNTER:
                known[key] = int(local(c, int(c.zone[node]), due)) // DAY
            else:
                known[key] = c.first_day + int(leaves(c, node, service, is_ready))
        found: int = known[key]
        return found

    def hold(self, parcels: Sequence[Held], *, surely: bool = False) -> bool:
        """Hold all that some shipments need, or nothing, (1) and (2).

        Args:
            parcels: of one order.
            surely: whatever nodes can do on those days; units must be there all the same.
        """
        need: dict[int, int] = {}
        for held in parcels:
            for _, cell, units in held.lines:
                need[cell] = need.get(cell, 0) + units
        free = self.desk.data.cell_units
        if any(free[cell] < units for cell, units in need.items()):
            return False
        if not surely and not self._room_for(parcels):
            return False
        for cell, units in need.items():
            self.reserved[cell] += units
            self.show(cell)
        for held in parcels:
            self.book(held, 1)
        return True

    def _room_for(self, parcels: Sequence[Held]) -> bool:
        wanted: dict[tuple[int, int], list[int]] = {}
        for held in parcels:
            if self.limited[held.node]:
                both = wanted.setdefault((held.node, held.day), [0, 0])
                both[0] += 1
                both[1] += held.units
        for (node, day), (orders, units) in wanted.items():
            left, column = self._day(node, day)
            if left.orders[node, column] < orders or left.units[node, column] < units:
                return False
        return True

    def give_back(self, held: Held, *, day: bool = True) -> None:
        """Give back what a shipment holds, (3); the day only where it has not gone by."""
        for _, cell, units in held.lines:
            self.reserved[cell] -= units
            self.show(cell)
        if day:
            self.book(held, -1)

    def show(self, cell: int) -> None:
        """Have the desk see what is free of a cell."""
        free = self.on_hand[cell] - self.reserved[cell] - self.safety[cell]
        self.desk.see(cell, max(0, int(free)))

    def book(self, held: Held, times: int) -> None:
        """Take a shipment, or give it back, of its node's day."""
        if not self.limited[held.node]:
            return
        node, units = held.node, held.units
        left, column = self._day(node, held.day)
        left.orders[node, column] -= times
        left.units[node, column] -= times * units
        known = self.desk.memo.get(("room", self.asked))
        if known is not None and self.desk.sent_on(self.asked)[node] == held.day:
            known[0][node] = max(0, left.orders[node, column])
            known[1][node] = max(0, left.units[node, column])

    def _day(self, node: int, day: int) -> tuple[Days, int]:
        left = self.desk.left
        assert left is not None
        return left, min(max(day - int(left.first[node]), 0), left.orders.shape[1] - 1)

    def send(self, cells: Ints, units: Ints) -> None:
        """Units leave, (4); what is free stays as it is."""
        np.subtract.at(self.on_hand, cells, units)
        np.subtract.at(self.reserved, cells, units)
        np.add.at(self.sent, cells, units)

    def receive(self, cells: Ints, units: Ints, *, back: bool = False) -> None:
        """Units come in, or back, (5)."""
        np.add.at(self.on_hand, cells, units)
        np.add.at(self.returned if back else self.received, cells, units)
        self.show_all(np.unique(cells).tolist())

    def show_all(self, cells: Iterable[int]) -> None:
        """Have the desk see what is free of some cells."""
        for cell in cells:
            self.show(cell)


def opened(world: World, first: int, days: int, *, lead_times: LeadTimes | None = None) -> Books:
    """Open the books of a world.

    Args:
        world: with a stock cell wherever goods may come, and no receipts.
        first: the minute at which it begins.
        days: how many are kept of nodes' days.
        lead_times: to date parcels by.
    """
    kept: list[Problem] = []

    def price(bare: Problem) -> Prices:
        kept.append(bare)
        return Prices.zero(bare)

    made = desk(world, price, lead_times=lead_times)
    units = made.data.cell_units.copy()  # ours to change
    made = replace(made, data=made.data._replace(cell_units=units))
    known = room(world, first, days=days)
    some = np.asarray((known.orders < UNLIMITED).any(1) | (known.units < UNLIMITED).any(1))
    if some.any():
        c = made.at(first).clocks
        today = [int(local(c, int(zone), first)) // DAY for zone in c.zone]
        left = Days(np.array(today, np.int64), known.orders.copy(), known.units.copy())
        made = replace(made, left=left)
    stock = world.stock
    cells = Cells(stock["node"], stock["sku"], stock["on_hand"], stock["unit_cost_cents"])
    on_hand = stock["on_hand"].astype(np.int64)
    return Books(
        world=world, desk=made, bare=kept[0], on_hand=on_hand, reserved=np.zeros_like(on_hand),
        safety=kept_back(world, cells).astype(np.int64), start=on_hand.copy(),
        limited=list(map(bool, some)),
    )  # fmt: skip
