"""A world's lanes, prepared for carts: over which ways a cart can come, at one minute.

Departures are laid out for a week at a time, as clocks are; ways to a target are found when it is
first asked for. A path is told up to `WAIT` days of waiting for each of its departures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from omnisource.models.world import NODE_KINDS, World
from omnisource.solvers.compile.candidates import Inputs
from omnisource.solvers.problem import Ints
from omnisource.solvers.quote.asked import GROUPS, HOME, TO_STORE, Ask
from omnisource.solvers.quote.desk_times import Times
from omnisource.solvers.quote.known import Known
from omnisource.solvers.quote.over_lanes import (
    Exits,
    Lanes,
    Over,
    Scene,
    consignments,
    exits,
    through,
)
from omnisource.solvers.routes.clocks import BEYOND, DAY, Clocks, slot
from omnisource.solvers.routes.direct import Network, network
from omnisource.solvers.routes.itinerary import Leg, lane_legs, path_lanes
from omnisource.solvers.routes.timetable import Timetable, timetable
from omnisource.solvers.routes.trunk import Trunk, trunk

WAIT: Final = 21
"""Days that goods wait for a departure, or a node's doors, at the most."""
MOST_LEGS: Final = 4
"""Lanes one after the other for which clocks are built."""
NO_INTS: Final = np.zeros(0, np.int64)
NO_FLOATS: Final = np.zeros(0)
NO_BITS: Final = np.zeros(0, np.uint64)

Remembered = Callable[[Any, Callable[[], Any]], Any]
"""Returns what was made for a key before, or makes it."""


def no_lanes() -> Lanes:
    """Return ways of no length."""
    none = np.zeros((0, 1), np.int64)
    return Lanes(
        NO_INTS, NO_INTS, NO_INTS, NO_INTS, NO_INTS, NO_INTS, none, NO_BITS, NO_INTS, NO_FLOATS,
        NO_FLOATS, NO_FLOATS, NO_FLOATS, NO_FLOATS,
    )  # fmt: skip


def no_exits() -> Exits:
    """Return parcels of no hub."""
    return Exits(
        NO_INTS, NO_INTS, NO_INTS, NO_INTS, NO_INTS, NO_INTS, NO_BITS, NO_FLOATS, NO_FLOATS,
        np.zeros(1, np.int64), NO_INTS, np.zeros((0, 1), np.int64),
    )  # fmt: skip


NOTHING_OVER: Final = Over(no_lanes(), no_lanes(), no_exits())
"""Of a world without lanes."""
_NOTHING: Final = tuple(map(tuple, NOTHING_OVER))


def plain(over: Over) -> tuple[tuple[Any, ...], ...]:
    """Return it as plain tuples, which reach compiled code in a third of the time."""
    return _NOTHING if over is NOTHING_OVER else tuple(map(tuple, over))


@dataclass(frozen=True, eq=False)
class Laned:
    """The lanes of a world."""

    world: World
    net: Network
    hubs: Ints  # that lanes lead to
    days: int  # for which clocks are built, beyond those of parcels

    def scene(self, times: Times, targets: Sequence[int], known: Remembered) -> Scene:
        """Return what kernels read of the network for goods asked for at a minute."""
        c, lanes = times.clocks, self.world.lanes
        return Scene(
            c, self.trunk(c, targets, known), lanes["from_node"].astype(np.int64),
            lanes["service"].astype(np.int64), times.ready,
            float(self.world.policy.co2_cents_per_kg),
        )  # fmt: skip

    def table(self, c: Clocks, known: Remembered) -> Timetable:
        """Return the departures of a week."""
        made: Timetable = known(
            ("timetable", c.begin), lambda: timetable(self.world, replace(self.net, clocks=c))
        )
        return made

    def trunk(self, c: Clocks, targets: Sequence[int], known: Remembered) -> Trunk:
        """Return the ways to targets in a week."""
        make = partial(self._trunk, c, targets, known)
        made: Trunk = known(("trunk", c.begin, tuple(targets)), make)
        return made

    def _trunk(self, c: Clocks, targets: Sequence[int], known: Remembered) -> Trunk:
        return trunk(self.table(c, known), np.array(targets, np.int64))

    def targets(self, hub: int, store: int) -> list[int]:
        """Return the targets whose trunk has the path of a way by a hub, −1 for the store."""
        return [store] if hub < 0 else self.hubs.tolist()

    def legs(
        self, times: Times, way: tuple[int, int, int, int], known: Remembered
    ) -> tuple[Leg, ...]:
        """Return the departures of a consignment: its node, hub (−1: the store), store and path."""
        node, hub, store, path = way
        paths = self.trunk(times.clocks, self.targets(hub, store), known)
        table = self.table(times.clocks, known)
        return lane_legs(table, path_lanes(paths, path), int(times.ready[node]))

    def latest(self, times: Times, way: tuple[int, int, int, int], known: Remembered) -> int:
        """Return the last minute at which goods may be ready to be there as soon; as `legs`."""
        node, hub, store, path = way
        t = self.trunk(times.clocks, self.targets(hub, store), known)
        low, high = t.entry_start[t.profile[path]], t.entry_start[t.profile[path] + 1]
        entry = low + np.searchsorted(t.leave_by[low:high], times.ready[node])
        return int(t.leave_by[entry])

    def over(
        self, ask: Ask, scene: tuple[Inputs, Known, Times], names: Sequence[str],
        *, known: Remembered, room: Callable[[int, int], int],
    ) -> Over:  # fmt: skip
        """Return all that a cart, received in those groups, can have over lanes.

        Args:
            ask: the cart.
            scene: its `Inputs`, what is known of how parcels fare, and the clocks of its minute.
            names: the groups.
            known: remembers what was made.
            room: the first slot of a node, from a slot on, that has room.
        """
        data, sure, times = scene
        asked = {row for name in names for row in GROUPS[name]} & {HOME, TO_STORE}
        rows, parts, sent, out = np.array(sorted(asked), np.int64), [], no_lanes(), no_exits()
        if len(rows) and len(self.hubs):
            at = self.scene(times, self.hubs.tolist(), known)
            sent, out, ways = _by_hubs((data, sure, at), rows, self.hubs)
            parts.append(ways)
        if TO_STORE in asked and self.world.nodes["pickup"][ask.store]:
            at = self.scene(times, [ask.store], known)
            parts.append(_to_store(data, at, ask.store, columns=sure.columns, room=room))
        if not any(len(part[1].service) for part in parts):
            return NOTHING_OVER
        key = np.concatenate([part[0] for part in parts])
        columns = zip(*(part[1] for part in parts), strict=True)
        found = Lanes._make(np.concatenate(column) for column in columns)
        return Over(_sorted(key, found, len(data.order_line) - 1, len(data.node_lat)), sent, out)


