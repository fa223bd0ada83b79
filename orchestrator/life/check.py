"""Whether orders have lived as they should: what must hold at the end.

    (1)  every order has come to an end: delivered, collected, cancelled, returned
    (2)  the ledgers hold together (store/check.py), and are those of the state that an order's
         events make, rebuilt from nothing
    (3)  units: Σ on_hand then + what came − what left − lost + back = Σ on_hand now
    (4)  cents, each order: what its lines came to = cancelled + invoiced; invoiced, less what was
         credited as parcels were lost, = Σ of the units that have left; refunded + kept of the
         fees = Σ of the units that came back
    (5)  nothing arrives after what was promised, unless the promise was changed by then

Orders are looked at some at a time, so that a million events need no more room than a thousand.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from omnisource.models.claims import claims_of
from omnisource.models.lifecycle import Event, OrderState, Piece, state_of
from omnisource.orchestrator.life.doing import Life
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.session import Session, Statement, session_of
from omnisource.solvers.proration import invoice

ENDS: Final = frozenset(("delivered", "collected", "cancelled", "returned"))
"""What has come to an end."""
AT_ONCE: Final = 500
"""Orders that are looked at at a time."""
ON_HAND: Final = Statement("SELECT COALESCE(SUM(on_hand), 0) FROM stock")
ORDERS: Final = Statement('SELECT "order" FROM orders ORDER BY row')
EVENTS: Final = Statement(
    'SELECT document FROM events WHERE "order" IN (:orders) ORDER BY "order", sequence'
)
GIVEN: Final = Statement(
    "SELECT a.run, a.shipment, a.line, a.units, COALESCE(g.units, 0) FROM shipments s "
    "JOIN allocations a ON a.run = s.run AND a.shipment = s.shipment "
    "LEFT JOIN sent g ON g.run = a.run AND g.shipment = a.shipment AND g.line = a.line "
    'WHERE s."order" IN (:orders)'
)


@dataclass
class Checked:
    """What was found of all orders."""

    faults: list[str] = field(default_factory=list)
    changed: int = 0  # promises that were replaced
    came: int = 0  # units into stock by what happened to orders; what left is less than nothing


def on_hand(life: Life) -> int:
    """Return the units that lie at all nodes."""
    with life.desk.database.reading() as connection:
        [[units]] = session_of(connection).rows(ON_HAND)
    return int(units)


def checked(life: Life, units: int) -> Checked:
    """Return what should not be, (1) to (5).

    Args:
        life: a database at the end.
        units: on hand at the beginning, and what nodes have reported since.
    """
    found = Checked()
    for rule, texts in breaches(life.desk.database).items():
        found.faults += [f"{rule}: {text}" for text in texts]
    with life.desk.database.reading() as connection:
        session = session_of(connection)
        orders = [order for (order,) in session.rows(ORDERS)]
        for first in range(0, len(orders), AT_ONCE):
            _look(session, orders[first : first + AT_ONCE], found)
    if (now := on_hand(life)) != units + found.came:
        found.faults.append(f"{now} units, not {units} and {found.came}")  # (3)
    return found


def _look(session: Session, orders: Sequence[str], found: Checked) -> None:
    """Look at some orders."""
    told = [Event.model_validate_json(t) for (t,) in session.rows(EVENTS, orders=list(orders))]
    rows = session.rows(GIVEN, orders=list(orders))
    given = {(f"{run}/{number}", line): (n, sent) for run, number, line, n, sent in rows}
    for order, some in groupby(told, lambda event: event.order):
        events = list(some)
        state = state_of(events)
        claims = claims_of(state)
        ends = [] if state.state in ENDS else [f"it is {state.state} in the end"]  # (1)
        said = [*ends, *_money(state, events), *_promises(events)]
        found.faults += [f"{order}: {text}" for text in said]
        found.changed += sum(event.kind == "promise_changed" for event in events)
        found.came += _came(events) - sum(claims.gone.values())
        for key, units in claims.given.items():
            if given.pop(key, None) != (units, claims.sent[key]):  # (2)
                found.faults.append(f"{order}: allocation {key} is another")
    found.faults += [f"allocation {key} is nobody's" for key in given]


def _came(events: Iterable[Event]) -> int:
    """Return the units that came back into stock, less those that were never there."""
    lost = sum(goods.units for event in events for goods in event.lost)
    return sum(g.units for e in events for g in e.back if g.due is None) - lost


def _money(state: OrderState, events: Sequence[Event]) -> list[str]:
    """Return what is wrong with an order's cents, (4)."""
    cents = Counter[str]()
    for event in events:
        cents[event.kind] += event.cents
        cents["kept"] += event.fee_cents
    cents["invoiced"] = cents["shipped"] + cents["collected"] - cents["lost"]
    worth = {
        name: invoice(state, [piece for piece in state.pieces if wanted(piece)]).cents
        for name, wanted in _WORTH.items()
    }
    whole = sum(amount.due(state.tax_included) for amount in state.amounts.values())
    books = {
        "cancelled": cents["cancelled"], "left": cents["invoiced"],
        "returned": cents["returned"] + cents["kept"],
    }  # fmt: skip
    said = [f"{k}: {books[k]} cents, not {worth[k]}" for k in books if books[k] != worth[k]]
    open_ = worth["open"]
    if whole != cents["cancelled"] + cents["invoiced"] + open_:
        said.append(f"{whole} cents, of which {cents['cancelled']} cancelled, {cents['invoiced']}")
    return said


_WORTH: Final[dict[str, Callable[[Piece], bool]]] = {
    "cancelled": lambda piece: piece.state == "cancelled",
    "left": lambda piece: piece.left,
    "returned": lambda piece: piece.state == "returned",
    "open": lambda piece: not piece.left and piece.state != "cancelled",
}


def _promises(events: Sequence[Event]) -> list[str]:
    """Return what has arrived later than was promised by then, (5)."""
    said, promise = [], None
    for event in events:
        if event.kind in ("promised", "promise_changed"):
            promise = event.promise_at
        late = promise is not None and event.at > promise
        if event.kind in ("delivered", "collected") and late:
            said.append(f"{event.kind} at {event.at}, promised {promise}")
    return said
