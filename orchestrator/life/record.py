"""The record of one order's decision: what was wanted, what was left, prices, what was sent.

It is small, as it names the network that it goes with instead of holding it: compressed JSON of
what `Sourcer` was asked, and answered. With it the decision can be taken again at any time, as it
was, or with something forced.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from omnisource.models.order import Order
from omnisource.models.policy import Fence
from omnisource.orchestrator.life.free import Cell, Free, PriceOf
from omnisource.orchestrator.life.sourcing import Sent, Sourcer, Wants
from omnisource.orchestrator.store.records import DAY, Record, used

FAST = 1
"""How hard to compress: every sourcing waits for it."""


@dataclass(frozen=True)
class Recorded:
    """A decision of one order, read back."""

    what: str
    network: str  # its digest
    wants: Wants
    free: Free
    prices: PriceOf
    sent: tuple[Sent, ...]


def recorded(
    source: Sourcer, wants: Wants, free: Free, sent: Sequence[Sent], *, what: str
) -> bytes:
    """Return the record of a decision.

    Args:
        source: who decided.
        wants: what was wanted.
        free: what was left, before.
        sent: what was decided.
        what: why there was something to decide.
    """
    nodes = {node for node, _ in free.units} | {node for node, _ in wants.own}
    document = {
        "what": what,
        "network": source.network[0],
        "order": wants.order.model_dump(mode="json", exclude_defaults=True),
        "lines": wants.lines,
        "now": wants.now.isoformat(),
        "by": None if wants.by is None else wants.by.isoformat(),
        "excluded": sorted(wants.excluded),
        "own": _rows(wants.own),
        "bundles": wants.bundles,
        "fences": [fence.model_dump(mode="json", exclude_defaults=True) for fence in wants.fences],
        "units": _rows(free.units),
        "cost": _rows(free.cost),
        "room": _rows(free.room),
        "prices": _prices(source.prices, {sku for sku, _ in wants.lines.values()}, nodes),
        "sent": [
            (each.node, each.service, each.arrives.isoformat(), each.cost_cents, each.units)
            for each in sent
        ],
    }
    return zlib.compress(json.dumps(document, default=dict).encode(), FAST)


def read_back(document: bytes) -> Recorded:
    """Return a decision from its record."""
    said: dict[str, Any] = json.loads(zlib.decompress(document))
    return Recorded(
        what=said["what"],
        network=said["network"],
        wants=Wants(
            order=Order.model_validate(said["order"]),
            lines={line: (sku, units) for line, (sku, units) in said["lines"].items()},
            now=datetime.fromisoformat(said["now"]),
            by=None if said["by"] is None else datetime.fromisoformat(said["by"]),
            excluded=frozenset(said["excluded"]),
            own=_cells(said["own"]),
            bundles=said["bundles"],
            fences=tuple(Fence.model_validate(fence) for fence in said["fences"]),
        ),
        free=Free(*(_cells(said[name]) for name in ("units", "cost", "room"))),
        prices=said["prices"],
        sent=tuple(
            Sent(node, service, datetime.fromisoformat(arrives), cents, units)
            for node, service, arrives, cents, units in said["sent"]
        ),
    )


def keep_network(source: Sourcer, write: Callable[[Any], Any], now: int) -> None:
    """Keep the network that records of orders refer to, and say daily that it is used.

    Args:
        source: who decides.
        write: does a write.
        now: seconds since 1970-01-01 UTC.
    """
    digest, packed = source.network
    if now < source.kept.get(digest, 0):
        return
    write(partial(used, record=Record("network", digest, 0, now, packed)))
    source.kept[digest] = now + DAY


def _rows(cells: Mapping[Cell, int]) -> list[tuple[str, str, int]]:
    return [(node, sku, much) for (node, sku), much in cells.items()]


def _cells(rows: Sequence[tuple[str, str, int]]) -> dict[Cell, int]:
    return {(node, sku): much for node, sku, much in rows}


def _prices(prices: PriceOf, skus: set[str], nodes: set[str]) -> dict[str, Any]:
    """Return the prices of what a decision could take."""
    return {
        resource: {
            sku: {node: cents for node, cents in by_node.items() if node in nodes and cents}
            for sku, by_node in by_sku.items()
            if sku in skus or not sku
        }
        for resource, by_sku in prices.items()
    }
