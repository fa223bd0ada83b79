"""Where a product is to be had, as a report for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table as Grid

from omnisource.models.availability import Availability, NodeAvailability, Supply
from omnisource.orchestrator.report.plans import grid, sentences
from omnisource.orchestrator.report.words import count, share

SHOWN = 20
"""Nodes that the table shows."""
TIME = "%Y-%m-%d %H:%M"


def availability_report(found: Availability) -> RenderableType:
    """Return whether and where a product can be collected, the nearest node first."""
    parts: list[RenderableType] = [sentences(_headline(found), *_remarks(found))]
    if found.nodes:
        parts.append(_nodes(found))
    rest = len(found.nodes) - SHOWN
    if rest > 0:
        parts.append(sentences("", f"{count(rest, 'more node')} further away: --json lists them."))
    return Group(*parts)


def _headline(found: Availability) -> str:
    what = f"{count(found.units, 'unit')} of {found.sku}" + (
        f", {found.name}" if found.name else ""
    )
    if not found.available:
        return f"No: {what} cannot be collected out of stock."
    node = next(node for node in found.nodes if not node.reasons)
    return f"Yes: {what} at {node.node}, {node.km:g} km away, from {node.collect_at:{TIME}}."


def _remarks(found: Availability) -> list[str]:
    near = found.near
    said = [f"{reason[0].upper()}{reason[1:]}." for reason in found.reasons]
    if near.postcode:
        return [*said, f"Distances are from {near.lat:.4f},{near.lon:.4f}: {near.known_by}."]
    return said


def _nodes(found: Availability) -> Grid:
    table = grid("", "node", "remarks", "km", "free", "sure", "from", left=2)
    for node in found.nodes[:SHOWN]:
        sure = "" if node.probability is None else share(node.probability)
        table.add_row(
            node.node, "; ".join(_said(node)), f"{node.km:,.1f}", f"{node.units:,}", sure,
            _from(node),
        )  # fmt: skip
    return table


def _from(node: NodeAvailability) -> str:
    return "" if node.collect_at is None else f"{node.collect_at:{TIME}}"


def _said(node: NodeAvailability) -> list[str]:
    due = [f"{count(one.units, 'unit')} due {one.due:%Y-%m-%d}" for one in node.receipts]
    kind = [node.supply.value] if node.supply in (Supply.BACKORDER, Supply.PREORDER) else []
    return [*node.reasons, *kind, *due]
