"""A plan into a database: exactly once, whatever is killed and when.

The protocol. A run is a night with a name; every step is one transaction.

    (1)  start    the row of the run: what was asked for. Nothing else is kept yet.
    (2)  keep     the whole plan, cut into partitions, and the run's state `planned`: the same
                  transaction changes the state and puts in every partition, and what the plan
                  was made from (seen.py), by which it is explained later.
    (3)  write    one partition: its row in the ledger, and all that it changes, together:
         (3.1)    the ledger's row goes in first; if it is there, the partition has been written
                  already, and nothing is done
         (3.2)    its orders are locked, from low row to high; those that are no longer open as
                  they were read fall out
         (3.3)    its cells, then its nodes' days, are locked, from low row to high; orders that
                  would take more than is free now (guard.py) fall out
         (3.4)    days: used + shipments, used + units; cells: reserved + units, version + 1,
                  where the version is still that of (3.3); lines: allocated + units; orders:
                  version + 1, `allocated` if nothing is short
         (3.5)    shipments, allocations, shortages; for those that fell out, the reason
         Orders that the plan moves from node to node are moved (life/move.py), in partitions that
         come first; those that cannot be keep what they have.
    (4)  end      the run's state `done`, and the documents of its partitions go.

What holds at every moment, for whoever reads the database:

    (a)  A run has no partitions, or all of them: (2) is one transaction.
    (b)  A partition has a row in the ledger if, and only if, its effects are there: (3) is one
         transaction, and the key (run, part) is unique.
    (c)  reserved of a cell = Σ units of allocations from it, and of holds (reserve.py);
         allocated of a line = Σ units of allocations to it ≤ its units. A cell that gives gives
         no more than is free: on_hand − reserved − safety + receipts due.
    (d)  A plan that is kept does not change. Whoever comes back with the name of a run that is
         planned writes that plan: the partitions that the ledger lacks.

So a run that is killed before (2) is decided again, from what is read then; killed after, it
ends with the plan that was kept. Two processes with the same run do no harm: one of them finds
the state changed in (2) and the ledger's row there in (3.1). Two runs of one night do none
either: orders are locked before cells, both from low to high, so that nobody waits in a circle,
and (3.2) lets an order be served by one of them only.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import polars as pl
from sqlalchemy import delete, func, select, update

from omnisource.models.plan import Plan
from omnisource.models.tables import (
    DONE,
    PLANNED,
    STARTED,
    LedgerRow,
    PartitionRow,
    RunRow,
    table_of,
)
from omnisource.orchestrator.seen import pack
from omnisource.orchestrator.store.bulk import insert_frame, insert_new
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.partition import partition_documents
from omnisource.orchestrator.store.read import StoredWorld
from omnisource.orchestrator.store.records import Record, put_record
from omnisource.orchestrator.store.session import session_of

HEAD: Final = 4_000
NOW: Final = re.compile('"now": (-?[0-9]+)')
"""Characters of a run's document that tell its time, and how."""
AT_ONCE: Final = 50
"""Partitions that are text in memory at a time."""


@dataclass(frozen=True)
class StoredRun:
    """A run as a database has it."""

    run: str
    status: str  # started, planned or done
    digest: str  # of what its plan was made from
    partitions: int
    options: Mapping[str, Any]  # what was asked for
    document: Mapping[str, Any]  # what the plan came to; empty before there is one


@dataclass(frozen=True)
class Written:
    """What has been written of a run."""

    orders: int  # that were given units
    shipments: int
    fallen: int  # orders that fell out


def find_run(database: Database, run: str) -> StoredRun | None:
    """Return a run; None where there is none of that name."""
    with database.reading() as connection:
        found = connection.execute(select(table_of(RunRow)).filter_by(run=run)).one_or_none()
    return None if found is None else _stored(found)


def unfinished_runs(database: Database) -> list[str]:
    """Return the runs whose plan is kept and not yet all written."""
    runs = table_of(RunRow)
    with database.reading() as connection:
        return list(connection.scalars(select(runs.c.run).where(runs.c.status == PLANNED)))


