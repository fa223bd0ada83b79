"""When a process, a disk or a server fails, what was acknowledged holds, and nothing by halves."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.models.base import Unavailable
from omnisource.models.network import Node
from omnisource.models.product import Product
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Reservation
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.bench.server import PrivateServer
from omnisource.orchestrator.bench.soak import soak
from omnisource.orchestrator.checkout.reserve import find_reservation, reserve
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches, oversold
from omnisource.orchestrator.store.database import loaded_database
from omnisource.orchestrator.store.desk import Desk, open_desk
from omnisource.orchestrator.store.session import Session, Statement
from omnisource.orchestrator.stored import load_into

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
CLAIM = Claim(
    shipments=(
        ClaimShipment(
            node="W",
            day=date(2025, 1, 6),
            lines=tuple(ClaimLine(line=sku, sku=sku, units=1) for sku in "AB"),
        ),
    )
)
PATIENCE = 120  # seconds


def shop() -> World:
    return world_of(
        nodes=[Node(node="W", kind="warehouse", lat=50, lon=8, orders_per_day=10**6)],
        products=[Product(sku=sku, grams=5) for sku in "AB"],
        stock=[StockCell(node="W", sku=sku, on_hand=10**5) for sku in "AB"],
    )


def ask(desk: Desk, key: str) -> Any:
    return reserve(desk, CLAIM, key=key, now=NOW)


def is_sound(url: str, acknowledged: set[str]) -> bool:
    """Whether it adds up, sells nothing twice, holds by whole claims, and all that was told."""
    database = loaded_database(url)
    with database.reading() as connection:
        names = set(connection.scalars(text("SELECT reservation FROM reservations")))
        cells = connection.execute(text("SELECT on_hand, reserved FROM stock")).all()
    broken = breaches(database), oversold(database)
    database.close()
    assert broken == ({}, [])
    assert acknowledged <= names
    assert [tuple(cell) for cell in cells] == [(10**5, len(names))] * 2
    return True


# the disk is waited for


def test_what_is_acknowledged_is_on_the_disk(databases: Any) -> None:
    url = databases.empty()
    load_into(shop(), url)

    def how(session: Session) -> list[Any]:
        query = "SHOW synchronous_commit" if session.is_postgres else "PRAGMA synchronous"
        return [row[0] for row in session.rows(Statement(query))]

    with open_desk(url) as desk:
        assert desk.write(how) == (["on"] if desk.database.is_postgres else [2])  # 2: FULL


# a full disk


def test_a_full_disk_is_a_clear_no_and_passes_when_there_is_room(tmp_path: Path) -> None:
    url = str(tmp_path / "full.db")
    load_into(shop(), url)

    def pages(session: Session) -> int:
        [[many]] = session.rows(Statement("PRAGMA page_count"))
        session.rows(Statement(f"PRAGMA max_page_count = {many}"))
        return int(many)

    def room(session: Session) -> None:
        session.rows(Statement("PRAGMA max_page_count = 1000000"))

    with open_desk(url) as desk:
        told = {ask(desk, "first").reservation}
        desk.write(pages)

        def until_it_is_full() -> None:
            for number in range(500):
                told.add(ask(desk, f"full-{number}").reservation)

        with pytest.raises(Unavailable, match="is full; make room on the disk"):
            until_it_is_full()
        desk.write(room)
        told.add(ask(desk, "afterwards").reservation)
    assert is_sound(url, told)


FILLS = """
import resource, sys
from datetime import UTC, datetime
from omnisource.models.base import Unavailable
from omnisource.orchestrator.store.desk import open_desk
from tests.orchestrator.test_reserve_faults import ask
url, most = sys.argv[1], int(sys.argv[2])
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
with open_desk(url) as desk:
    print(ask(desk, "first").reservation)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, unlimited[1]))
    try:
        for number in range(2000):
            print(ask(desk, f"full-{number}").reservation)
    except Unavailable as error:
        print("unavailable:", error, file=sys.stderr)
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    print(ask(desk, "afterwards").reservation)
"""


def test_a_file_that_may_grow_no_more_is_a_clear_no_too(tmp_path: Path) -> None:
    url = str(tmp_path / "limited.db")
    load_into(shop(), url)
    most = str(Path(url).stat().st_size + 200_000)
    done = run(FILLS, url, most)
    out, errors = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, errors
    assert "unavailable:" in errors
    assert is_sound(url, set(out.split()))


# a process is killed


def run(program: str, *words: str) -> "subprocess.Popen[str]":
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip


ASKS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from omnisource.orchestrator.store.desk import open_desk
from tests.orchestrator.test_reserve_faults import ask
with open_desk(sys.argv[1]) as desk, ThreadPoolExecutor(4) as pool:
    for said in pool.map(lambda number: ask(desk, f"{sys.argv[2]}-{number}"), range(100_000)):
        print(said.reservation, flush=True)
"""


