"""The outbox as one reader sees it: all events, or those that are a node's business.

A node sees what happens to its own shipments, and nothing of prices, other nodes or the customer's
account. The cursor goes on over what it does not see.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from omnisource.models.http_life import EventPage, SeenEvent
from omnisource.models.lifecycle import Event
from omnisource.orchestrator.life.doing import Life
from omnisource.orchestrator.store.events import read_events
from omnisource.orchestrator.store.session import Statement, session_of

NEWS: Final = Statement(
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM events WHERE place > :cursor) "
    "OR EXISTS (SELECT 1 FROM events WHERE place IS NULL)"
)
GIVEN: Final = Statement(
    "SELECT document FROM events WHERE kind = 'allocated' AND \"order\" IN (:orders) "
    'ORDER BY "order", sequence'
)


def events_after(life: Life, cursor: int, most: int, node: str | None = None) -> EventPage:
    """Return events after a place, and the place to ask from next.

    Args:
        life: where.
        cursor: the place of the last event that was seen; 0: none.
        most: how many are looked at, at the most.
        node: the only node whose events are shown.
    """
    with life.desk.database.reading() as connection:
        if not session_of(connection).rows(NEWS, cursor=cursor):
            return EventPage(events=(), cursor=cursor)
    rows = life.desk.write(lambda session: read_events(session, cursor, most))
    found = [SeenEvent(place=at, event=Event.model_validate_json(text)) for at, text in rows]
    last = found[-1].place if found else cursor
    if node is not None:
        found = list(_of_node(found, node, nodes_of(life, {each.event.order for each in found})))
    return EventPage(events=tuple(found), cursor=last)


def nodes_of(life: Life, orders: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return the node of each shipment that some orders have or had."""
    with life.desk.database.reading() as connection:
        rows = session_of(connection).rows(GIVEN, orders=sorted(orders))
    told = [Event.model_validate_json(text) for (text,) in rows]
    return {
        (order, sent.shipment): sent.node
        for order, events in groupby(told, lambda event: event.order)
        for event in events
        for sent in event.shipments
    }


def _of_node(
    found: Sequence[SeenEvent], node: str, nodes: dict[tuple[str, str], str]
) -> Iterable[SeenEvent]:
    """Yield what of events is a node's business."""
    for each in found:
        event = each.event
        sent = tuple(s for s in event.shipments if s.node == node)
        moves = tuple(
            move for move in event.moves
            if node in {nodes.get((event.order, name or "")) for name in (move.shipment, move.into)}
        )  # fmt: skip
        if sent or moves or event.node == node:
            hidden = [s.model_copy(update={"cost_cents": 0}) for s in sent]
            mine = Event(
                order=event.order, sequence=event.sequence, kind=event.kind, at=event.at,
                cause=event.cause if event.node == node else "", node=node, moves=moves,
                shipments=tuple(hidden),
            )  # fmt: skip
            yield SeenEvent(place=each.place, event=mine)
