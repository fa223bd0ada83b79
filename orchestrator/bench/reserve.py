"""Figures of reservations on this machine: how many a second, and what a rush on one SKU does.

The yardstick for how many is the driver itself, in the same run and on the same database: the key,
three conditional updates, the reservation and three holds, in the same statements and a
transaction each, with nothing before and nothing after. PostgreSQL is asked by as many threads as
ours; SQLite by one, because its writers only wait for each other.
"""

import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import count
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, Final

from omnisource.models.reservation import Claim, Reservation
from omnisource.orchestrator.bench.common import Goal, Sheet, verdict
from omnisource.orchestrator.bench.rush import (
    CLIENTS,
    LINES,
    SKUS,
    Rush,
    calm_world,
    claim_of,
    made_claims,
    measure_rush,
)
from omnisource.orchestrator.bench.server import PrivateServer
from omnisource.orchestrator.bench.soak import Soak, soak
from omnisource.orchestrator.checkout.reserve import reserve
from omnisource.orchestrator.store.database import Database, open_database
from omnisource.orchestrator.store.desk import Desk, Sync, open_desk
from omnisource.orchestrator.store.keys import NEW
from omnisource.orchestrator.store.reserve import NEW_HOLD, NEW_RESERVATION, TAKE_CELL
from omnisource.orchestrator.stored import load_into

TURNS: Final = 3
"""How often ours and the driver take turns; the median counts."""


@dataclass(frozen=True)
class Rate:
    """Reservations a second of three lines."""

    sync: str
    clients: int
    ours: float
    driver: float
    ratio: float


@dataclass(frozen=True)
class Figures:
    """All that was measured on one database."""

    database: str
    rates: tuple[Rate, ...]
    rush: Rush | None  # none: only the soak was asked for
    soak: Soak

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def bench_reserve(
    url: str,
    *,
    seconds: float,
    now: datetime,
    server: PrivateServer | None = None,
    only_soak: bool = False,
) -> Figures:
    """Measure reservations in a database; what is in it is replaced.

    Args:
        url: a database of its own.
        seconds: of the soak and of the rush; each rate takes a few turns of a tenth of it.
        now: the clock at the beginning.
        server: whose database it is, if the soak may kill it.
        only_soak: leave out the rest.
    """
    database = open_database(url)
    database.close()
    rates, rush = ((), None) if only_soak else _speeds(database, url, seconds=seconds, now=now)
    shaken = soak(url, processes=8, seconds=seconds, kills=8, now=now, server=server)
    return Figures("PostgreSQL" if database.is_postgres else "SQLite", rates, rush, shaken)


def _speeds(
    database: Database, url: str, *, seconds: float, now: datetime
) -> tuple[tuple[Rate, ...], Rush]:
    """Measure how many reservations there are a second, and a rush."""
    modes: Sequence[Sync] = ("FULL",) if database.is_postgres else ("FULL", "NORMAL")
    load_into(calm_world(), url, replace=True)
    rates = tuple(_rate(url, sync, seconds=seconds / 10, now=now) for sync in modes)
    load_into(calm_world(hot=5_000), url, replace=True)
    return rates, measure_rush(url, units=5_000, buyers=20_000, seconds=seconds, now=now)


def _rate(url: str, sync: Sync, *, seconds: float, now: datetime) -> Rate:
    """Measure ours and the driver in turns."""
    claims = made_claims(0, 2_000)
    with open_desk(url, sync=sync) as desk:
        for claim in claims:
            desk.places.needs(claim, 0, desk.write)
        numbers = count()
        ours, driver = [], []
        for turn in range(TURNS):
            driver.append(_driven(desk.database, sync, seconds, tag=f"driver-{sync}-{turn}"))
            ask = partial(_ask, desk, claims, now)
            ours.append(_a_second(ask, CLIENTS, seconds, numbers))
    ratio = round(median(ours) / median(driver), 3)
    return Rate(sync, CLIENTS, round(median(ours), 1), round(median(driver), 1), ratio)


def _ask(desk: Desk, claims: Sequence[Claim], now: datetime, number: int) -> None:
    said = reserve(desk, claims[number % len(claims)], key=f"ours-{number}", now=now)
    assert isinstance(said, Reservation), said


def _a_second(
    work: Callable[[int], None], clients: int, seconds: float, numbers: "count[int]"
) -> float:
    """Return how often a second some threads together do the work."""
    began = perf_counter()

    def client(_: int) -> int:
        done = 0
        while perf_counter() - began < seconds:
            work(next(numbers))
            done += 1
        return done

    with ThreadPoolExecutor(clients) as pool:
        done = sum(pool.map(client, range(clients)))
    return done / (perf_counter() - began)


