"""All that a replication of one policy changes as its days go by."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.simulation import Simulation
from omnisource.models.world import World
from omnisource.orchestrator.simulate.books import Books
from omnisource.orchestrator.simulate.chance import draw
from omnisource.orchestrator.simulate.choice import Logit
from omnisource.orchestrator.simulate.demand import DAY, Stream, offset_of
from omnisource.orchestrator.simulate.held import Baskets, Held
from omnisource.orchestrator.simulate.tally import Ledger
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import Flags, Floats, Ints, Limits

RUN_OUT: Final = 60
"""Days after the last order on which what is still open may be sent."""


class Waiting(NamedTuple):
    """A shipment in its node's queue."""

    held: Held
    arrives: int  # minute, if it leaves as planned
    seen: bool  # the node has said that it will send it


class Missing(NamedTuple):
    """Units of an order that have to be sent once more, or from elsewhere."""

    order: int
    lines: tuple[tuple[int, int], ...]  # line, units
    without: int = -1  # the node that has declined


@dataclass(eq=False)
class Scene:
    """A stream under one policy, in the middle of it."""

    stream: Stream
    setup: Simulation
    limits: Limits
    carts: Baskets
    books: Books
    ledger: Ledger
    model: Logit
    fees: tuple[int, ...]  # (V+1,) cents, the counter's last
    lead_times: LeadTimes | None
    expected: World | None  # orders of an independent draw
    told: list[Held] = field(default_factory=list)  # of which nodes have been told today
    queue: list[Waiting] = field(default_factory=list)
    pool: dict[int, list[Held]] = field(default_factory=dict)  # reserved, not released, by order
    back: dict[int, list[tuple[Ints, Ints, Ints]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by day: orders, cells and units that come back
    goods: dict[int, list[tuple[Ints, Ints]]] = field(default_factory=lambda: defaultdict(list))
    again: dict[int, list[Missing]] = field(default_factory=lambda: defaultdict(list))
    declined: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    ways: dict[int, int] = field(default_factory=dict)  # where a cell's units go back to
    on_order: Ints = field(init=False)  # (R,)
    lost: Flags = field(init=False)  # (L,) lines of parcels that were lost
    level: Floats = field(init=False)  # (K,) the customers' draws
    next: int = 0  # order
    plan: Plan | None = None  # the last, for its prices
    cut: int = 0  # plans that a clock may have cut short

    def __post_init__(self) -> None:
        """Draw what customers are like."""
        self.on_order = np.zeros_like(self.books.on_hand)
        self.lost = np.zeros(self.carts.world.lines.rows, bool)
        orders = np.arange(self.carts.world.orders.rows)
        self.level = draw(self.stream.seed, "choice", orders)

    @property
    def busy(self) -> bool:
        """Whether anything is still to be sent."""
        return bool(self.told or self.queue or self.pool or any(self.again.values()))

    def begins(self, day: int) -> int:
        """Return the minute at which a day of the stream begins."""
        return self.stream.first + day * DAY

    def date(self, minute: int) -> int:
        """Return the day of a minute on the scenario's clock, days since 1970-01-01."""
        return (minute + offset_of(self.carts.world)) // DAY

    def minute_of(self, date: int) -> int:
        """Return the minute at which a day of the scenario's clock begins."""
        return date * DAY - offset_of(self.carts.world)

    def day(self, minute: int) -> int:
        """Return the day of the stream that a minute lies in."""
        return (minute - self.stream.first) // DAY


def was_cut(plan: Plan) -> int:
    """Return 1 if a clock may have cut a plan short, else 0."""
    return int(plan.facts["notes"].get("cut", 0) > 0)
