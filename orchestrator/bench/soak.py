"""Many processes reserve at once, some are killed, and nothing may be lost or sold twice.

A server of one's own is killed too, and started again half a second later: who is turned away
meanwhile asks again, with the same key, as a checkout does. SQLite is in the processes killed.
Each process notes what it was told, once it was told. At the end the database must add up
(store/check.py), sell nothing twice, and know all that was told: what is told `held` is there,
what is told `confirmed` is confirmed or, asked for later, given back.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, text

from omnisource.models.base import Unavailable
from omnisource.models.network import Node
from omnisource.models.order import Line, Order
from omnisource.models.product import Product
from omnisource.models.reservation import (
    Claim,
    ClaimLine,
    ClaimShipment,
    PickUp,
    Placed,
    Reservation,
)
from omnisource.models.stock import Allotment, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.bench.server import PATIENCE, PrivateServer
from omnisource.orchestrator.checkout.reserve import (
    confirm,
    expire,
    extend,
    open_slot,
    release,
    reserve,
)
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches, oversold
from omnisource.orchestrator.store.database import Database, open_database
from omnisource.orchestrator.store.desk import Desk, open_desk
from omnisource.orchestrator.stored import load_into

SKUS: Final = 40
UNITS: Final = 150
TTL: Final = timedelta(seconds=2)
SLOT: Final = PickUp(node="S", begins=datetime(2030, 1, 7, 10, tzinfo=UTC))
PICK_UPS: Final = 500
AWAY: Final = 0.5
"""Seconds that a server that was killed stays away."""
Said = TypeVar("Said")
AFTERWARDS: Final = {
    "held": {"held", "expired", "confirmed", "released"},
    "confirmed": {"confirmed", "released"},
    "released": {"released"},
}
"""By what was told, what may be so: the last thing asked may hold without having been told."""


@dataclass(frozen=True)
class Soak:
    """What came of it."""

    told: int  # answers that a process was told: held, confirmed or given back
    confirmed: int
    killed: int  # processes
    outages: int  # of the server
    failed: int  # processes that ended with an error of their own
    missing: int  # told, and not so
    oversold: int  # stock cells
    broken: int  # rules of store/check.py
    deadlocks: int


def soak(
    url: str, *, processes: int, seconds: float, kills: int, now: datetime, seed: int = 0,
    server: PrivateServer | None = None, outages: int = 2,
) -> Soak:  # fmt: skip
    """Let processes reserve in a database for some seconds; kill some, and begin others.

    Args:
        url: a database; what is in it is replaced.
        processes: at a time.
        seconds: in all.
        kills: how many are killed, evenly over the time.
        now: the clock at the beginning.
        seed: other claims, other moments.
        server: whose database it is, if it may be killed.
        outages: how often it is, evenly over the time.
    """
    load_into(contended_world(), url, replace=True)
    with open_desk(url) as desk:
        open_slot(desk, SLOT, PICK_UPS)
        with desk.database.reading() as connection:
            before = deadlocks_of(connection)
    with TemporaryDirectory(prefix="omnisource-soak-") as folder:
        with ThreadPoolExecutor(1) as beside:
            shaken = beside.submit(_shake, server, outages, seconds)
            killed, failed = _run(url, Path(folder), processes=processes, seconds=seconds,
                                  kills=kills, now=now, seed=seed)  # fmt: skip
            gone = shaken.result()
        told = dict(_told(Path(folder)))
    database = open_database(url)
    try:
        found = _judged(database, told, killed=killed, failed=failed)
        deadlocks = max(0, found.deadlocks - before)  # a server that was killed counts anew
        return replace(found, deadlocks=deadlocks, outages=gone)
    finally:
        database.close()


def contended_world() -> World:
    """Return two nodes with little of everything."""
    skus = [f"S{number:02}" for number in range(SKUS)]
    return world_of(
        nodes=[
            Node(node="W", kind="warehouse", lat=50, lon=8, orders_per_day=4_000, safety=2),
            Node(node="S", kind="store", lat=50, lon=9),
        ],
        products=[Product(sku=sku, grams=100) for sku in skus],
        stock=[StockCell(node=node, sku=sku, on_hand=UNITS) for node in "WS" for sku in skus],
        allotments=[Allotment(node="W", sku=skus[0], channel="web", units=UNITS // 2)],
    )


def _shake(server: PrivateServer | None, outages: int, seconds: float) -> int:
    """Kill a server now and then, and start it again; return how often."""
    if server is None:
        return 0
    for _ in range(outages):
        sleep(seconds / (outages + 1))
        server.kill()
        sleep(AWAY)
        server.start()
    return outages


def _run(
    url: str, folder: Path, *, processes: int, seconds: float, kills: int, now: datetime, seed: int
) -> tuple[int, int]:
    """Keep so many processes going; return how many were killed, and how many failed."""
    context, dice, began, number = get_context("spawn"), Random(seed), perf_counter(), 0
    living: list[Any] = []
    moments = [seconds * (i + 1) / (kills + 1) for i in range(kills)]
    while (gone := perf_counter() - began) < seconds:
        while len(living) < processes:
            file, begun = folder / f"{number}.log", now + timedelta(seconds=gone)
            named = {"now": begun, "seconds": seconds - gone}
            words = (url, str(file), number + 1_000 * seed)
            living.append(context.Process(target=_customers, args=words, kwargs=named))
            living[-1].start()
            number += 1
        if moments and gone >= moments[0]:
            moments.pop(0)
            victim = living.pop(dice.randrange(len(living)))
            os.kill(victim.pid, signal.SIGKILL)
            victim.join()
        sleep(0.05)
    for process in living:
        process.join(120)
    return kills - len(moments), sum(process.exitcode != 0 for process in living)


def _customers(url: str, log: str, seed: int, *, now: datetime, seconds: float) -> None:
    """Reserve, confirm, extend and give back until time is over; note every answer."""
    dice, began, number = Random(seed), perf_counter(), 0
    with (
        _insist(lambda: open_desk(url, pool=2)) as desk,
        open(log, "a", buffering=1, encoding="utf-8") as notes,
    ):
        while (gone := perf_counter() - began) < seconds:
            at = now + timedelta(seconds=gone)
            key = f"{seed}-{number}"
            for said in _customer(desk, dice, key, at):
                notes.write(f"{said.reservation} {said.state}\n")
            if number % 200 == 199:
                _insist(partial(expire, desk, now=at))
            number += 1


def _insist(ask: Callable[[], Said]) -> Said:
    """Ask until there is an answer; for so long as a server may need to come back."""
    end = perf_counter() + PATIENCE
    while True:
        try:
            return ask()
        except Unavailable:
            if perf_counter() > end:
                raise
            sleep(0.1)


def _customer(desk: Desk, dice: Random, key: str, now: datetime) -> Iterator[Reservation]:
    """Yield what one customer is told."""
    claim = _claim(dice, now)
    held = _insist(lambda: reserve(desk, claim, key=key, now=now, ttl=TTL))
    if not isinstance(held, Reservation):
        return
    yield held
    name = held.reservation
    if dice.random() < 0.3:
        _insist(lambda: extend(desk, name, key=f"{key}-longer", now=now, ttl=2 * TTL))
    fate = dice.random()
    if fate < 0.3:
        order = _order(claim, key, now)
        said = _insist(lambda: confirm(desk, name, order, key=f"{key}-paid", now=now))
        if isinstance(said, Reservation):
            yield said
    if 0.2 < fate < 0.6:
        said = _insist(lambda: release(desk, name, key=f"{key}-no", now=now))
        if isinstance(said, Reservation):
            yield said


def _claim(dice: Random, now: datetime) -> Claim:
    skus = [f"S{number:02}" for number in dice.sample(range(SKUS), 3)]
    if dice.random() < 0.3:
        skus[0] = "S00"
    lines = {sku: ClaimLine(line=sku, sku=sku, units=dice.randint(1, 2)) for sku in skus}
    node = dice.choice("WS")
    shipment = ClaimShipment(node=node, day=now.date(), lines=tuple(lines.values()))
    pickup = SLOT if node == "S" else None
    return Claim(channel=dice.choice(["", "web"]), shipments=(shipment,), pickup=pickup)


def _order(claim: Claim, name: str, now: datetime) -> Placed:
    order = Order(order=name, placed_at=now, country="DE", postcode="1", lat=50, lon=9)
    lines = [
        Line(order=name, line=line.line, sku=line.sku, units=line.units)
        for line in claim.shipments[0].lines
    ]
    return Placed(order=order, lines=tuple(lines))


def _told(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what processes were told: reservation, state; the last line of each holds."""
    for file in folder.iterdir():
        for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                name, _, state = line.strip().partition(" ")
                yield name, state


def _judged(database: Database, told: dict[str, str], *, killed: int, failed: int) -> Soak:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT reservation, status FROM reservations")).all()
        deadlocks = deadlocks_of(connection)
    found = {row.reservation: row.status for row in rows}
    missing = [name for name, state in told.items() if found.get(name) not in AFTERWARDS[state]]
    return Soak(
        told=len(told),
        confirmed=sum(status == "confirmed" for status in found.values()),
        killed=killed,
        outages=0,
        failed=failed,
        missing=len(missing),
        oversold=len(oversold(database)),
        broken=sum(map(len, breaches(database).values())),
        deadlocks=deadlocks,
    )


def deadlocks_of(connection: Connection) -> int:
    """Return how many deadlocks PostgreSQL has broken in a database since it was made."""
    if connection.dialect.name != "postgresql":
        return 0
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int(connection.scalar(text(query)) or 0)
