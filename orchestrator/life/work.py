"""A node's work list: what to pick, pack and hand over, in the order of the cut-offs.

A shipment is to leave by the cut-off by which its date was worked out: goods that are allocated at
t are ready after the node's processing, in its opening hours; they leave on the first day on which
node and carrier work, and whose cut-off they do not miss (solvers/routes/clocks.py (3) and (4)).
Goods for the counter are to be ready when their customer may come (6).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.lifecycle import Shipment, least_far
from omnisource.models.tracking import TrackedLine, WorkItem, WorkList
from omnisource.models.world import World
from omnisource.orchestrator.life.doing import Life, begin
from omnisource.orchestrator.life.sourcing import minute
from omnisource.orchestrator.life.story import Story
from omnisource.orchestrator.store.track import orders_at
from omnisource.solvers.routes.arrivals import asked_at
from omnisource.solvers.routes.clock_tables import clocks
from omnisource.solvers.routes.clocks import BEYOND, DAY, MONDAY, Clocks

Next = Literal["release", "pick", "pack", "ship", "ready", "collect"]
NEXT: Final[Mapping[str, Next]] = {
    "allocated": "release", "released": "pick", "picking": "pack", "packed": "ship",
    "ready": "collect",
}  # fmt: skip
"""What is to be done with goods in a state, of parcels; what is for the counter is made ready."""
BEHIND: Final = 30
AHEAD: Final = 30
"""Days before and after now for which cut-offs are known."""
_NONE: Final = np.zeros(0, np.int64)
FIRST: Final = date(1970, 1, 1)
EVER: Final = datetime.max.replace(tzinfo=UTC)


def work_list(life: Life, node: str, now: datetime, most: int = 1_000) -> WorkList:
    """Return what a node is to do, the most urgent first.

    Args:
        life: where.
        node: whose list.
        now: the clock.
        most: orders at the most that are looked at.

    Raises:
        UnusableInput: there is no such node.
    """
    if node not in life.source.rows["node"]:
        raise UnusableInput(f"there is no node {node}")
    desk = CutOffs.of(life.source.world, life.source.rows["node"][node], now)
    items = [
        item
        for order in orders_at(life.desk.database, node, most)
        for item in _items(life, order, desk)
    ]
    items.sort(key=lambda item: (item.leave_by or EVER, item.order, item.shipment))
    return WorkList(node=node, at=now, items=tuple(items))


def _items(life: Life, order: str, desk: "CutOffs") -> Iterator[WorkItem]:
    """Yield what a node is to do for an order."""
    story = Story(order, desk.now)
    if begin(life, story, sure=True) is None:
        return
    state = story.state
    for name, sent in state.shipments.items():
        held = [piece for piece in state.of_shipment(name) if piece.is_held]
        if sent.node != desk.node or not held:
            continue
        stands = least_far(held)
        leave_by = None if stands == "ready" else desk.leave_by(sent)
        counter = stands == "packed" and sent.service is None
        yield WorkItem(
            order=order, shipment=name, state=stands, service=sent.service, leave_by=leave_by,
            next="ready" if counter else NEXT[stands],
            late=leave_by is not None and leave_by < desk.now,
            lines=tuple(
                TrackedLine(line=p.line, sku=state.lines[p.line].sku, units=p.units, state=p.state)
                for p in held
            ),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class CutOffs:
    """The clocks of one node."""

    node: str
    now: datetime
    clocks: Clocks
    zone: ZoneInfo
    services: Mapping[str, int]

    @classmethod
    def of(cls, world: World, node: int, now: datetime) -> "CutOffs":
        """Return the clocks of a node around now."""
        alone = world.replace(
            nodes=world.nodes.take(np.array([node])), zones=world.zones.take(_NONE)
        )
        first = minute(now - timedelta(days=BEHIND))
        services = {name: row for row, name in enumerate(world.services["service"])}
        zone = ZoneInfo(str(world.nodes["timezone"][node]))
        days = clocks(alone, alone.zones, begin=first, days=BEHIND + AHEAD)
        return cls(str(world.nodes["node"][node]), now, days, zone, services)

    def leave_by(self, sent: Shipment) -> datetime | None:
        """Return when a shipment is to have left, or to lie ready for its customer."""
        given = sent.given_at or datetime(*sent.day.timetuple()[:3], tzinfo=self.zone)
        at = max(minute(given), self.clocks.begin)
        ready, collected = (int(each) for each in asked_at(self.clocks, at)[:, 0])
        service = self.services.get(sent.service or "")
        return _utc(collected) if service is None else self._cutoff(ready, service)

    def _cutoff(self, ready: int, service: int) -> datetime | None:
        """Return the first cut-off that goods which are ready at a minute do not miss, (4)."""
        if ready >= BEYOND:
            return None
        c, wall = self.clocks, _utc(ready).astimezone(self.zone)
        last = int(c.order_by[service] if c.order_by[service] >= 0 else c.cutoff[0])
        day = (wall.date() - FIRST).days - c.first_day
        day += wall.hour * 60 + wall.minute > last
        days = (d for d in range(day, c.days) if _sends(c, service, d))
        if (leaves := next(days, None)) is None:
            return None
        on = FIRST + timedelta(days=c.first_day + leaves)
        at = datetime(on.year, on.month, on.day) + timedelta(minutes=min(last, DAY - 1))
        return at.replace(tzinfo=self.zone).astimezone(UTC)


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at * 60, UTC)


def _sends(c: Clocks, service: int, day: int) -> bool:
    """Tell whether the node and a carrier both work on a local day."""
    return bool(c.works[c.opening[0], day] and c.runs[service, (c.first_day + day + MONDAY) % 7])
