"""An order's life, from the click to the return: every verb is one transaction.

    with open_life(url) as life:
        place(life, order, Doing("o1", "cart-17", now))
        step(life, Doing("o1", "o1-release", now), "release")

A verb reads the order, tells what shall happen (story.py), and has it written; where another was
faster it reads again (doing.py). Every answer is `Told`, or `Denied` with what may be done instead.
The same key again is told the same again.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from omnisource.models.lifecycle import (
    MOVES,
    WAITING,
    OrderState,
    Piece,
    State,
)
from omnisource.models.money import Terms
from omnisource.models.reservation import Placed, Reservation
from omnisource.models.returns import Grade
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.checkout.reserve import find_reservation
from omnisource.orchestrator.life.bundles import Parts, with_the_rest
from omnisource.orchestrator.life.doing import Doing, Life, act, look
from omnisource.orchestrator.life.resourcing import record_of_reservation, resource, shipments_of
from omnisource.orchestrator.life.returns import goods_back, way_back
from omnisource.orchestrator.life.sourcing import Sourcer
from omnisource.orchestrator.life.story import Story, allocate, first, moves, tell_promise
from omnisource.orchestrator.store.events import read_events
from omnisource.orchestrator.store.place import unwanted
from omnisource.solvers.proration import amounts, invoice

Step = Literal["release", "pick", "pack", "ship", "ready", "deliver", "collect"]
STEPS: Final[Mapping[Step, State]] = {
    "release": "released", "pick": "picking", "pack": "packed", "ship": "shipped",
    "ready": "ready", "deliver": "delivered", "collect": "collected",
}  # fmt: skip
"""What a node, a carrier or a customer does with a shipment, and what it is then."""
OPEN_TO_CANCEL: Final = WAITING | {"allocated"}
"""Before release; what lies ready and was never fetched may be cancelled too."""


def place(
    life: Life, doing: Doing, placed: Placed, *, terms: Terms | None = None,
    reservation: str | None = None, hold: bool = False,
) -> Told | Denied:  # fmt: skip
    """Place an order: on what is reserved for it, allocated at once, or held for the next run.

    Args:
        life: where.
        doing: by whom, when.
        placed: the order with its lines.
        terms: what it costs besides the prices of its lines.
        reservation: what is held for it.
        hold: leave it to the next night, or rolling run, to decide it together with others.

    Raises:
        UnusableInput: its charges cannot be shared out.
    """
    terms = terms or Terms()
    whole = amounts(placed.lines, terms)
    held = find_reservation(life.desk, reservation, now=doing.now) if reservation else None

    def decide(story: Story) -> Denied | None:
        if story.state.order is not None:
            return doing.no(story.state, "place", f"order {doing.order} has been placed")
        story.add("placed", put=placed.order, lines=placed.lines, amounts=whole,
                  tax_included=terms.tax_included)  # fmt: skip
        if placed.order.promised_by is not None:
            story.add("promised", promise_at=placed.order.promised_by)
        if isinstance(held, Reservation):
            asked = {line.line: (line.sku, line.units) for line in placed.lines}
            if refused := unwanted(held.claim, doing.order, asked):
                return doing.no(story.state, "place", *refused.reasons)
            _on(story, held, life.source)
        elif hold:
            story.add("held", moves=moves(story.state.pieces, "held"), cause="until it must go")
        elif reservation is None:
            resource(story, life.source, life.rules.declines)
        return None

    body = placed.model_dump_json() + terms.model_dump_json() + str(reservation)
    body += " held" if hold else ""
    if reservation is None:
        return act(life, doing, "place", decide, body=body, put=placed)
    kept = {"put": placed, "reservation": reservation, "before": None}
    return act(life, doing, "place", decide, body=body, **kept)


def _on(story: Story, held: Reservation, source: Sourcer) -> None:
    """Tell that an order is placed on a reservation; recorded is what is left, with its units."""
    known = story.state.sequence
    cause, given = f"reservation {held.reservation}", shipments_of(held)
    units: dict[str, int] = {}
    for shipment in given.values():
        for line, many in shipment.items():
            units[line] = units.get(line, 0) + many
    some = [p for line, many in units.items() for p in first(of_line(story.state, line), many)]
    story.add("held", moves=moves(some, "held"), cause=cause)
    allocate(story, given, cause=cause)
    if held.claim.promise_at is not None and not story.state.was_promised:
        story.add("promised", promise_at=held.claim.promise_at, cause=cause)
    story.record(known + 1, record_of_reservation(story, given, source, what=cause))


def of_line(state: OrderState, line: str) -> list[Piece]:
    """Return the units of a line."""
    return [piece for piece in state.pieces if piece.line == line]


def step(life: Life, doing: Doing, what: Step, shipment: str | None = None) -> Told | Denied:
    """Take a shipment one step further; every shipment that can be, where none is named."""
    to = STEPS[what]

    def decide(story: Story) -> Denied | None:
        state = story.state
        some = _steppable(state, to, shipment)
        if not some:
            named = f"shipment {shipment}" if shipment else "no shipment"
            return doing.no(state, what, f"{named} of order {doing.order} can be {to} now")
        if to in ("delivered", "collected") and state.promise_at and doing.now > state.promise_at:
            story.add("promise_changed", promise_at=doing.now, promised=state.promise_at,
                      cause="arrived late")  # fmt: skip
        for name in sorted({piece.shipment for piece in some if piece.shipment}):
            mine = [piece for piece in some if piece.shipment == name]
            leaves = to in ("shipped", "collected") and not mine[0].left
            cents = invoice(state, mine, name).cents if leaves else 0
            sent = state.shipments[name]
            story.add(
                to, moves=moves(mine, to, keep=True), node=sent.node, cents=cents,
                arrived=sent if to == "delivered" else None,
            )  # fmt: skip
        return None

    return act(life, doing, what, decide, body=str(shipment))


def _steppable(state: OrderState, to: State, shipment: str | None) -> list[Piece]:
    """Return the units that a step can be taken with: whole shipments."""
    found: list[Piece] = []
    collects = state.order is not None and state.order.mode != "delivery"
    for name, sent in state.shipments.items():
        mine = [p for p in state.of_shipment(name) if p.state not in ("returned", "cancelled")]
        can = mine and all(to in MOVES[piece.state] for piece in mine)
        way = {"shipped": sent.service is not None, "ready": collects,
               "delivered": not collects, "collected": collects}  # fmt: skip
        if shipment in (None, name) and can and way.get(to, True):
            found += mine
    return found


def cancel(
    life: Life, doing: Doing, *, line: str | None = None, units: int | None = None
) -> Told | Denied:
    """Cancel an order, a line, or some units of it, before they are released."""

    def decide(story: Story) -> Denied | None:
        return cancelled(story, doing, life.source.parts, line=line, units=units)

    return act(life, doing, "cancel", decide, body=f"{line} {units}")


def cancelled(
    story: Story, doing: Doing, parts: Parts, *, line: str | None, units: int | None
) -> Denied | None:
    """Tell that units are cancelled; those go first that no node has been given.

    With a part of a bundle goes the bundle.
    """
    state = story.state
    live = [p for p in state.pieces if p.state not in ("cancelled", "returned")]
    some = [p for p in live if p.state in OPEN_TO_CANCEL or (p.state == "ready" and not p.left)]
    some.sort(key=lambda piece: piece.state not in WAITING)
    wanted = _to_cancel(state, live, parts, line=line, units=units)
    found = [p for each, many in wanted.items() for p in first(_of(some, each), many)]
    many = sum(wanted.values())
    if not many or sum(piece.units for piece in found) < many:
        reason = (
            f"{many} units are to be cancelled, of which some are released, or were never there"
        )
        return doing.no(state, "cancel", reason)
    story.add("cancelled", moves=moves(found, "cancelled"), cents=invoice(state, found).cents)
    tell_promise(story, "cancelled")
    return None


def _to_cancel(
    state: OrderState, live: Iterable[Piece], parts: Parts, *, line: str | None, units: int | None
) -> dict[str, int]:
    """Return the units of each line that are to be cancelled."""
    there: dict[str, int] = {}
    for piece in live:
        there[piece.line] = there.get(piece.line, 0) + piece.units
    if line is None:
        return there if units is None else _spread(there, units)
    if line not in there:
        return {line: units or 0}
    return with_the_rest(state, {line: there[line] if units is None else units}, parts)


def _spread(there: Mapping[str, int], units: int) -> dict[str, int]:
    """Return so many units of the first lines."""
    found: dict[str, int] = {}
    for line, many in there.items():
        found[line] = min(many, units - sum(found.values()))
    return found


def _of(pieces: Iterable[Piece], line: str) -> list[Piece]:
    return [piece for piece in pieces if piece.line == line]


def give_back(
    life: Life, doing: Doing, line: str, units: int, *, node: str, grade: Grade = "new"
) -> Told | Denied:
    """Take goods back: in a store, by parcel, at a hub; refund them, and say where they go.

    Args:
        life: where.
        doing: by whom, when.
        line: which line of the order.
        units: how many.
        node: where they are, or arrive.
        grade: as they have come back.

    Raises:
        UnusableInput: the node takes nothing back.
    """
    rules = life.rules.returns

    def decide(story: Story) -> Denied | None:
        state = story.state
        gone = [p for p in of_line(state, line) if p.left and p.state != "returned"]
        some = first(gone, units)
        if sum(piece.units for piece in some) < units:
            return doing.no(
                state, "return", f"fewer than {units} units of line {line} have been sent"
            )
        sku = state.lines[line].sku
        way = way_back(life.source, sku, node, grade=grade, rules=rules)
        goods = goods_back(story, way, sku, units, rules=rules, at=node)
        whole, refund = (invoice(state, some, fees=fees).cents for fees in (True, rules.with_fees))
        story.add(
            "returned", moves=moves(some, "returned", keep=True), node=node,
            back=(goods,) if goods else (), cents=refund, fee_cents=whole - refund,
            cause=doing.cause or f"{way.what} at {way.node}, worth {way.value} cents a unit",
        )  # fmt: skip
        return None

    return act(life, doing, "return", decide, body=f"{line} {units} {node} {grade}")


def show(life: Life, order: str) -> OrderState | None:
    """Return an order as it is; none, where there is none."""
    return look(life, [order]).get(order)


def events(life: Life, cursor: int = 0, most: int = 1_000) -> list[tuple[int, str]]:
    """Return what has happened after a place among all events: place, and JSON."""
    return life.desk.write(lambda session: read_events(session, cursor, most))
