"""A strike by date: out of a TOML file, through a folder, a database and the planner's form."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.scenario import WhatIf
from omnisource.models.world import World
from omnisource.orchestrator.folder.decode import decode_table
from omnisource.orchestrator.folder.head import read_toml, validated
from omnisource.orchestrator.folder.load import load_world
from omnisource.orchestrator.lab.whatif import changed
from omnisource.orchestrator.serve.planner.fields import change_of, fields_of
from omnisource.orchestrator.serve.planner.forms import form_of
from omnisource.orchestrator.stored import connect, load_into
from omnisource.solvers.routes import clocks
from omnisource.solvers.routes.clock_tables import clocks as clocks_of
from omnisource.solvers.routes.clock_tables import horizon

TABLES = {
    "nodes": "node,kind,lat,lon\nw,warehouse,50,10\n",
    "services": "service,kind,carrier,pauses\npost,parcel,Post,2025-01-09\ncourier,express,,\n",
    "zones": "service,zone,transit_days\npost,all,2\ncourier,all,1\n",
    "tariffs": "service,zone,up_to_grams,cents\npost,all,9,1\ncourier,all,9,9\n",
    "products": "sku,grams\ntea,5\n", "stock": "node,sku,on_hand\nw,tea,1\n",
    "orders": "order,placed_at,country,lat,lon\no,2025-01-06T09:00:00Z,DE,50,10\n",
    "lines": "order,line,sku,units\no,1,tea,1\n",
}  # fmt: skip
STRIKE = """
name = "strike"
base = "."
[[changes]]
kind = "strike"
carriers = ["Post"]
since = 2025-01-06
until = 2025-01-07
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A warehouse and an order on Monday the 6th; the post rests on Thursday the 9th anyway."""
    (tmp_path / "scenario.toml").write_text('name = "x"\nnow = 2025-01-06T12:00:00Z\n')
    for table, rows in TABLES.items():
        (tmp_path / f"{table}.csv").write_text(rows)
    return tmp_path


@pytest.fixture
def struck(shop: Path) -> World:
    file = shop / "strike.toml"
    file.write_text(STRIKE)
    return changed(load_world(shop), validated(WhatIf, read_toml(file), file.name).changes)


def days(world: World) -> list[tuple[int, int]]:
    """On which days of January parcels that are ready at noon of the 6th leave and arrive."""
    c = clocks_of(world, world.zones, world.now, horizon(world))
    seen = []
    for v in (0, 1):
        leaves = clocks.leaves(c, 0, v, world.now)
        arrives = clocks.arrives(c, 0, v, v, leaves, world.now)
        first = c.first_day - 20_088  # days since 2024-12-31
        seen.append((first + leaves, arrives // 1440 - 20_088))
    return seen


def test_what_would_leave_during_a_strike_leaves_after_it(shop: Path, struck: World) -> None:
    assert days(load_world(shop)) == [(6, 8), (6, 7)]
    assert days(struck) == [(8, 11), (6, 7)]  # on the way on the 10th and the 11th
    assert struck.services["pauses"].tolist() == ["2025-01-06/2025-01-07,2025-01-09", ""]


def test_a_strike_of_months_is_within_the_days_that_are_looked_at(shop: Path) -> None:
    until = {"since": "2025-01-06", "until": "2025-06-30"}
    change = {"kind": "strike", "carriers": ["Post"], **until}
    what = validated(WhatIf, {"name": "x", "base": ".", "changes": [change]}, "x")
    assert days(changed(load_world(shop), what.changes))[0] == (182, 184)  # July the 1st


def test_a_carrier_of_one_day_a_week_that_rests_on_many_of_them_is_waited_for(shop: Path) -> None:
    """It moves on Mondays alone, and rests on the first twenty: it leaves on May the 26th."""
    mondays = ",".join(str(date(2025, 1, 6) + timedelta(7 * i)) for i in range(20))
    rows = f'service,kind,carrier,weekdays,pauses\npost,parcel,Post,Mon,"{mondays}"\n'
    (shop / "services.csv").write_text(rows + "courier,express,,,\n")
    assert days(load_world(shop))[0] == (146, 160)


def test_pauses_come_out_of_a_folder_and_a_database_as_they_went_in(
    shop: Path, struck: World, databases: Any
) -> None:
    url = databases.empty()
    load_into(struck, url, replace=True)
    assert days(connect(url)) == days(struck)
    decode_table(struck, "services").write_csv(shop / "services.csv")
    assert days(load_world(shop)) == days(struck)


def test_a_folder_whose_pause_ends_before_it_begins_loses_that_row_and_says_why(
    shop: Path,
) -> None:
    services = TABLES["services"].replace("2025-01-09", "2025-01-09/2025-01-08")
    (shop / "services.csv").write_text(services)
    with pytest.raises(UnusableInput, match="ends before it begins"):
        load_world(shop, strict=True)


def test_the_planners_form_asks_for_dates() -> None:
    assert [f.path for f in fields_of("strike") if f.entry == "date"] == ["since", "until"]
    sent = b"carriers=Post&since=2025-01-06&until=2025-01-07&days="
    form = form_of(sent, "application/x-www-form-urlencoded")
    change = change_of("strike", form)
    assert change == {"kind": "strike", "carriers": ["Post"], "since": "2025-01-06",
                      "until": "2025-01-07"}  # fmt: skip
