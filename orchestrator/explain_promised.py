"""Explain an order that was placed as it was promised, by ways that no night chooses: over lanes.

Nobody can judge such a plan as a night's: its first service goes to a hub or a store, not to the
customer. So its shipments and cents are those that were promised, and beside them stands what the
oracle would have sent by parcel, as if nothing had been promised.

    extra = cost of the other plan − cents promised
    extra with prices = the same with the prices of then for all that each takes, Σ over shipments
        of price of a shipment at its node + Σ units (price of its cell + price of a unit there)
"""

from collections.abc import Iterable, Mapping
from typing import Final

from omnisource.models.explanation import (
    Alternative,
    Content,
    ExplainedShipment,
    Explanation,
    WhyNot,
)
from omnisource.orchestrator.life.free import PriceOf
from omnisource.orchestrator.life.record import Recorded
from omnisource.orchestrator.life.sourcing import Sent

TERM: Final = "as promised"
"""What its cents are called in the bill."""


def as_promised(known: Recorded, bare: Explanation) -> Explanation:
    """Return why an order is served as it was promised.

    Args:
        known: the record of it.
        bare: an explanation of the same order, sent nothing.
    """
    cents = sum(each.cost_cents for each in known.sent)
    priced = cents + rent(known)
    shift = bare.cost_cents - cents, bare.priced_cents - priced
    return bare.model_copy(update={
        "cost_cents": cents,
        "priced_cents": priced,
        "bill": {TERM: cents},
        "shipments": tuple(_shipment(known, each) for each in known.sent),
        "short": (),
        "alternatives": tuple(_compared(each, shift) for each in bare.alternatives),
        "why_not": bare.why_not and _why_not(bare.why_not, known.sent, shift),
    })  # fmt: skip


def rent(known: Recorded) -> float:
    """Return the prices, cents, of all that was taken."""
    return sum(
        _price(known.prices, "node_orders", each.node)
        + sum(
            units * (_price(known.prices, "stock", each.node, known.wants.lines[line][0])
                     + _price(known.prices, "node_units", each.node))
            for line, units in each.units.items()
        )
        for each in known.sent
    )  # fmt: skip


def _price(prices: PriceOf, resource: str, node: str, sku: str = "") -> float:
    by_node: Mapping[str, float] = prices.get(resource, {}).get(sku, {})
    return by_node.get(node, 0.0)


def _shipment(known: Recorded, sent: Sent) -> ExplainedShipment:
    contents = tuple(
        Content(line=line, sku=known.wants.lines[line][0], units=units)
        for line, units in sent.units.items()
    )
    return ExplainedShipment(
        node=sent.node, service=sent.service or "", contents=contents, arrives=sent.arrives,
        days_late=0, bill={TERM: sent.cost_cents},
    )  # fmt: skip


def _compared(other: Alternative, shift: tuple[int, float]) -> Alternative:
    """Compare another plan with what was promised instead of with nothing."""
    extra, priced = other.extra_cents + shift[0], other.extra_priced_cents + shift[1]
    return other.model_copy(update={"extra_cents": extra, "extra_priced_cents": priced})


def _why_not(asked: WhyNot, sent: Iterable[Sent], shift: tuple[int, float]) -> WhyNot:
    other = asked.alternative and _compared(asked.alternative, shift)
    said: dict[str, object] = {"alternative": other}
    if any(each.node == asked.node for each in sent):
        said |= {"reason": f"{asked.node} is used", "rules": ()}
    elif other is not None:
        more = other.extra_priced_cents / 100
        said["reason"] = f"{asked.node} would cost {more:.2f} more by parcel, prices included"
    return asked.model_copy(update=said)
