"""What nobody says: nodes that are silent or down, and who needs a person."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Final

from omnisource.models.base import UnusableInput
from omnisource.models.tables import PERSON
from omnisource.models.told import Denied, Told
from omnisource.models.world import NODE_KINDS
from omnisource.orchestrator.life.decline import decline
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.story import Story, begun
from omnisource.orchestrator.life.verbs import show
from omnisource.orchestrator.store.events import read_order
from omnisource.orchestrator.store.plan import find_run
from omnisource.orchestrator.store.session import Statement, session_of

UNSENT: Final = Statement(
    'SELECT DISTINCT a."order", a.run, a.shipment FROM allocations a WHERE a.node IN (:nodes) '
    "AND NOT EXISTS (SELECT 1 FROM sent g WHERE g.run = a.run AND g.shipment = a.shipment "
    'AND g.line = a.line) ORDER BY a."order", a.run, a.shipment'
)
ACCEPTED: Final = Statement("SELECT run, shipment FROM acknowledgements WHERE accepted")
REFUSED: Final = Statement(
    'SELECT s."order", k.run, k.shipment, k.reason FROM acknowledgements k JOIN shipments s '
    "ON s.run = k.run AND s.shipment = k.shipment WHERE NOT k.accepted ORDER BY k.at"
)
WITH_PERSON: Final = Statement('SELECT "order" FROM orders WHERE status = :status ORDER BY row')


def silent(life: Life, now: datetime, minutes: int) -> list[tuple[str, str]]:
    """Return the shipments that dropshippers have not acknowledged in time: order, shipment.

    Args:
        life: where.
        now: the clock.
        minutes: that a dropshipper has from the allocation to the release.
    """
    nodes = life.source.world.nodes
    theirs = nodes["node"][nodes["kind"] == NODE_KINDS.index("dropshipper")].tolist()
    with life.desk.database.reading() as connection:
        taken = {f"{run}/{number}" for run, number in session_of(connection).rows(ACCEPTED)}
    found, planned_at = [], cache(partial(_planned_at, life))
    for order, shipment in _unsent(life, theirs):
        if shipment in taken:
            continue
        seen = read_order(life.desk.database, order)
        told = [e.at for e in seen.events if any(s.shipment == shipment for s in e.shipments)]
        held = begun(seen, Story(order, now)).state.of_shipment(shipment)
        waits = any(piece.state == "allocated" for piece in held)
        given = told[0] if told else planned_at(shipment.rpartition("/")[0])
        if waits and given is not None and given + timedelta(minutes=minutes) <= now:
            found.append((order, shipment))
    return found


def _planned_at(life: Life, run: str) -> datetime | None:
    """Return the time of a night; none, where no night is called so."""
    night = find_run(life.desk.database, run)
    return None if night is None else datetime.fromtimestamp(60 * night.document["now"], UTC)


def drop_silent(life: Life, doing: Doing, minutes: int) -> list[Told | Denied]:
    """Take from silent dropshippers what they have not acknowledged, and source it again."""
    return [
        decline(life, doing.of(order, shipment, cause="silent"), shipment)
        for order, shipment in silent(life, doing.now, minutes)
    ]


def drop_refused(life: Life, doing: Doing) -> list[Told | Denied]:
    """Take from nodes what they have declined over HTTP, and source it again."""
    with life.desk.database.reading() as connection:
        rows = session_of(connection).rows(REFUSED)
    return [
        decline(life, doing.of(order, f"{run}/{number}", cause=reason), f"{run}/{number}")
        for order, run, number, reason in rows
        if _is_held(life, order, f"{run}/{number}")
    ]


def node_down(life: Life, doing: Doing, node: str) -> list[Told | Denied]:
    """Take from a node all that it has not sent, and source it again without it.

    Raises:
        UnusableInput: there is no such node.
    """
    if node not in life.source.rows["node"]:
        raise UnusableInput(f"there is no node {node}")
    return [
        decline(life, doing.of(order, shipment, cause=f"{node} is down"), shipment)
        for order, shipment in _unsent(life, [node])
        if _is_held(life, order, shipment)
    ]


def _is_held(life: Life, order: str, shipment: str) -> bool:
    state = show(life, order)
    return state is not None and any(piece.is_held for piece in state.of_shipment(shipment))


def _unsent(life: Life, nodes: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the shipments of nodes of which something has not left: order, shipment."""
    with life.desk.database.reading() as connection:
        rows = session_of(connection).rows(UNSENT, nodes=nodes)
    yield from ((order, f"{run}/{number}") for order, run, number in rows)


def with_person(life: Life) -> list[str]:
    """Return the orders that a person is to see to."""
    with life.desk.database.reading() as connection:
        return [order for (order,) in session_of(connection).rows(WITH_PERSON, status=PERSON)]


def histories(life: Life, orders: list[str]) -> dict[str, list[dict[str, str]]]:
    """Return what has happened to orders that a person is to see to: who declined, when and why."""
    return {
        order: [
            {"at": event.at.isoformat(), "event": event.kind, "node": event.node or "",
             "cause": event.cause}
            for event in read_order(life.desk.database, order).events
            if event.kind in ("allocated", "declined", "backordered", "promise_changed", "person")
        ]
        for order in orders
    }  # fmt: skip
