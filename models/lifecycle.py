"""The life of an order: states, which may follow which, events, and the state that they make.

Units of a line are numbered 0, 1, …; a *piece* is a run of them that fare alike. `MOVES` is the one
table of what may become of a piece. The state of a line, a shipment or an order is that of the
piece which has come the least far.

    (1)  an event moves units from one state to another: of a line, of a shipment, those with the
         lowest numbers; it may put in shipments, lines, a promise, and amounts of money
    (2)  a move that `MOVES` has not is refused, and so is one of more units than there are
    (3)  state_of(events) = after(… after(after(NOTHING, e_1), e_2) …, e_n): nothing else is known
         of an order; what a database holds of it besides follows from the state (claims.py)
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from typing import Final, Literal, get_args

from pydantic import AwareDatetime, Field

from omnisource.models.base import Cents, Name, OmnisourceError, Text, Units, Value
from omnisource.models.money import Amount
from omnisource.models.order import Line, Order
from omnisource.models.policy import Fence

State = Literal[
    "declined", "backordered", "placed", "held", "allocated", "released", "picking", "packed",
    "shipped", "ready", "delivered", "collected", "returned", "cancelled",
]  # fmt: skip
STATES: Final[tuple[State, ...]] = get_args(State)
"""From the least far to the end."""
MOVES: Final[Mapping[State, tuple[State, ...]]] = {
    "placed": ("held", "allocated", "backordered", "cancelled"),
    "held": ("allocated", "placed", "backordered", "cancelled"),
    "backordered": ("held", "allocated", "cancelled"),
    "allocated": ("released", "declined", "placed", "cancelled"),
    "released": ("picking", "declined"),
    "picking": ("packed", "declined"),
    "packed": ("shipped", "ready", "declined"),
    "shipped": ("delivered", "ready", "returned", "declined"),
    "ready": ("collected", "declined", "cancelled", "returned"),
    "delivered": ("returned",),
    "collected": ("returned",),
    "declined": ("allocated", "backordered", "cancelled"),
    "returned": (),
    "cancelled": (),
}  # fmt: skip
"""What may follow: ready goods may be handed over, found missing, or never fetched; a parcel may be
lost on its way, and its goods are to be sent anew."""
AT_NODE: Final = frozenset[State](("allocated", "released", "picking", "packed", "ready"))
"""States of units that lie at a node for the order, unless they have left it."""
WAITING: Final = frozenset[State](("placed", "held", "backordered", "declined"))
"""States of units that no node has been given."""
EventKind = Literal[
    "placed", "held", "allocated", "backordered", "released", "picking", "packed", "shipped",
    "ready", "delivered", "collected", "declined", "cancelled", "returned", "changed", "promised",
    "promise_changed", "person", "in_transit", "delayed", "lost",
]  # fmt: skip


class IllegalMove(OmnisourceError):
    """An event that the table of moves has not."""


class Move(Value):
    """Units of a line that go from one state to another."""

    line: Name
    units: Units
    before: State
    after: State
    shipment: Name | None = None  # that they were in
    into: Name | None = None  # that they are in now


class Shipment(Value):
    """What one node sends for an order in one go; the row `number` of a `run`."""

    shipment: Name
    run: Name
    number: int
    node: Name
    service: Name | None = None  # none: over the counter
    day: date
    given_at: AwareDatetime | None = None  # to the node; none: on that day
    arrives: AwareDatetime | None = None  # as planned, or as the carrier says by now
    cost_cents: int = 0


class Goods(Value):
    """Units of a product at a node: found missing, or come back."""

    node: Name
    sku: Name
    units: Units
    due: AwareDatetime | None = None  # absent: they lie there now


class Event(Value):
    """Something that has happened to an order; it is never changed."""

    order: Name
    sequence: int
    kind: EventKind
    at: AwareDatetime
    actor: Text = ""
    cause: Text = ""
    key: Text = ""
    node: Name | None = None  # whose doing it is
    moves: tuple[Move, ...] = ()
    shipments: tuple[Shipment, ...] = ()  # that are new
    put: Order | None = None  # the order as it is from now on
    lines: tuple[Line, ...] = ()  # that are new
    amounts: dict[Name, Amount] = Field(default_factory=dict)  # of those
    tax_included: bool = True
    promise_at: AwareDatetime | None = None  # from now on
    promised: AwareDatetime | None = None  # before
    excluded: tuple[Name, ...] = ()  # nodes that are not to be asked again
    probability: float | None = None  # that it is kept, where it reckons with receipts
    expected: dict[Name, Units] = Field(
        default_factory=dict
    )  # waiting, that a promise reckons with
    fences: tuple[Fence, ...] = ()  # ways that are not to be tried for it again
    forget: bool = False  # who has declined: ask all again
    lost: tuple[Goods, ...] = ()
    back: tuple[Goods, ...] = ()
    arrived: Shipment | None = None  # what has arrived, as it was planned
    cents: int = 0  # invoiced, refunded, no longer due; credited, of what was lost
    fee_cents: Cents = 0  # of what is taken back, but kept


@dataclass(frozen=True)
class Piece:
    """Units start … stop − 1 of a line."""

    line: str
    start: int
    stop: int
    state: State = "placed"
    shipment: str | None = None
    left: bool = False  # they have left the node

    @property
    def units(self) -> int:
        """How many."""
        return self.stop - self.start

    @property
    def fate(self) -> tuple[str, str, str | None, bool]:
        """What neighbours that fare alike have in common."""
        return self.line, self.state, self.shipment, self.left

    @property
    def is_held(self) -> bool:
        """Whether they lie at a node for the order."""
        return self.state in AT_NODE and not self.left


@dataclass(frozen=True)
class OrderState:
    """An order as its events have made it."""

    order: Order | None = None
    sequence: int = 0  # of the last event
    lines: Mapping[str, Line] = field(default_factory=dict)
    amounts: Mapping[str, Amount] = field(default_factory=dict)
    tax_included: bool = True
    pieces: tuple[Piece, ...] = ()
    shipments: Mapping[str, Shipment] = field(default_factory=dict)
    promise_at: AwareDatetime | None = None
    was_promised: bool = False  # a date has been promised, though it may hold no more
    excluded: frozenset[str] = frozenset()
    expected: Mapping[str, int] = field(default_factory=dict)  # units that wait, by line
    fences: tuple[Fence, ...] = ()
    declines: Mapping[str, int] = field(default_factory=dict)  # by line
    is_with_person: bool = False

    @property
    def name(self) -> str:
        """What the order is called."""
        return "" if self.order is None else self.order.order

    @property
    def state(self) -> State:
        """How far the order has come."""
        return least_far(self.pieces)

    def of_shipment(self, shipment: str) -> tuple[Piece, ...]:
        """Return the units that a shipment has or had; those declined or cancelled are not."""
        return tuple(piece for piece in self.pieces if piece.shipment == shipment)


NOTHING: Final = OrderState()
"""Before the first event."""


def least_far(pieces: Iterable[Piece]) -> State:
    """Return the state of some units together; cancelled or returned only if all are."""
    found = min((STATES.index(piece.state) for piece in pieces), default=STATES.index("cancelled"))
    return STATES[found]


def state_of(events: Iterable[Event]) -> OrderState:
    """Return the state that events make of an order, (3).

    Raises:
        IllegalMove: one of them could not happen.
    """
    return reduce(after, events, NOTHING)


def after(state: OrderState, event: Event) -> OrderState:
    """Return the state after one more event.

    Raises:
        IllegalMove: it cannot happen, or is not the next.
    """
    if event.sequence != state.sequence + 1:
        raise IllegalMove(f"event {event.sequence} follows {state.sequence} of {event.order}")
    new = {line.line: Piece(line.line, 0, line.units) for line in event.lines}
    pieces = [*state.pieces, *new.values()]
    for move in event.moves:
        pieces = _moved(pieces, move)
    is_declined = event.kind == "declined"
    declined = {move.line for move in event.moves if is_declined and move.after == "declined"}
    is_told = event.kind in ("promised", "promise_changed")
    return replace(
        state,
        order=event.put or state.order,
        sequence=event.sequence,
        lines={**state.lines, **{line.line: line for line in event.lines}},
        amounts={**state.amounts, **event.amounts},
        tax_included=event.tax_included if event.kind == "placed" else state.tax_included,
        pieces=_joined(pieces),
        shipments={**state.shipments, **{new.shipment: new for new in event.shipments}},
        promise_at=event.promise_at if is_told else state.promise_at,
        was_promised=state.was_promised or is_told,
        expected=event.expected if is_told else state.expected,
        fences=() if _goes_elsewhere(state, event) else (*state.fences, *event.fences),
        excluded=frozenset() if event.forget else state.excluded | set(event.excluded),
        declines={} if event.forget else dict(Counter(state.declines) + Counter(declined)),
        is_with_person=event.kind == "person"
        or (state.is_with_person and not event.forget and _needs_person(state, pieces)),
    )


def _needs_person(before: OrderState, pieces: Iterable[Piece]) -> bool:
    """Say whether a person still has to see to an order: what was declined waits, or all that does.

    Other lines may go on meanwhile.
    """
    is_stuck = any(piece.state == "declined" for piece in before.pieces)
    stuck = {"declined"} if is_stuck else WAITING
    return any(piece.state in stuck for piece in pieces)


def _goes_elsewhere(state: OrderState, event: Event) -> bool:
    """Say whether an order is to go to another place from now on."""
    place = {"country", "postcode", "lat", "lon", "pickup_node"}
    old, new = state.order, event.put
    return bool(old and new and old.model_dump(include=place) != new.model_dump(include=place))


def _moved(pieces: list[Piece], move: Move) -> list[Piece]:
    """Return the pieces after a move of the units with the lowest numbers, (1) and (2)."""
    if move.after not in MOVES[move.before]:
        legal = ", ".join(MOVES[move.before]) or "nothing"
        raise IllegalMove(f"from {move.before} to {move.after}: only {legal} may follow")
    key, left, found = (move.line, move.before, move.shipment), move.units, []
    for piece in sorted(pieces, key=lambda piece: (piece.line, piece.start)):
        take = min(left, piece.units) if (piece.line, piece.state, piece.shipment) == key else 0
        left -= take
        cut = piece.start + take
        if take:
            gone = move.after in ("shipped", "collected")
            gone = gone or (piece.left and move.after != "declined")  # lost: to be sent anew
            found.append(Piece(piece.line, piece.start, cut, move.after, move.into, gone))
        if cut < piece.stop:
            found.append(replace(piece, start=cut) if take else piece)
    if left:
        raise IllegalMove(f"line {move.line} has {left} units too few that are {move.before}")
    return found


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return pieces by line and number, neighbours that fare alike joined."""
    found: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.line, piece.start)):
        if found and found[-1].fate == piece.fate:
            found[-1] = replace(found[-1], stop=piece.stop)
        else:
            found.append(piece)
    return tuple(found)
