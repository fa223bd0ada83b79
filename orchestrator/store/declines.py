"""How often nodes decline, as orders' lives have shown.

The decline rate of a node with d shipments declined and s not, and p what the scenario says of it:

    (1)  rate = (d + PRIOR p) / (d + s + PRIOR) = p + (d − (d + s) p) / (d + s + PRIOR)

so that a node is judged by what it did once it has done much, and by what is known of it before.
Whoever reads a world out of a database gets these rates: so promises reckon with them.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from sqlalchemy import Connection

from omnisource.models.world import Table
from omnisource.orchestrator.store.session import Session, Statement, session_of

PRIOR: Final = 20
"""Shipments that what the scenario says of a node counts for."""
DECLINED: Final = Statement(
    "SELECT node, COUNT(*) FROM events WHERE kind = 'declined' AND node IS NOT NULL GROUP BY node"
)
NOT_DECLINED: Final = Statement("SELECT node, COUNT(*) FROM shipments GROUP BY node")


def decline_rates(session: Session, stated: Mapping[str, float]) -> dict[str, float]:
    """Return how often each node declines, (1), given what the scenario says of each."""
    declined: Counter[str] = Counter(dict(session.rows(DECLINED)))
    others: Counter[str] = Counter(dict(session.rows(NOT_DECLINED)))
    seen = declined + others
    return {
        node: rate + (declined[node] - seen[node] * rate) / (seen[node] + PRIOR)
        for node, rate in stated.items()
    }


def seen_declines(connection: Connection, nodes: pl.DataFrame) -> dict[str, float]:
    """Return how often each node declines, of a table that says what the scenario says of it."""
    stated = nodes.select("node", pl.col("decline_rate").fill_null(0.0)).iter_rows()
    return decline_rates(session_of(connection), dict(stated))


def judged(nodes: Table, rates: Mapping[str, float]) -> Table:
    """Return nodes with those rates."""
    return nodes.replace(decline_rate=np.array([rates[node] for node in nodes["node"]]))
