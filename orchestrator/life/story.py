"""What shall happen next to an order, event by event, checked as it is told.

A story begins with the order as a database has it. What the ledgers know that its events do not,
because a night or a reservation has allocated it, is told first: the order is *adopted*.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from omnisource.models.lifecycle import (
    WAITING,
    Event,
    EventKind,
    Move,
    OrderState,
    Piece,
    Shipment,
    State,
    after,
    state_of,
)
from omnisource.models.money import Terms
from omnisource.models.tables import CANCELLED
from omnisource.orchestrator.store.events import Seen
from omnisource.orchestrator.store.records import Record
from omnisource.solvers.proration import amounts

OVER: Final = frozenset(("cancelled", "returned"))
"""States of units that nobody waits for."""


@dataclass
class Story:
    """Events to come, and the state that they lead to."""

    order: str
    at: datetime
    actor: str = ""
    cause: str = ""
    key: str = ""
    state: OrderState = field(default_factory=OrderState)
    events: list[Event] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def record(self, event: int, document: bytes) -> None:
        """Keep what a decision was made from, which an event to come tells of."""
        at = int(self.at.timestamp())
        self.records.append(Record("order", self.order, event, at, document))

    def add(self, kind: EventKind, **more: Any) -> None:
        """Let something happen.

        Raises:
            IllegalMove: it cannot.
        """
        who = {"at": self.at, "actor": self.actor, "cause": self.cause, "key": self.key}
        told = {"order": self.order, "sequence": self.state.sequence + 1, "kind": kind}
        event = Event(**{**told, **who, **more})
        self.state = after(self.state, event)
        self.events.append(event)


def begun(seen: Seen, story: Story) -> Story:
    """Return a story that begins with an order as it is, adopted."""
    story.state = state_of(seen.events)
    if seen.order is not None:
        whole = amounts(seen.lines, Terms())
        story.add(
            "placed", put=seen.order, lines=seen.lines, amounts=whole, at=seen.order.placed_at
        )
    new = {s: held for s, held in seen.given.items() if s.shipment not in story.state.shipments}
    if new:
        allocate(story, new, cause=next(iter(new)).run)
    if seen.order is not None and seen.order.promised_by is not None:
        story.add("promised", promise_at=seen.order.promised_by, cause="adopted")
    elif new:
        tell_promise(story, "adopted")
    if seen.status == CANCELLED and story.state.state != "cancelled":
        story.add("cancelled", moves=moves(story.state.pieces, "cancelled"), cause="adopted")
    return story


def allocate(story: Story, given: Mapping[Shipment, Mapping[str, int]], cause: str = "") -> None:
    """Give units that wait to shipments."""
    found: list[Move] = []
    used: dict[str, int] = {}
    for shipment, held in given.items():
        for line, units in held.items():
            waiting = [p for p in story.state.pieces if p.line == line and p.state in WAITING]
            begin = used.get(line, 0)
            some = first(waiting, begin + units)
            found += moves(skipped(some, begin), "allocated", into=shipment.shipment)
            used[line] = begin + units
    story.add("allocated", shipments=tuple(given), moves=tuple(found), cause=cause or story.cause)


def moves(
    pieces: Iterable[Piece], to: State, *, into: str | None = None, keep: bool = False
) -> tuple[Move, ...]:
    """Return the moves of pieces to a state: into a shipment, out of theirs, or `keep` it."""
    return tuple(
        Move(line=piece.line, units=piece.units, before=piece.state, after=to,
             shipment=piece.shipment, into=piece.shipment if keep else into)
        for piece in pieces
    )  # fmt: skip


def first(pieces: Iterable[Piece], units: int) -> list[Piece]:
    """Return the first units of some pieces; fewer, if there are no more.

    >>> first([Piece("a", 0, 2), Piece("a", 4, 9)], 3)[1].units
    1
    """
    found = []
    for piece in pieces:
        take = min(units, piece.units)
        if take:
            found.append(replace(piece, stop=piece.start + take))
        units -= take
    return found


def skipped(pieces: Iterable[Piece], units: int) -> list[Piece]:
    """Return some pieces without their first units."""
    found = []
    for piece in pieces:
        drop = min(units, piece.units)
        if drop < piece.units:
            found.append(replace(piece, start=piece.start + drop))
        units -= drop
    return found


def due_at(state: OrderState) -> datetime | None:
    """Return when the last of an order arrives, as planned; none, where that is not known."""
    live = [piece for piece in state.pieces if piece.state not in OVER]
    if any(piece.shipment is None for piece in live):
        return None
    return planned(state)


def planned(state: OrderState) -> datetime | None:
    """Return when the last of what nodes have been given arrives, as planned."""
    live = (p.shipment for p in state.pieces if p.state not in OVER and p.shipment)
    found = {state.shipments[name].arrives for name in live}
    return max((each for each in found if each is not None), default=None)


def waiting(state: OrderState) -> Counter[str]:
    """Return the units of each line that no node has been given."""
    units: Counter[str] = Counter()
    for piece in state.pieces:
        if piece.shipment is None and piece.state not in OVER:
            units[piece.line] += piece.units
    return units


def tell_promise(story: Story, cause: str = "") -> None:
    """Tell the promise anew where it is not what was said before, (4)."""
    state = story.state
    if state.state in OVER:
        return
    waits = bool(waiting(state) - Counter(state.expected))
    due, said = due_at(state), state.promise_at
    if said is None and due is not None:
        kind = "promise_changed" if state.was_promised else "promised"
        story.add(kind, promise_at=due, cause=cause or story.cause)  # type: ignore[arg-type]
    elif said is not None and (waits or (due is not None and due > said)):
        story.add("promise_changed", promise_at=due, promised=said, cause=cause or story.cause)