def test_a_writer_killed_between_its_commits_loses_nothing_that_it_told(databases: Any) -> None:
    url, dice, told = databases.empty(), Random(7), set[str]()
    load_into(shop(), url)
    for round_ in range(3):
        process = run(ASKS, url, str(round_))
        assert process.stdout is not None
        told.add(process.stdout.readline().strip())
        sleep(dice.uniform(0.05, 0.4))
        process.send_signal(signal.SIGKILL)
        told |= {line.strip() for line in process.stdout if line.endswith("\n")}
        assert process.wait(PATIENCE) == -signal.SIGKILL
    assert len(told) > 10
    assert is_sound(url, told)


DIES = """
import os, signal, sys
from omnisource.orchestrator.store import crowd, desk as store_desk
from omnisource.orchestrator.store.desk import open_desk
from tests.orchestrator.test_reserve_faults import ask
with open_desk(sys.argv[1]) as desk:
    print(ask(desk, "first").reservation, flush=True)
    writes = store_desk.reserve
    def reserve(session, attempt):
        writes(session, attempt)
        os.kill(os.getpid(), signal.SIGKILL)
    store_desk.reserve = crowd.reserve = reserve
    ask(desk, "second")
"""


def test_a_process_killed_before_its_commit_has_written_nothing(databases: Any) -> None:
    url = databases.empty()
    load_into(shop(), url)
    process = run(DIES, url)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    assert is_sound(url, {out.strip()})
    with open_desk(url) as desk:
        [[many]] = desk.write(lambda session: session.rows(Statement(COUNT)))
        assert many == 1
        assert isinstance(ask(desk, "second"), Reservation)


COUNT = "SELECT COUNT(*) FROM reservations"


# a connection, a server


def test_a_lost_connection_is_made_again(databases: Any) -> None:
    url = databases.empty()
    load_into(shop(), url)
    with open_desk(url) as desk:
        if not desk.database.is_postgres:
            pytest.skip("SQLite has no connection that can be lost")
        ask(desk, "first")
        with desk.database.reading() as connection:
            others = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(text(others))
        assert isinstance(ask(desk, "second"), Reservation)
    assert is_sound(url, set())


def test_a_server_that_is_killed_is_unavailable_and_nothing_told_is_lost(
    own_server: PrivateServer,
) -> None:
    url = own_server.url("postgres")
    load_into(shop(), url)
    told: set[str] = set()
    stopped = False

    def customer(desk: Desk, name: int) -> bool:
        """Asks, with the same key until it is told; tells whether it was ever turned away."""
        turned_away, number = False, 0
        while not stopped:
            try:
                told.add(ask(desk, f"{name}-{number}").reservation)
                number += 1
            except Unavailable:
                turned_away = True
        return turned_away

    with open_desk(url, pool=4) as desk, ThreadPoolExecutor(4) as pool:
        customers = [pool.submit(customer, desk, name) for name in range(4)]
        sleep(0.5)
        own_server.kill()
        before = len(told)
        with pytest.raises(Unavailable, match="connection"):
            ask(desk, "nobody there")
        own_server.start()
        end = monotonic() + PATIENCE
        while len(told) < before + 20 and monotonic() < end:
            sleep(0.05)
        stopped = True
        assert [each.result() for each in customers]
        assert len(told) >= before + 20
        assert isinstance(ask(desk, "nobody there"), Reservation)
        assert find_reservation(desk, min(told), now=NOW).state == "held"  # type: ignore[union-attr]
    assert is_sound(url, told)


def test_a_soak_in_which_processes_and_the_server_are_killed_adds_up(
    own_server: PrivateServer,
) -> None:
    url = own_server.url("postgres")
    found = soak(url, processes=3, seconds=8, kills=2, now=NOW, server=own_server, outages=1)
    assert (found.missing, found.oversold, found.broken, found.failed) == (0, 0, 0, 0)
    assert (found.killed, found.outages) == (2, 1)
    assert found.told > 20
