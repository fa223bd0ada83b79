"""What nodes say of the shipments that they are given: each once, for good."""

from typing import Final, Literal

from omnisource.models.http_orders import AcknowledgedAnswer, Acknowledgement
from omnisource.orchestrator.store.session import Session, Statement

Outcome = Literal["noted", "repeated", "contradicts", "unknown"]
MINE: Final = Statement("SELECT node FROM shipments WHERE run = :run AND shipment = :shipment")
NEW: Final = Statement(
    "INSERT INTO acknowledgements (run, shipment, accepted, reason, at) "
    "VALUES (:run, :shipment, :accepted, :reason, :at) ON CONFLICT DO NOTHING"
)
OLD: Final = Statement(
    "SELECT accepted FROM acknowledgements WHERE run = :run AND shipment = :shipment"
)


def acknowledge(
    session: Session, said: tuple[Acknowledgement, ...], node: str | None, now: int
) -> AcknowledgedAnswer:
    """Note what a node says of shipments; a shipment of another node is unknown to it.

    Args:
        session: of a transaction.
        said: of which shipments, and what.
        node: who says it; None may speak for all.
        now: seconds since 1970-01-01 UTC.
    """
    places = sorted(range(len(said)), key=lambda i: (said[i].run, said[i].shipment))
    outcomes = {i: _one(session, said[i], node, now) for i in places}
    return AcknowledgedAnswer(outcomes=tuple(outcomes[i] for i in range(len(said))))


def _one(session: Session, said: Acknowledgement, node: str | None, now: int) -> Outcome:
    key = {"run": said.run, "shipment": said.shipment}
    found = session.rows(MINE, **key)
    if not found or node not in (None, found[0][0]):
        return "unknown"
    if session.change(NEW, **key, accepted=said.accepted, reason=said.reason, at=now):
        return "noted"
    [[accepted]] = session.rows(OLD, **key)
    return "repeated" if bool(accepted) == said.accepted else "contradicts"