def last_prices(database: Database) -> pl.DataFrame | None:
    """Return the prices by name of the latest run that has some, by the clock of its scenario.

    Of the others only the beginning is read, which says when they were.
    """
    c = table_of(RunRow).c
    heads = select(c.run, func.substr(c.document, 1, HEAD)).where(c.status != STARTED)
    with database.reading() as connection:
        runs = [(int(NOW.findall(head)[0]), run) for run, head in connection.execute(heads)]
        for _, run in sorted(runs, key=lambda each: -each[0]):
            text = connection.scalar(select(c.document).where(c.run == run))
            prices = json.loads(text or "{}").get("prices", {})
            if any(prices.values()):
                return pl.DataFrame(prices)
    return None


def _stored(found: Any) -> StoredRun:
    row = dict(found._mapping)
    row |= {name: json.loads(row[name]) for name in ("options", "document")}
    return StoredRun(**row)


def start_run(database: Database, run: str, options: Mapping[str, Any], digest: str) -> StoredRun:
    """Put in the row of a run, (1), unless it is there; return it as it is there."""
    runs = table_of(RunRow)
    new = {"run": run, "status": STARTED, "digest": digest, "partitions": 0,
           "options": json.dumps(options), "document": "{}"}  # fmt: skip
    with database.writing() as connection:
        if insert_new(connection, runs, new):
            return StoredRun(run, STARTED, digest, 0, options, {})
        return _stored(connection.execute(select(runs).filter_by(run=run)).one())


def keep_plan(
    world: StoredWorld, plan: Plan, run: str, document: Mapping[str, Any], *, size: int
) -> bool:
    """Keep the whole plan of a run, (2).

    Args:
        world: what the plan was made for, and where it goes.
        plan: what was decided.
        run: its row is there.
        document: what the plan comes to.
        size: orders of a partition.

    Returns:
        False where another process has kept a plan for that run: then this one is dropped.
    """
    runs, partitions = table_of(RunRow), table_of(PartitionRow)
    count, texts = partition_documents(world, plan, size)
    change = {"status": PLANNED, "digest": world.digest, "partitions": count,
              "document": json.dumps(document)}  # fmt: skip
    mine = update(runs).where(runs.c.run == run, runs.c.status == STARTED).values(change)
    with world.database.writing() as connection:
        if connection.execute(mine).rowcount == 0:
            return False
        if plan.shipments.rows:
            at = int(world.scenario.now.timestamp())
            record = Record("night", run, 0, at, pack(world, plan))
            put_record(session_of(connection), record)
        for first in range(0, count, AT_ONCE):
            some = list(islice(texts, AT_ONCE))
            parts = range(first, first + len(some))
            rows = {"run": [run] * len(some), "part": parts, "document": some}
            insert_frame(connection, partitions, pl.DataFrame(rows))
    return True


def parts_to_write(database: Database, run: StoredRun) -> list[int]:
    """Return the partitions of a planned run that the ledger lacks."""
    ledger = table_of(LedgerRow)
    with database.reading() as connection:
        done = set(connection.scalars(select(ledger.c.part).where(ledger.c.run == run.run)))
    return [part for part in range(run.partitions) if part not in done]


def end_run(database: Database, run: str) -> None:
    """Say that all of a run has been written, (4)."""
    runs, partitions = table_of(RunRow), table_of(PartitionRow)
    with database.writing() as connection:
        connection.execute(update(runs).where(runs.c.run == run).values(status=DONE))
        connection.execute(delete(partitions).where(partitions.c.run == run))


def written(database: Database, run: str) -> Written:
    """Return what the ledger says of a run."""
    t = table_of(LedgerRow)
    sums = [
        func.coalesce(func.sum(column), 0) for column in (t.c.orders, t.c.shipments, t.c.fallen)
    ]
    with database.reading() as connection:
        found = connection.execute(select(*sums).where(t.c.run == run)).one()
    return Written(*(int(figure) for figure in found))
