"""What a night moves from node to node, as its plan is written: partitions of plan.py."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy import Connection

from omnisource.models.lifecycle import Shipment
from omnisource.orchestrator.life.move import Move, move
from omnisource.orchestrator.store.partition import Partition
from omnisource.orchestrator.store.session import session_of

KEEPS = "it stays where it is: {}"


def moved(
    connection: Connection, planned: Partition, run: str, *, day: str, now: int
) -> tuple[Partition, pl.DataFrame]:
    """Move the orders of a partition; return what was moved, and why the others are not.

    Args:
        connection: of a transaction.
        planned: orders that hold units at other nodes.
        run: of the night.
        day: whose capacity the new shipments take.
        now: minutes since 1970-01-01 UTC.
    """
    at = datetime.fromtimestamp(now * 60, UTC)
    wanted = list(_moves(planned, run, date.fromisoformat(day)))
    kept = move(session_of(connection), wanted, now=at, cause=f"run {run}")
    names = planned.orders["order"]
    going = names.filter(~names.is_in(list(kept)))
    fallen = {"order": list(kept), "reason": [KEEPS.format(why) for why in kept.values()]}
    schema = {"order": pl.String(), "reason": pl.String()}
    return planned.of_orders(going), pl.DataFrame(fallen, schema=schema)


def _moves(planned: Partition, run: str, day: date) -> Iterator[Move]:
    """Yield the orders of a partition with the shipments that the plan gives them."""
    held: dict[int, dict[str, int]] = {}
    for number, line, units in planned.allocations.select("shipment", "line", "units").iter_rows():
        lines = held.setdefault(number, {})
        lines[line] = lines.get(line, 0) + units
    sent: dict[str, dict[Shipment, dict[str, int]]] = {}
    for row in planned.shipments.iter_rows(named=True):
        number, named = row["shipment"], f"{run}/{row['shipment']}"
        shipment = Shipment(
            shipment=named, run=run, number=number, node=row["node"], service=row["service"],
            day=day, arrives=row["arrives"], cost_cents=_cents(row),
        )  # fmt: skip
        sent.setdefault(row["order"], {})[shipment] = held[number]
    for order, version in planned.orders.select("order", "version").iter_rows():
        yield Move(order, version, sent[order])


def _cents(row: dict[str, int]) -> int:
    """Return what a shipment costs, without what moving it is to save."""
    return row["cost_cents"] - row["moved"]
