"""What is left of some products, now; and what the last night says that things are worth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json import loads
from typing import Final

from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.plan import last_prices
from omnisource.orchestrator.store.session import Statement, session_of

FREE: Final = Statement(
    "SELECT node, sku, on_hand - reserved - safety, document FROM stock "
    "WHERE sku IN (:skus) AND on_hand - reserved > safety"
)
ROOM: Final = Statement(
    "SELECT kind, node, most - used FROM quotas WHERE at = :day AND kind IN ('orders', 'units')"
)
Cell = tuple[str, str]
PriceOf = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Cents by resource, SKU ("" for none) and node."""


@dataclass(frozen=True)
class Free:
    """What is left of some products, and of a day."""

    units: Mapping[Cell, int]
    cost: Mapping[Cell, int]  # cents a unit drawn
    room: Mapping[Cell, int]  # shipments or units, by kind and node


def read_free(database: Database, skus: Sequence[str], day: str) -> Free:
    """Return what is left of some products, and of a day."""
    with database.reading() as connection:
        session = session_of(connection)
        stock = session.rows(FREE, skus=list(skus))
        room = session.rows(ROOM, day=day)
    return Free(
        units={(node, sku): units for node, sku, units, _ in stock},
        cost={(node, sku): cents for node, sku, _, text in stock if (cents := _unit_cost(text))},
        room={(kind, node): left for kind, node, left in room},
    )


@lru_cache(maxsize=10_000)
def _unit_cost(document: str) -> int:
    """Return the extra cost of drawing from a cell."""
    return int(loads(document).get("unit_cost_cents") or 0)


def prices_now(database: Database, nodes: Iterable[str]) -> PriceOf:
    """Return the prices of the latest night, of some nodes; of none, where there is no night."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    table, known = last_prices(database), set(nodes)
    if table is None:
        return found
    columns = (table[name].to_list() for name in ("resource", "node", "sku", "cents"))
    for resource, node, sku, cents in zip(*columns, strict=True):
        if node in known:
            found.setdefault(resource, {}).setdefault(sku or "", {})[node] = cents
    return found
