"""Tables of a database from whatever layout they have to today's, in one transaction.

The steps are alembic's, in `migrations/versions`, one a layout; `layout` and alembic's own table
both say how far a database is. The first layout is older than alembic's table.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, inspect, update

from omnisource.models.base import UnusableInput
from omnisource.models.tables import LAYOUT, TABLES, LayoutRow, table_of
from omnisource.orchestrator.store.database import (
    Database,
    layout_of,
    open_database,
    refuse_other_layout,
)

FOLDER: Final = Path(__file__).parents[1] / "migrations"
ALEMBIC: Final = "alembic_version"
"""Alembic's own table."""


def make_tables(connection: Connection, layout: int = LAYOUT) -> None:
    """Make all tables of a layout in a database that has none of ours."""
    _run(connection, "base", layout)
    connection.execute(insert(table_of(LayoutRow)).values(version=layout))


def drop_tables(connection: Connection) -> None:
    """Drop all tables of ours, with what is in them."""
    TABLES.drop_all(connection)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {ALEMBIC}")


def upgrade(connection: Connection, found: int, layout: int = LAYOUT) -> None:
    """Lead tables from the layout found to another, with what is in them."""
    _run(connection, str(found), layout)
    connection.execute(update(table_of(LayoutRow)).values(version=layout))


def upgrade_database(url: str) -> tuple[int, int]:
    """Bring the tables of a database up to date; return their layout before and after.

    Raises:
        UnusableInput: there is no scenario in it, or its tables are newer than this program.
    """
    database = open_database(url)
    try:
        return _upgraded(database)
    finally:
        database.close()


def _upgraded(database: Database) -> tuple[int, int]:
    missing = f"{database.name}: no scenario has been loaded into it"
    if not database.is_postgres and not Path(str(database.url.database)).exists():
        raise UnusableInput(missing)
    with database.writing() as connection:
        found = layout_of(connection)
        if found is None:
            raise UnusableInput(missing)
        if not 1 <= found <= LAYOUT:
            refuse_other_layout(database, found)
        if found < LAYOUT:
            upgrade(connection, found)
    return found, LAYOUT


def _run(connection: Connection, found: str, layout: int) -> None:
    """Take alembic's steps on a connection, in its transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    if found != "base" and not inspect(connection).has_table(ALEMBIC):
        command.stamp(config, found)
    command.upgrade(config, str(layout))
