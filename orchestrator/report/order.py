"""An explanation as a report for a terminal: what is sent, what else could be, what forbids it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo

from rich.console import Group, RenderableType
from rich.table import Table as Grid

from omnisource.models.explanation import (
    Content,
    Decision,
    Explanation,
    LineVerdict,
    Verdict,
    WhyNot,
)
from omnisource.orchestrator.report.plans import difference, grid, sentences
from omnisource.orchestrator.report.words import count, money, more

SCARCE = {
    "stock": "a unit of {sku} at {node}",
    "shipments": "a shipment of {node}",
    "units": "a unit that {node} picks",
}


NAMED = 6
"""Nodes that a sentence names."""


def explanation_report(why: Explanation, zone: tzinfo | None = None) -> RenderableType:
    """Return why an order is served as it is.

    Args:
        why: the explanation.
        zone: whose local time is shown; UTC if absent.
    """
    parts: list[RenderableType] = [sentences(*_headline(why))]
    if why.shipments:
        parts.append(_shipments(why, zone or UTC))
    if why.why_not is not None:
        parts.append(_why_not(why.why_not))
    if why.exact:
        parts.append(_alternatives(why))
    parts += [_prices(why)] if why.prices else []
    if _refused(why.verdicts):
        parts.append(sentences("Who cannot", *grouped(why.verdicts)))
    return Group(*parts)


def _headline(why: Explanation) -> Iterator[str]:
    sent = count(len(why.shipments), "shipment") if why.shipments else "nothing is sent"
    yield f"{why.order}: {sent}, {money(why.cost_cents)}."
    if why.decision is not None:
        yield _decided(why.decision)
    yield "Bill: " + ", ".join(
        f"{term} {money(cents)}" for term, cents in why.bill.items() if cents
    )
    if why.short:
        yield f"Short: {_contents(why.short)}."
    if why.prices:
        yield (
            f"With the prices of what it takes from other orders it counts as "
            f"{money(why.priced_cents)}: that is what the choice went by."
        )
    if not why.exact:
        yield (
            "The order is too large for its alternatives to be worked out exactly: "
            "what follows is its plan, the prices and who could not serve it."
        )


def _decided(decision: Decision) -> str:
    """Say when and why a decision was taken, and under which policy."""
    who = f"by the night {decision.run}" if decision.run else f"({decision.what})"
    said = f"Decided {decision.at:%Y-%m-%d %H:%M} UTC {who}"
    if decision.gap is not None:
        said += f", at most {decision.gap:.2%} above the optimum"
    return f"{said}, under policy version {decision.version} ({decision.policy})."


def _contents(contents: Iterable[Content]) -> str:
    return ", ".join(f"{content.units} × {content.sku}" for content in contents)


def _shipments(why: Explanation, zone: tzinfo) -> Grid:
    table = grid("What is sent", "node", "by", "holds", "arrives", "cost", left=4)
    for shipment in why.shipments:
        late = f", {count(shipment.days_late, 'day')} late" if shipment.days_late else ""
        table.add_row(
            shipment.node,
            shipment.service or "over the counter",
            _contents(shipment.contents),
            f"{shipment.arrives.astimezone(zone):%Y-%m-%d %H:%M}{late}",
            money(sum(shipment.bill.values())),
        )
    return table


def _why_not(asked: WhyNot) -> RenderableType:
    other = asked.alternative
    if other is None or not other.extra_cents:
        said = asked.reason
    else:
        dearer = "more" if other.extra_cents > 0 else "less"
        said = (
            f"{money(abs(other.extra_cents))} {dearer}: {count(other.shipments, 'shipment')} from "
            f"{', '.join(other.nodes)}"
        )
        if round(other.extra_priced_cents) != other.extra_cents:
            said += f"; {more(other.extra_priced_cents)} with the prices of what it takes"
    rules = [f"In the way: {', '.join(asked.rules)}."] if asked.rules else []
    return sentences(f"Why not {asked.node}? {said}.", *rules, *grouped(asked.verdicts))


def _alternatives(why: Explanation) -> RenderableType:
    if not why.alternatives:
        return sentences("", "There is no other way to serve this order.")
    columns = ["what else", "from", "shipments", "short", "extra cost"]
    columns += ["with prices"] if why.prices else []
    table = grid("Alternatives, best first", *columns, left=2)
    for other in why.alternatives:
        extra = [other.extra_cents, *([other.extra_priced_cents] if why.prices else [])]
        table.add_row(
            other.what,
            ", ".join(other.nodes) or "nowhere",
            str(other.shipments),
            str(other.short_units),
            *(difference(cents) for cents in extra),
        )
    return table


def _prices(why: Explanation) -> Grid:
    table = grid("What is scarce", "what", "worth to others")
    for price in (price for price in why.prices if round(price.cents)):
        table.add_row(SCARCE[price.resource].format(sku=price.sku, node=price.node),
                      money(price.cents))  # fmt: skip
    return table


def _refused(verdicts: Iterable[LineVerdict]) -> list[LineVerdict]:
    return [found for found in verdicts if found.verdict != Verdict.ELIGIBLE]


def grouped(verdicts: Iterable[LineVerdict]) -> Iterator[str]:
    """Yield one sentence a product: who cannot send it, by reason."""
    by_line: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for found in _refused(verdicts):
        rules = f" ({', '.join(found.rules)})" if found.rules else ""
        by_line[found.line, found.sku][f"{found.verdict.value}{rules}"].append(found.node)
    for (_, sku), reasons in by_line.items():
        said = "; ".join(f"{why}: {_some(nodes)}" for why, nodes in reasons.items())
        yield f"{sku}: {said}"


def _some(names: list[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
