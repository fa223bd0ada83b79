"""A night that is killed, again and again, ends as one that was left alone."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from omnisource.models.tables import TABLES, LedgerRow, RunRow, table_of
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.store.database import Database, loaded_database
from omnisource.orchestrator.stored import load_into
from omnisource.orchestrator.synthetic.generate import generate

ORDERS, PARTITION = 360, 3
PARTS = ORDERS // PARTITION
KILLS = 20
CHAINS = 4
PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that has too little of much: orders are split, served in part, not at all."""
    folder = tmp_path_factory.mktemp("killed") / "shop"
    generate(folder, orders=ORDERS, nodes=8, seed=11, scarcity=0.8, contested=0.4, large=0.0)
    return folder


def night(url: str) -> "subprocess.Popen[bytes]":
    """The real command, in a process of its own."""
    program = "from omnisource.cli import main; main()"
    words = ["allocate", "--db", url, "--run", "night", "--solver", "cheapest", "--quiet"]
    command = [sys.executable, "-c", program, *words, "--partition", str(PARTITION)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def state(database: Database) -> tuple[str, int]:
    """How far the run is: its status, and how many partitions the ledger has."""
    runs, ledger = table_of(RunRow), table_of(LedgerRow)
    with database.reading() as connection:
        status = connection.scalar(select(runs.c.status)) or ""
        return status, connection.scalar(select(func.count()).select_from(ledger)) or 0


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; of a run, all but what it came to, where the seconds stand."""
    database = loaded_database(url)
    with database.reading() as connection:
        found = {
            name: sorted(map(tuple, connection.execute(table.select())), key=str)
            for name, table in TABLES.tables.items()
        }
    database.close()
    return found | {"runs": [row[:-1] for row in found["runs"]]}


@dataclass(frozen=True)
class Moment:
    """So long after the start, or once so many partitions are written, whichever comes first."""

    seconds: float
    partitions: int
    more: float = 0.0  # seconds, so that it is in the middle of a partition

    def wait(self, process: "subprocess.Popen[bytes]", database: Database) -> None:
        end = time.monotonic() + self.seconds
        while process.poll() is None and time.monotonic() < end:
            if state(database)[1] >= self.partitions:
                break
            time.sleep(0.01)
        time.sleep(self.more)


def moments(seed: int, alone: float) -> Iterator[list[Moment]]:
    """Random moments, five a chain of kills: two before much is written, three while it is."""
    dice = random.Random(seed)
    for _ in range(CHAINS):
        before = [Moment(dice.uniform(0.02, 0.8) * alone, 1) for _ in range(2)]
        many = sorted(dice.randrange(1, PARTS * 9 // 10) for _ in range(3))
        yield before + [Moment(PATIENCE, parts, dice.uniform(0, 0.02)) for parts in many]


def killed_and_finished(url: str, when: list[Moment]) -> list[tuple[str, int]]:
    """Kill a night at those moments, each time starting it again; then let it end.

    Returns:
        How far it was after each kill.
    """
    database = loaded_database(url)
    reached = []
    for moment in when:
        process = night(url)
        moment.wait(process, database)
        process.kill()
        process.communicate()
        if process.returncode != 0:  # else it had ended before
            reached.append(state(database))
    finished(url)
    database.close()
    return reached


def finished(url: str) -> None:
    process = night(url)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said.decode()


@pytest.mark.parametrize("seed", [20250106])
def test_a_night_killed_at_twenty_moments_ends_as_one_left_alone(
    databases: Any, scarce: Path, seed: int
) -> None:
    base = databases.empty()
    load_into(load_world(scarce), base)
    untouched = databases.copy(base)
    finished(untouched)  # the first also compiles what is not compiled yet
    began = time.monotonic()
    again = databases.copy(base)
    finished(again)
    alone = time.monotonic() - began
    wanted = contents(untouched)
    assert contents(again) == wanted
    copies = [databases.copy(base) for _ in range(CHAINS)]
    with ThreadPoolExecutor(2) as pool:
        chains = list(pool.map(killed_and_finished, copies, moments(seed, alone)))
    for copy in copies:
        found = contents(copy)
        assert {name for name in wanted if found[name] != wanted[name]} == set()
    reached = [state for chain in chains for state in chain]
    assert len(reached) == KILLS
    writing = [many for _, many in reached if 0 < many < PARTS]
    assert len(writing) >= KILLS // 2, reached
    assert len({status for status, _ in reached}) >= 2, reached
    assert wanted["fallen"] == []
    assert len(wanted["shipments"]) > ORDERS // 2
    assert wanted["runs"][0][:2] == ("night", "done")