def laned(world: World) -> Laned | None:
    """Prepare the lanes of a world; none where there are none."""
    if not world.lanes.rows:
        return None
    heads = np.unique(world.lanes["to_node"]).astype(np.int64)
    hubs = heads[world.nodes["kind"][heads] == NODE_KINDS.index("hub")]
    longest = -(-int(world.lanes["transit_minutes"].max()) // DAY)
    legs = min(MOST_LEGS, world.lanes.rows)
    return Laned(world, network(world), hubs, (legs + 1) * (WAIT + longest))


def _by_hubs(
    seen: tuple[Inputs, Known, Scene], rows: Ints, hubs: Ints
) -> tuple[Lanes, Exits, tuple[Ints, Lanes]]:
    """Return consignments to hubs, the parcels from there, and both together as ways."""
    data, sure, scene = seen
    t, many = scene.trunk, len(data.order_line) - 1
    which, row, path, at, bits = consignments(data, scene, rows, hubs)
    times = [np.unique(at[which == number]) for number in range(len(hubs))]
    first = np.cumsum([0, *map(len, times)]).astype(np.int64)
    minutes = np.concatenate([NO_INTS, *times])
    out = Exits(*exits(data, sure, scene, rows, (hubs, first, minutes)))
    group = which * many + row
    own = _consigned(t, path, (at, bits, scene), hubs[which])
    one, by, when = through((group, at), out)
    ways = Lanes._make(column[one] if len(column) else column for column in own)
    ways = ways._replace(
        start=NO_INTS, service=out.service[by], steps=out.steps[by], arrives=out.arrives[when],
        bits=ways.bits | out.bits[by], fixed=ways.fixed + out.fixed[by], co2=out.co2[by],
        emits=out.emits[by],
    )  # fmt: skip
    nodes = len(data.node_lat)
    sent = _sorted(group * nodes + t.source[path], own, len(hubs) * many, nodes)
    later = out.arrives.copy()
    for e in range(len(out.row)):
        part = slice(out.start[e], out.start[e + 1])
        later[part] = np.maximum.accumulate(later[part], axis=0)
    return sent, out._replace(arrives=later), (row[one] * nodes + t.source[path[one]], ways)


def _to_store(
    data: Inputs, scene: Scene, store: int, *, columns: int, room: Callable[[int, int], int]
) -> tuple[Ints, Lanes]:
    """Return the ways to a store's counter over lanes alone."""
    t, ends, rows = scene.trunk, np.array([store]), np.array([TO_STORE])
    _, row, path, at, bits = consignments(data, scene, rows, ends)
    ways = _consigned(t, path, (at, bits, scene), np.full(len(path), -1, np.int64))
    minutes, back = np.unique(at, return_inverse=True)
    opens = [int(slot(scene.clocks, store, int(minute))) for minute in minutes]
    handed = np.array([room(store, begins) for begins in opens], np.int64)[back]
    ways = ways._replace(arrives=np.repeat(handed[:, None], columns, axis=1))
    kept = np.flatnonzero(handed < BEYOND)
    key = row * len(data.node_lat) + t.source[path]
    return key[kept], Lanes._make(column[kept] if len(column) else column for column in ways)


def _consigned(t: Trunk, path: Ints, at_bits: tuple[Ints, Any, Scene], hub: Ints) -> Lanes:
    """Return paths as ways that end where they end."""
    at, bits, scene = at_bits
    none, price = np.zeros(len(path)), scene.co2_price
    return Lanes(
        start=NO_INTS,
        service=scene.service[t.lane[t.lane_start[path]]],
        steps=np.zeros(len(path), np.int64),
        hub=hub,
        path=path,
        at=at,
        arrives=at[:, None].copy(),
        bits=bits,
        fixed=t.cents_fixed[path],
        rate=t.cents_per_kg[path],
        lane_co2=t.co2_per_kg[path] / 1_000 * price / 1_000,
        lane_emits=t.co2_per_kg[path] / 1_000,
        co2=none,
        emits=none,
    )


def _sorted(key: Ints, ways: Lanes, groups: int, nodes: int) -> Lanes:
    """Return ways in the order of their key, group · N + node, with where each begins."""
    order = np.argsort(key, kind="stable")
    start = np.searchsorted(key[order], np.arange(groups * nodes + 1)).astype(np.int64)
    placed = Lanes._make(column[order] if len(column) else column for column in ways)
    return placed._replace(start=start)
