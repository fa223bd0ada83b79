"""The table of moves, and the state that events make, by hand and at random."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnisource.models.claims import claims_of
from omnisource.models.lifecycle import (
    MOVES,
    NOTHING,
    STATES,
    Event,
    IllegalMove,
    Move,
    OrderState,
    Piece,
    Shipment,
    after,
    state_of,
)
from omnisource.models.order import Line, Order

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
HEAD = Order(order="o", placed_at=NOON, country="DE", postcode="1")
SENT = Shipment(shipment="r/0", run="r", number=0, node="W", day=date(2025, 1, 6))


def event(sequence: int, kind: Any, *moves: Move, **more: Any) -> Event:
    return Event(order="o", sequence=sequence, kind=kind, at=NOON, moves=moves, **more)


def move(units: int, before: Any, to: Any, **more: Any) -> Move:
    return Move(line="a", units=units, before=before, after=to, **more)


PLACED = event(1, "placed", put=HEAD, lines=(Line(order="o", line="a", sku="A", units=5),))
GIVEN = event(2, "allocated", move(3, "placed", "allocated", into="r/0"), shipments=(SENT,))


def test_every_state_has_its_moves_and_only_two_have_none() -> None:
    assert set(MOVES) == set(STATES)
    assert {to for moves in MOVES.values() for to in moves} == set(STATES)
    assert [state for state, moves in MOVES.items() if not moves] == ["returned", "cancelled"]


def test_every_state_can_come_to_an_end() -> None:
    ends = {"returned", "cancelled", "delivered", "collected"}
    for _ in STATES:
        ends |= {state for state, moves in MOVES.items() if ends & set(moves)}
    assert ends == set(STATES)


def test_events_make_pieces() -> None:
    state = state_of([PLACED, GIVEN])
    assert state.pieces == (Piece("a", 0, 3, "allocated", "r/0"), Piece("a", 3, 5))
    assert state.state == "placed"
    state = after(state, event(3, "cancelled", move(2, "placed", "cancelled")))
    assert state.state == "allocated"
    assert claims_of(state).reserved == {("W", "A"): 3}
    assert claims_of(state).wanted == {"a": 3}


def test_a_move_that_the_table_has_not_is_refused_with_those_it_has() -> None:
    wrong = event(3, "shipped", move(1, "allocated", "shipped", shipment="r/0", into="r/0"))
    with pytest.raises(IllegalMove, match="only released, declined, placed, cancelled may follow"):
        after(state_of([PLACED, GIVEN]), wrong)


def test_more_units_than_there_are_cannot_move() -> None:
    with pytest.raises(IllegalMove, match="line a has 1 units too few that are placed"):
        after(state_of([PLACED, GIVEN]), event(3, "cancelled", move(3, "placed", "cancelled")))


def test_an_event_that_is_not_the_next_is_refused() -> None:
    with pytest.raises(IllegalMove, match="event 2 follows 0"):
        after(NOTHING, GIVEN)


@given(st.data())
def test_any_legal_moves_lose_no_unit(data: st.DataObject) -> None:
    state = state_of([PLACED])
    for _ in range(data.draw(st.integers(0, 25))):
        open_ = [piece for piece in state.pieces if MOVES[piece.state]]
        if not open_:
            break
        state = after(state, _any_move(data, state, data.draw(st.sampled_from(open_))))
        assert sum(piece.units for piece in state.pieces) == 5
        assert [p.start for p in state.pieces] == [0, *(p.stop for p in state.pieces[:-1])]
        claims = claims_of(state)
        assert sum(claims.reserved.values()) + sum(claims.gone.values()) == sum(
            claims.given.values()
        )


def _any_move(data: st.DataObject, state: OrderState, piece: Piece) -> Event:
    to = data.draw(st.sampled_from(MOVES[piece.state]))
    units = data.draw(st.integers(1, piece.units))
    new = SENT.model_copy(update={"shipment": f"r/{state.sequence}", "number": state.sequence})
    into = {"allocated": new.shipment, "placed": None, "backordered": None, "cancelled": None,
            "declined": None, "held": None}.get(to, piece.shipment)  # fmt: skip
    step = move(units, piece.state, to, shipment=piece.shipment, into=into)
    sent = (new,) if to == "allocated" else ()
    return event(state.sequence + 1, to, step, shipments=sent)


def test_an_order_stays_with_a_person_while_what_was_declined_waits() -> None:
    """b goes on meanwhile; only when a has been cancelled is there nothing left to see to."""

    def told(sequence: int, kind: str, *moves: Move, **more: Any) -> Event:
        some = {"order": "o", "sequence": sequence, "kind": kind, "at": NOON, "moves": moves}
        return Event.model_validate({**some, **more})

    def moved(line: str, before: str, after: str, **more: Any) -> Move:
        return Move.model_validate(
            {"line": line, "units": 1, "before": before, "after": after, **more}
        )

    lines = tuple(Line(order="o", line=line, sku=line, units=1) for line in "ab")
    sent = Shipment(shipment="s", run="r", number=0, node="W", day=NOON.date())
    other = sent.model_copy(update={"shipment": "t", "number": 1})
    events = [
        told(1, "placed", put=HEAD, lines=lines),
        told(2, "allocated", moved("a", "placed", "allocated", into="s"), shipments=(sent,)),
        told(3, "declined", moved("a", "allocated", "declined", shipment="s")),
        told(4, "person"),
        told(5, "allocated", moved("b", "placed", "allocated", into="t"), shipments=(other,)),
        told(6, "cancelled", moved("a", "declined", "cancelled")),
    ]
    assert [state_of(events[:n]).is_with_person for n in (3, 4, 5, 6)] == [False, True, True, False]
    seen_to = told(5, "changed", forget=True)
    assert not state_of([*events[:4], seen_to]).is_with_person
