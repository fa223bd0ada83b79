"""The network in time: nodes and hubs, the lanes between them with all their departures.

    l  lane, a row of `lanes`        f  departure of a lane, in the order of time

A lane departs on its weekdays at its local time at `from_node`, if its service runs that day and
the day is no public holiday there and in no pause of the lane. A departure takes goods that are
ready up to the lane's cut-off of that day, and never later than it departs:

    (1)  taken_f   =  minute of min(cut-off, departure) on the wall clock at `from_node`
    (2)  arrives_f =  minute of the departure + transit minutes

What a kilogram bears of a departure's cost is its share of what the departure carries:

    (3)  cents a kg  =  cents_per_kg + cents_per_departure / kg_per_departure

Where `kg_per_departure` is not known a parcel bears nothing of the departure: it runs anyway.

Goods change lanes at hubs and warehouses: a hub keeps nothing and passes on, a store or a
dropshipper takes or sends. A parcel to a customer sets out from where the goods lie, or from a hub.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, TypeAlias

import networkx as nx
import numpy as np

from omnisource.models.week import departure_of
from omnisource.models.world import ABSENT, NODE_KINDS, SERVICE_KINDS, World
from omnisource.solvers.compile.costs import great_circle_km
from omnisource.solvers.problem import Flags, Floats, Ints
from omnisource.solvers.routes.clock_tables import holidays_of, paused_on
from omnisource.solvers.routes.clocks import DAY, MONDAY, Clocks, minute_of
from omnisource.solvers.routes.direct import Network

Times: TypeAlias = tuple[Ints, Ints]
"""Minutes up to which departures take goods, and minutes at which they depart."""


@dataclass(frozen=True, eq=False)
class Timetable:
    """Lanes with departures, over the stretch of time that the clocks reach."""

    world: World
    net: Network
    graph: nx.MultiDiGraph  # nodes by row, ("zone", service, zone) for what parcels reach
    tail: Ints  # (L,) from node
    head: Ints  # (L,) to node
    times: tuple[Times, ...]  # (L,)
    transit: Ints  # (L,) minutes
    cents_per_kg: Floats  # (L,) (3)
    co2_per_kg: Floats  # (L,) grams of CO2 a kg, as the crow flies
    passes: Flags  # (N,) whether goods change lanes here
    handling: Ints  # (N,) cents a shipment that the node passes on

    @property
    def clocks(self) -> Clocks:
        """The clocks of the nodes, whose horizon the timetable has."""
        return self.net.clocks

    @property
    def targets(self) -> Ints:
        """Nodes at which a lane ends: where goods can be sent to be collected or passed on."""
        return np.unique(self.head)

    def sources(self, target: int) -> set[int]:
        """Return the nodes from which lanes lead to a node, on whatever way."""
        return set(nx.ancestors(self.graph, target)) if target in self.graph else set()

    def hubs(self, node: int) -> list[int]:
        """Return the hubs that a node's goods can be passed on by to customers."""
        hub = self.world.nodes["kind"] == NODE_KINDS.index("hub")
        reached = nx.descendants(self.graph, node) if node in self.graph else ()
        out = self.graph.out_edges
        return sorted(
            n for n in reached
            if not isinstance(n, tuple) and hub[n] and any(isinstance(b, tuple) for _, b in out(n))
        )  # fmt: skip


def timetable(world: World, net: Network) -> Timetable:
    """Return the timetable of a world's lanes; `net` holds its clocks."""
    lanes, nodes = world.lanes, world.nodes
    kind = nodes["kind"]
    known = lanes["kg_per_departure"]
    shared = np.where(known > 0, lanes["cents_per_departure"] / np.maximum(known, 1), 0.0)
    return Timetable(
        world=world,
        net=net,
        graph=graph(world),
        tail=lanes["from_node"].astype(np.int64),
        head=lanes["to_node"].astype(np.int64),
        times=_times(world, net.clocks),
        transit=lanes["transit_minutes"].astype(np.int64),
        cents_per_kg=lanes["cents_per_kg"] + shared,  # (3)
        co2_per_kg=_co2_per_kg(world),
        passes=(kind == NODE_KINDS.index("hub")) | (kind == NODE_KINDS.index("warehouse")),
        handling=nodes["cents_per_shipment"].astype(np.int64),
    )


def graph(world: World) -> nx.MultiDiGraph:
    """Return the network: an edge a lane, keyed by its row, and one to each zone served.

    Whether a zone rule fits a destination is told by the destination; the graph says what may be.
    """
    lanes, zones = world.lanes, world.zones
    net = nx.MultiDiGraph()
    ends = zip(lanes["from_node"].tolist(), lanes["to_node"].tolist(), strict=True)
    net.add_edges_from((a, b, lane) for lane, (a, b) in enumerate(ends))
    hub = world.nodes["kind"] == NODE_KINDS.index("hub")
    senders = np.flatnonzero(world.nodes["ships"] | hub).tolist()
    customers = world.services["kind"] != SERVICE_KINDS.index("transfer")
    served = zip(zones["node"].tolist(), zones["service"].tolist(), zones["zone"], strict=True)
    for node, service, zone in dict.fromkeys(served):
        if customers[service]:
            tails = senders if node < 0 else [node]
            net.add_edges_from(product(tails, [("zone", service, zone)], ["parcel"]))
    return net


def into(table: Timetable, target: int) -> dict[int, list[tuple[int, int]]]:
    """Return, for each node on a way to a target, the (tail, lane) that lead into it."""
    near = table.sources(target) | {target}
    found: dict[int, list[tuple[int, int]]] = {}
    for tail, head, lane in table.graph.subgraph(near).edges(keys=True):
        if tail != target:
            found.setdefault(head, []).append((tail, lane))
    return found


def _co2_per_kg(world: World) -> Floats:
    lanes, nodes = world.lanes, world.nodes
    rate = world.services["grams_co2_per_kg_km"][lanes["service"]].astype(np.float64)
    ends = [nodes[name][lanes[end]] for end in ("from_node", "to_node") for name in ("lat", "lon")]
    km = [great_circle_km(*place) for place in zip(*ends, strict=True)]
    return np.asarray(rate * np.array(km, np.float64))


def _times(world: World, c: Clocks) -> tuple[Times, ...]:
    """Return each lane's departures; lanes with equal clocks share them."""
    lanes, nodes, tail = world.lanes, world.nodes, world.lanes["from_node"]
    keys = zip(
        c.zone[tail].tolist(), nodes["calendar"][tail], lanes["departs"],
        lanes["cutoff"].tolist(), lanes["service"].tolist(), lanes["pauses"], strict=True,
    )  # fmt: skip
    departing = _departing(c)
    return tuple(departing(*key) for key in keys)


def _departing(c: Clocks) -> Callable[..., Times]:
    weekday = (c.first_day + np.arange(c.days) + MONDAY) % 7

    @cache
    def departing(  # noqa: PLR0917
        zone: int, calendar: str, departs: str, cutoff: int, service: int, pauses: str
    ) -> Times:
        named, at = departure_of(departs)
        days = np.isin(weekday, named) & c.runs[service]
        for resting, known in ((holidays_of, calendar), (paused_on, pauses)):
            days &= ~resting(known, c.first_day, c.days)
        taken = at if cutoff == ABSENT else min(at, cutoff)
        return _minutes(c, zone, days, taken), _minutes(c, zone, days, at)  # (1) (2)

    return departing


def _minutes(c: Any, zone: int, days: Flags, wall: int) -> Ints:
    walls = (c.first_day + np.flatnonzero(days)) * DAY + wall
    return np.array([minute_of(c, zone, int(at)) for at in walls], np.int64)
