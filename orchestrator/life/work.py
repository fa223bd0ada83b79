"""A node's work list: what to pick, pack and hand over, in the order of the cut-offs.

A shipment is to leave by the cut-off by which its date was worked out: goods that are allocated at
t are ready after the node's processing, in its opening hours; they leave on the first day on which
node and carrier work, and whose cut-off they do not miss (solvers/routes/clocks.py (3) and (4)).
Goods for the counter are to be ready when their customer may come (6).

The shipments are ranked by that before any order is read, so what is cut off is what can wait
longest, and orders are read all at once: six queries, however many there are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.lifecycle import OrderState, Shipment, least_far
from omnisource.models.tracking import TrackedLine, WorkItem, WorkList
from omnisource.models.world import World
from omnisource.orchestrator.life.doing import Life, look
from omnisource.orchestrator.life.sourcing import minute
from omnisource.orchestrator.store.track import AtNode, read_at_node
from omnisource.solvers.routes.arrivals import asked_at
from omnisource.solvers.routes.clock_tables import clocks
from omnisource.solvers.routes.clocks import BEYOND, DAY, Clocks

Next = Literal["release", "pick", "pack", "ship", "ready", "collect"]
NEXT: Final[Mapping[str, Next]] = {
    "allocated": "release", "released": "pick", "picking": "pack", "packed": "ship",
    "ready": "collect",
}  # fmt: skip
"""What is to be done with goods in a state, of parcels; what is for the counter is made ready."""
AHEAD: Final = 30
"""Days after now, or after the last that was given, for which cut-offs are known."""
_NONE: Final = np.zeros(0, np.int64)
FIRST: Final = date(1970, 1, 1)
EVER: Final = datetime.max.replace(tzinfo=UTC)


def work_list(life: Life, node: str, now: datetime, most: int = 1_000) -> WorkList:
    """Return what a node is to do, the most urgent first.

    Args:
        life: where.
        node: whose list.
        now: the clock.
        most: shipments at the most; of more, those that can wait longest are left out, and what
            lies ready for its customer before them.

    Raises:
        UnusableInput: there is no such node.
    """
    if node not in life.source.rows["node"]:
        raise UnusableInput(f"there is no node {node}")
    there = read_at_node(life.desk.database, node)
    desk = CutOffs.of(life.source.world, life.source.rows["node"][node], now, there)
    urgent = _urgent(there, desk)[:most]
    states = look(life, list(dict.fromkeys(each.order for each in urgent)))
    items = [item for each in urgent for item in _items(states[each.order], each.shipment, desk)]
    items.sort(key=lambda item: (item.leave_by or EVER, item.order, item.shipment))
    return WorkList(node=node, at=now, items=tuple(items))


def _urgent(there: Sequence[AtNode], desk: "CutOffs") -> list[AtNode]:
    """Return shipments by their cut-offs; last those of orders all of which lies ready."""
    of_order = Counter(each.order for each in there)

    def rank(each: AtNode) -> tuple[bool, datetime, str, str]:
        is_ready = each.ready >= of_order[each.order]
        return is_ready, desk.leave_by(each) or EVER, each.order, each.shipment

    return sorted(there, key=rank)


def _items(state: OrderState, name: str, desk: "CutOffs") -> Iterator[WorkItem]:
    """Yield what a node is to do with a shipment, unless it has gone since."""
    sent = state.shipments.get(name)
    held = [piece for piece in state.of_shipment(name) if piece.is_held]
    if sent is None or not held:
        return
    stands = least_far(held)
    leave_by = None if stands == "ready" else desk.leave_by(sent)
    counter = stands == "packed" and sent.service is None
    yield WorkItem(
        order=state.name, shipment=name, state=stands, service=sent.service, leave_by=leave_by,
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

    now: datetime
    clocks: Clocks
    zone: ZoneInfo
    services: Mapping[str, int]
    known: dict[tuple[int, int | None], datetime | None] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World, node: int, now: datetime, there: Iterable[AtNode]) -> "CutOffs":
        """Return the clocks of a node, from when it was given the first of some shipments on."""
        alone = world.replace(
            nodes=world.nodes.take(np.array([node])), zones=world.zones.take(_NONE)
        )
        services = {name: row for row, name in enumerate(world.services["service"])}
        zone = ZoneInfo(str(world.nodes["timezone"][node]))
        given = [minute(now), *(minute(_given(each, zone)) for each in there)]
        begin = min(given)
        days = clocks(alone, alone.zones, begin=begin, days=(max(given) - begin) // DAY + AHEAD)
        return cls(now, days, zone, services)

    def leave_by(self, sent: Shipment | AtNode) -> datetime | None:
        """Return when a shipment is to have left, or to lie ready for its customer."""
        at = max(minute(_given(sent, self.zone)), self.clocks.begin)
        key = at, self.services.get(sent.service or "")
        if key not in self.known:
            self.known[key] = self._leave_by(*key)
        return self.known[key]

    def _leave_by(self, at: int, service: int | None) -> datetime | None:
        ready, collected = (int(each) for each in asked_at(self.clocks, at)[:, 0])
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


def _given(sent: Shipment | AtNode, zone: ZoneInfo) -> datetime:
    """Return when a node was given a shipment."""
    return sent.given_at or datetime(*sent.day.timetuple()[:3], tzinfo=zone)


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at * 60, UTC)


def _sends(c: Clocks, service: int, day: int) -> bool:
    """Tell whether the node and a carrier both work on a local day."""
    return bool(c.works[c.opening[0], day] and c.runs[service, day])
