"""A database of every earlier layout becomes one of today's, with what is in it."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from omnisource.models.base import UnusableInput
from omnisource.models.tables import LAYOUT, TABLES
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.database import loaded_database, open_database
from omnisource.orchestrator.store.upgrade import ALEMBIC, make_tables, upgrade_database
from omnisource.orchestrator.stored import connect, load_into
from omnisource.orchestrator.stored_night import Asked, run_stored_night
from omnisource.solvers.problem import Limits

BY_RULE = Asked(Limits(), solver="cheapest")
EARLIER = range(1, LAYOUT)
NOT_COPIED = {"layout"}


def earlier(databases: Any, shop: Path, layout: int) -> tuple[str, dict[str, list[Any]]]:
    """A database of that layout, with a night in it; and its rows."""
    today, old = databases.empty(), databases.empty()
    load_into(load_world(shop), today)
    run_stored_night(today, BY_RULE, run="monday")
    source, target = loaded_database(today), open_database(old)
    with target.writing() as connection:
        make_tables(connection, layout)
        connection.execute(text(f"DROP TABLE {ALEMBIC}"))  # the first layout is older than it
        there = set(inspect(connection).get_table_names()) - NOT_COPIED
        tables = [table for table in TABLES.sorted_tables if table.name in there]
        with source.reading() as other:
            rows = {t.name: [row._asdict() for row in other.execute(t.select())] for t in tables}
        for table in tables:
            if rows[table.name]:
                connection.execute(table.insert(), rows[table.name])
        allotment = '{"node": "N", "sku": "K", "channel": "web", "units": 7}'
        connection.execute(
            text("INSERT INTO documents (kind, row, document) VALUES ('allotments', 0, :it)"),
            {"it": allotment},
        )
    source.close()
    target.close()
    return old, rows


@pytest.mark.parametrize("layout", EARLIER)
def test_what_is_in_it_stays_and_the_next_night_runs(
    databases: Any, shop: Path, layout: int
) -> None:
    url, rows = earlier(databases, shop, layout)
    with pytest.raises(
        UnusableInput, match=r"`omnisource db upgrade --db .*` brings it up to date"
    ):
        connect(url)
    assert upgrade_database(url) == (layout, LAYOUT)
    assert upgrade_database(url) == (LAYOUT, LAYOUT)
    database = loaded_database(url)
    with database.reading() as connection:
        for name, before in rows.items():
            table = TABLES.tables[name]
            after = [row._asdict() for row in connection.execute(table.select())]
            kept = [row for row in after if row.get("kind") != "allotments"]
            assert sorted(kept, key=str) == sorted(before, key=str), name
        allotted = connection.execute(
            text("SELECT node, sku, channel, most FROM quotas WHERE kind = 'allotment'")
        )
        made = [("N", "K", "web", 7)] if layout == 1 else []  # later ones have it already
        assert [tuple(row) for row in allotted] == made
    assert breaches(database) == {}
    database.close()
    again = run_stored_night(url, BY_RULE, run="tuesday")
    assert again.measures.orders < len(rows["orders"])


@pytest.mark.parametrize("layout", EARLIER)
def test_its_tables_are_those_of_a_new_database(databases: Any, shop: Path, layout: int) -> None:
    url, _ = earlier(databases, shop, layout)
    upgrade_database(url)
    database = loaded_database(url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, TABLES) == []
    database.close()


def test_the_command_says_which_layout_there_was(
    omnisource: Any, databases: Any, shop: Path
) -> None:
    url, _ = earlier(databases, shop, 1)
    said = omnisource("db", "upgrade", "--db", url, "--json", "--quiet")
    assert said.document == {"before": 1, "after": LAYOUT}
    assert omnisource("db", "check", "--db", url, "--strict").code == 0


def test_a_database_without_a_scenario_is_not_upgraded(omnisource: Any, here: Path) -> None:
    said = omnisource("db", "upgrade", "--db", here / "none.db")
    assert said.code == 2
    assert "no scenario has been loaded into it" in said.err
    assert not (here / "none.db").exists()
