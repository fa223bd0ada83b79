"""Where an order is, what a node is to do, and an order's whole story, in a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType

from omnisource.models.lifecycle import Event
from omnisource.models.tracking import Estimate, Tracking, WorkList
from omnisource.orchestrator.report.plans import grid, sentences
from omnisource.orchestrator.report.words import count


def tracking_report(seen: Tracking) -> RenderableType:
    """Return where an order is, when it comes, and what may be changed."""
    keeps = "" if seen.keeps_promise is None else f" (probability {seen.keeps_promise:.2f})"
    promise = f"Promised by {_time(seen.promise_at)}{keeps}." if seen.promise_at else ""
    table = grid("", "shipment", "node", "service", "state", "arrives by", "carrier", left=6)
    for sent in seen.shipments:
        table.add_row(
            sent.shipment, sent.node, sent.service or "", sent.state,
            _estimate(sent.estimate), sent.carrier,
        )  # fmt: skip
    waiting = ", ".join(f"{line.units} of line {line.line}" for line in seen.waiting)
    choices = ", ".join(seen.choices).replace("_", " ") or "nothing"
    return Group(
        sentences(
            f"Order {seen.order} is {seen.state}.", promise,
            f"All of it arrives by {_estimate(seen.estimate)}." if seen.estimate.due else "",
            f"Still waiting: {waiting}." if waiting else "",
            f"What can be changed: {choices}.",
        ),
        table,
    )  # fmt: skip


def work_report(work: WorkList) -> RenderableType:
    """Return what a node is to do, the most urgent first."""
    late = sum(item.late for item in work.items)
    table = grid("", "leave by", "order", "shipment", "next", "what", left=5)
    for item in work.items:
        lines = ", ".join(f"{line.units} × {line.sku}" for line in item.lines)
        when = _time(item.leave_by) + (" late" if item.late else "")
        table.add_row(when, item.order, item.shipment, item.next, lines)
    said = f"{work.node} has {count(len(work.items), 'shipment')} to see to, {late:,} late."
    return Group(sentences(said), table)


def story_report(state: dict[str, Any], events: Sequence[Event]) -> RenderableType:
    """Return all that has happened to an order."""
    table = grid("", "at", "what", "node", "why", "who", "cents", left=5)
    for event in events:
        table.add_row(
            _time(event.at), event.kind.replace("_", " "), event.node or "", event.cause,
            event.actor, f"{event.cents:,}" if event.cents else "",
        )  # fmt: skip
    return Group(sentences(f"Order {state['order']} is {state['state']}."), table)


def _estimate(estimate: Estimate) -> str:
    sure = "" if estimate.probability is None else f" (probability {estimate.probability:.2f})"
    return _time(estimate.due) + sure


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
