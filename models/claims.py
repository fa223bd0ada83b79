"""What the state of an order means for the ledgers of a database: all that follows from it."""

from collections import Counter
from dataclasses import dataclass

from omnisource.models.lifecycle import OrderState


@dataclass(frozen=True)
class Claims:
    """What a state means for the ledgers of a database."""

    reserved: Counter[tuple[str, str]]  # units that lie at (node, SKU) for the order
    gone: Counter[tuple[str, str]]  # units that have left (node, SKU)
    given: Counter[tuple[str, str]]  # units of (shipment, line) that a node has or had to send
    sent: Counter[tuple[str, str]]  # of these, units that have left
    wanted: Counter[str]  # units of a line that are not cancelled


def claims_of(state: OrderState) -> Claims:
    """Return what a state means for the ledgers."""
    claims = Claims(Counter(), Counter(), Counter(), Counter(), Counter())
    for piece in state.pieces:
        if piece.state != "cancelled":
            claims.wanted[piece.line] += piece.units
        if piece.shipment is None or not (piece.left or piece.is_held):
            continue
        cell = state.shipments[piece.shipment].node, state.lines[piece.line].sku
        (claims.gone if piece.left else claims.reserved)[cell] += piece.units
        claims.given[piece.shipment, piece.line] += piece.units
        if piece.left:
            claims.sent[piece.shipment, piece.line] += piece.units
    return claims
