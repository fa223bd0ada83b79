"""What verbs of an order's life say, as documents and in sentences."""

from typing import Any

from rich.console import RenderableType

from omnisource.models.lifecycle import OrderState, least_far
from omnisource.models.told import ChangeQuote, Denied, Told
from omnisource.orchestrator.report.plans import sentences
from omnisource.orchestrator.report.words import money, more


def told_report(said: Told | Denied | ChangeQuote) -> RenderableType:
    """Return what came of a verb, in sentences."""
    if isinstance(said, Denied):
        stands = f"Order {said.order} is {said.state}." if said.state else ""
        legal = f"It can be {', '.join(said.legal)}." if said.legal else ""
        return sentences("This cannot be done.", *said.reasons, stands, legal)
    if isinstance(said, ChangeQuote):
        nodes = f"From {', '.join(said.nodes)}." if said.nodes else ""
        price = f"{more(said.difference_cents)} to pay."
        return sentences(
            f"Order {said.order} can be changed: quote {said.quote}.",
            price, _promise(said.promise_at), nodes,
        )  # fmt: skip
    cents = f"{money(said.cents)}." if said.cents else ""
    happened = ", ".join(event.replace("_", " ") for event in said.events)
    return sentences(
        f"Order {said.order} is {said.state}.", happened, cents, _promise(said.promise_at)
    )


def _promise(at: Any) -> str:
    return "" if at is None else f"All of it arrives by {at:%Y-%m-%d %H:%M} UTC."


def state_document(state: OrderState) -> dict[str, Any]:
    """Return an order as it is: its lines, its shipments, its promise."""
    promise = state.promise_at
    return {
        "order": state.name, "state": state.state, "sequence": state.sequence,
        "promise_at": None if promise is None else promise.isoformat(),
        "is_with_person": state.is_with_person, "excluded": sorted(state.excluded),
        "lines": [
            {
                "line": line.line, "sku": line.sku, "units": line.units,
                "state": least_far(p for p in state.pieces if p.line == line.line),
                "cents": state.amounts[line.line].due(state.tax_included),
            }
            for line in state.lines.values()
        ],
        "pieces": [
            {"line": p.line, "units": p.units, "state": p.state, "shipment": p.shipment}
            for p in state.pieces
        ],
        "shipments": [
            {**shipment.model_dump(mode="json"), "state": least_far(state.of_shipment(name))}
            for name, shipment in state.shipments.items() if state.of_shipment(name)
        ],
    }  # fmt: skip


def state_report(state: OrderState) -> RenderableType:
    """Return an order as it is, in sentences."""
    lines = [
        f"{p.units} of line {p.line}: {p.state}" + (f" in {p.shipment}" if p.shipment else "")
        for p in state.pieces
    ]
    person = "A person is to see to it." if state.is_with_person else ""
    first = f"Order {state.name} is {state.state}."
    return sentences(first, _promise(state.promise_at), person, *lines)