def _driven(database: Database, sync: Sync, seconds: float, *, tag: str) -> float:
    """Return how many a second the driver does alone."""
    clients = CLIENTS if database.is_postgres else 1

    def client(number: int) -> int:
        with closing(_connect(database, sync)) as raw:
            return _drive(raw, database.is_postgres, seconds, f"{tag}-{number}")

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(client, range(clients))) / seconds


def _connect(database: Database, sync: Sync) -> Any:
    if database.is_postgres:
        import psycopg

        url = database.url.set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(hide_password=False))
    raw = sqlite3.connect(str(database.url.database), timeout=60, isolation_level=None)
    for pragma in (f"synchronous={sync}", "cache_size=-200000"):
        raw.execute(f"PRAGMA {pragma}")
    return raw


def _drive(raw: Any, is_postgres: bool, seconds: float, tag: str) -> int:
    """Make reservations by statements alone; return how many."""
    key, take, new, hold = (
        statement.postgres if is_postgres else statement.sqlite
        for statement in (NEW, TAKE_CELL, NEW_RESERVATION, NEW_HOLD)
    )
    document = claim_of("S00001", "S00002", "S00003").model_dump_json(exclude_defaults=True)
    dice, cursor, done, began = Random(tag), raw.cursor(), 0, perf_counter()
    while perf_counter() - began < seconds:
        name, rows = f"{tag}-{done}", sorted(dice.sample(range(SKUS), LINES))
        if not is_postgres:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(key, {"key": name, "digest": "d" * 24, "at": 0, "answer": "a" * 100})
        for row in rows:
            cursor.execute(take, {"row": row, "node": "W", "sku": f"S{row:05}", "units": 1})
            assert cursor.rowcount == 1
        held = {"reservation": name, "until": 2**40, "order": None, "document": document}
        cursor.execute(new, held)
        each = {"kind": "stock", "reservation": name, "units": 1}
        cursor.executemany(hold, [each | {"target": row} for row in rows])
        raw.commit()
        done += 1
    return done


def sheet(found: Sequence[Figures]) -> Sheet:
    """Return the figures as a table, each held against its goal."""
    rows: list[tuple[str, ...]] = []
    for one in found:
        rows += [_rate_row(one.database, rate) for rate in one.rates]
        rows += [_rush_row(one.database, one.rush)] if one.rush is not None else []
        rows.append(_soak_row(one.database, one.soak))
    return Sheet("reserve", "Reservations", ("what", "figures", "goal"), rows)


def _rate_row(database: str, rate: Rate) -> tuple[str, ...]:
    sync = f", synchronous={rate.sync}" if database == "SQLite" else ""
    said = f"{rate.ours:,.0f} a second; the driver {rate.driver:,.0f}; ratio {rate.ratio:.2f}"
    goal = Goal(-rate.ratio, -0.6, lambda value: f"{-value:.2f}")
    return f"{database}{sync}: three lines", said, f"≥ 0.6: {verdict([goal])}"


def _rush_row(database: str, rush: Rush) -> tuple[str, ...]:
    said = (
        f"{rush.sold:,} of {rush.units:,} units to {rush.buyers:,} buyers; refused in "
        f"{rush.refused_p99_ms:.1f} ms (p99); others {rush.others_ms:.1f} ms, idle "
        f"{rush.idle_ms:.1f} ms (medians)"
    )
    goals = [
        Goal(abs(rush.sold - rush.units), 0, "{:.0f} units off".format),
        Goal(rush.refused_p99_ms, 100, "{:.0f} ms".format),
        Goal(rush.others_ms / rush.idle_ms, 2, "{:.1f} times idle".format),
    ]
    return f"{database}: hot SKU", said, f"every unit once, ≤ 100 ms, ≤ 2 × idle: {verdict(goals)}"


def _soak_row(database: str, shaken: Soak) -> tuple[str, ...]:
    said = (
        f"{shaken.told:,} told, {shaken.confirmed:,} confirmed, {shaken.killed} processes "
        f"and {shaken.outages} times the server killed; "
        f"{shaken.oversold} oversold, {shaken.missing} missing, {shaken.broken} sums off, "
        f"{shaken.deadlocks} deadlocks, {shaken.failed} processes failed"
    )
    bad = shaken.oversold + shaken.missing + shaken.broken + shaken.deadlocks + shaken.failed
    return f"{database}: soak", said, f"0: {verdict([Goal(bad, 0, '{:.0f}'.format)])}"
