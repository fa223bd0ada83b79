"""Rolling allocation of a scenario folder: each run begins where the last one left its run folder.

The run folder holds `rolling.json`, all that a run leaves to the next, and the same as tables for
people: `shipments`, `allocations`, `orders`. Orders and stock are read from the scenario folder
every time, so orders that were added since are open; those that are placed after a run's time wait.
The stock of the scenario folder is that before the first run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from json import loads
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.world import ABSENT, World
from omnisource.orchestrator.batch import Opened, open_folder, seeded
from omnisource.orchestrator.measures import Measures, measures_of, to_json
from omnisource.orchestrator.named import lines_named, rows_named
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.rolling import Rolled, Standing, roll, shelved
from omnisource.orchestrator.runs import usable_folder
from omnisource.orchestrator.warm import checked
from omnisource.orchestrator.write import name_rows, replacing, write_frame
from omnisource.solvers.compile.available import cells
from omnisource.solvers.joint.stay import Given
from omnisource.solvers.problem import UNLIMITED, Limits

STATE: Final = "rolling.json"
TEXT, WHOLE = pl.String(), pl.Int64()
SHIPMENTS: Final = {
    "shipment": WHOLE, "order": TEXT, "node": TEXT, "service": TEXT, "units": WHOLE,
    "arrives": TEXT, "cost_cents": WHOLE, "parcel": WHOLE, "release_by": TEXT, "released_at": TEXT,
}  # fmt: skip
ALLOCATIONS: Final = {
    "shipment": WHOLE, "order": TEXT, "line": TEXT, "sku": TEXT, "node": TEXT, "units": WHOLE,
}  # fmt: skip
ORDERS: Final = {"order": TEXT, "promise_at": TEXT, "moves": WHOLE}
PRICES: Final = {"resource": TEXT, "node": TEXT, "sku": TEXT, "cents": pl.Float64()}
TABLES: Final = {"shipments": SHIPMENTS, "allocations": ALLOCATIONS, "orders": ORDERS,
                 "prices": PRICES}  # fmt: skip
"""Columns of what a run leaves; times are ISO 8601, `released_at` empty of what is held."""
State = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class RollingRun:
    """A run over a scenario folder."""

    opened: Opened
    now: datetime
    rolled: Rolled
    out: Path | None

    @property
    def scenario(self) -> str:
        """The name of the scenario."""
        return self.opened.world.scenario.name

    @cached_property
    def measures(self) -> Measures:
        """What the plan of all that was open comes to."""
        return measures_of(self.rolled.open.world, self.rolled.plan)

    @property
    def complete(self) -> bool:
        """Whether no row was rejected and no unit of what was open is short."""
        return not self.opened.loaded.rejected and not self.measures.shortage_units

    def document(self) -> dict[str, Any]:
        """Return the run for JSON."""
        return self.measures.document() | {
            "scenario": self.scenario,
            "now": self.now.isoformat(),
            "rejected_rows": self.opened.loaded.rejected,
            "out": None if self.out is None else str(self.out),
        } | figures(self.rolled)  # fmt: skip

    def remarks(self) -> Iterator[str]:
        """Say what is strange about the folder."""
        yield from self.opened.remarks()

    def next_step(self) -> str:
        """Say what was released, and what waits."""
        said = words(figures(self.rolled))
        kept = "Nothing was written." if self.out is None else f"Written to {self.out}."
        return f"{said} {kept}"


def figures(rolled: Rolled) -> dict[str, Any]:
    """Return how many orders were released, moved and held, and when the next must go."""
    waiting = rolled.release_by[~rolled.released]
    first = int(waiting.min(initial=UNLIMITED))
    return {
        "open_orders": len(rolled.released),
        "released_orders": int(rolled.released.sum()),
        "moved_orders": int(rolled.moved.sum()),
        "held_orders": int((~rolled.released).sum()),
        "next_release_by": None if first >= UNLIMITED else _time(first),
    }


def words(found: Mapping[str, Any]) -> str:
    """Say what a run did, in a sentence.

    >>> words({"released_orders": 1, "held_orders": 2, "moved_orders": 0, "next_release_by": None})
    'Released 1 order; 2 wait, 0 of all were moved.'
    """
    by = f", the first until {found['next_release_by']}" if found["next_release_by"] else ""
    return (
        f"Released {count(found['released_orders'], 'order')}; {found['held_orders']} wait{by}, "
        f"{found['moved_orders']} of all were moved."
    )


def run_rolling(
    folder: Path, limits: Limits, *, out: Path, now: datetime | None = None,
    every: timedelta = timedelta(minutes=15), policy: Path | None = None,
    format: str = "csv", dry_run: bool = False,
) -> RollingRun:  # fmt: skip
    """Decide what is open in a scenario folder, release what must go, and keep how things stand.

    Args:
        folder: the scenario folder.
        limits: when to stop; its seed is the scenario's.
        out: the run folder of the run before, or a new one.
        now: the time; the scenario's if absent.
        every: how long until the next run.
        policy: a file whose keys replace those of the scenario's policy.
        format: of the tables.
        dry_run: decide, write nothing.

    Raises:
        UnusableInput: a folder cannot be used, or the scenario no longer has what was decided.
    """
    usable_folder(out)
    opened = open_folder(folder, policy, limits)
    world, limits = opened.world, seeded(limits, opened.world, None)
    now = now or world.scenario.now
    state = read_state(out)
    try:
        standing = standing_of(world, state, now)
    except KeyError as gone:
        raise UnusableInput(
            f"{out / STATE}: {gone} was decided, and is no longer in {folder}; put it back, or "
            "begin anew in another --out"
        ) from None
    prices = state["prices"] if state["prices"].height else None
    rolled = roll(world, standing, now, every, limits=limits,
                  prices=None if prices is None else checked(prices, STATE))  # fmt: skip
    if not dry_run:
        _keep(after(world, state, rolled, now), out, format)
    return RollingRun(opened, now, rolled, None if dry_run else out)


def read_state(out: Path) -> State:
    """Return what the last run left in a run folder; empty tables where there was none."""
    if not (out / STATE).is_file():
        return {name: pl.DataFrame(schema=columns) for name, columns in TABLES.items()}
    try:
        said = loads((out / STATE).read_text(encoding="utf-8"))
        return {name: pl.DataFrame(said[name], schema=cols) for name, cols in TABLES.items()}
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise UnusableInput(f"{out / STATE}: this is no state of runs: {error}") from None


def standing_of(world: World, state: State, now: datetime) -> Standing:
    """Return how things stand, from what the last run left.

    Raises:
        KeyError: the world no longer has an order, a line or a node that was decided.
    """
    world = shelved(world)
    sent = state["shipments"].select("shipment", "released_at")
    held = state["allocations"].join(sent, on="shipment", how="left", maintain_order="left")
    line = lines_named(world, rows_named(world.orders["order"], held["order"]), held["line"])
    node, sku = (rows_named(getattr(world, table)[key], held[key])
                 for table, key in (("nodes", "node"), ("products", "sku")))  # fmt: skip
    units, gone = held["units"].to_numpy(), held["released_at"].is_not_null().to_numpy()
    before = Standing.of(world)
    left, drawn, promised = before.left, before.drawn, before.promised.copy()
    np.subtract.at(left, line[gone], units[gone])
    cell = cells(world).find(node, sku)
    own = gone & (cell >= 0)
    np.add.at(drawn, cell[own], units[own])
    told = state["orders"].filter(pl.col("promise_at").is_not_null())
    promised[rows_named(world.orders["order"], told["order"])] = [
        int(datetime.fromisoformat(text).timestamp()) // 60 for text in told["promise_at"]
    ]
    given = Given(line[~gone], node[~gone], units[~gone])
    return replace(before, promised=promised, given=given, **_busy(world, state, now))


def _busy(world: World, state: State, now: datetime) -> dict[str, Any]:
    """Return what was released on the day: that, and shipments and units of each node."""
    day, busy = str(now.date()), np.zeros((2, world.nodes.rows), np.int64)
    gone = state["shipments"].filter(pl.col("released_at").is_not_null())
    zone = now.tzinfo
    days = [datetime.fromisoformat(at).astimezone(zone).date() for at in gone["released_at"]]
    today = gone.filter(pl.Series([str(each) == day for each in days], dtype=pl.Boolean))
    parcels = today.unique("parcel", maintain_order=True)
    np.add.at(busy[0], rows_named(world.nodes["node"], parcels["node"]), 1)
    np.add.at(busy[1], rows_named(world.nodes["node"], today["node"]), today["units"].to_numpy())
    return {"day": day, "busy": busy}


def after(world: World, state: State, rolled: Rolled, now: datetime) -> dict[str, pl.DataFrame]:
    """Return what a run leaves: what was released before it, and what it decided."""
    gone = state["shipments"].filter(pl.col("released_at").is_not_null())
    old = state["allocations"].join(gone, on="shipment", how="semi", maintain_order="left")
    begin = 1 + max(gone["shipment"].to_list(), default=-1)
    shipments, allocations = _decided(rolled, now, begin)
    plan = rolled.plan
    prices = name_rows(rolled.open.world, plan.prices) if plan.prices is not None else None
    return {
        "shipments": pl.concat([gone, shipments]),
        "allocations": pl.concat([old, allocations]),
        "orders": _orders(world, state, rolled),
        "prices": state["prices"] if prices is None else _as(prices, PRICES),
    }


def _decided(rolled: Rolled, now: datetime, begin: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return shipments and allocations of a run, numbered from `begin` on."""
    world, table = rolled.open.world, rolled.plan.shipments
    by, released = rolled.release_by[table["order"]], rolled.released[table["order"]]
    named = name_rows(world, table).with_columns(
        shipment=pl.int_range(begin, begin + table.rows),
        parcel=pl.Series(rolled.parcel + begin),
        arrives=pl.col("arrives").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        release_by=pl.Series([None if m >= UNLIMITED else _time(int(m)) for m in by], dtype=TEXT),
        released_at=pl.Series([now.isoformat() if out else None for out in released], dtype=TEXT),
    )
    held = name_rows(world, rolled.plan.allocations).with_columns(pl.col("shipment") + begin)
    return _as(named, SHIPMENTS), _as(held, ALLOCATIONS)


def _orders(world: World, state: State, rolled: Rolled) -> pl.DataFrame:
    """Return what every order that was ever open is promised, and how often it was moved."""
    known = dict(zip(state["orders"]["order"], state["orders"]["moves"], strict=True))
    names, open_ = world.orders["order"], rolled.open.order
    for row, moved in zip(open_.tolist(), rolled.moved.tolist(), strict=True):
        known[names[row]] = known.get(names[row], 0) + int(moved)
    at = rows_named(names, pl.Series(list(known), dtype=TEXT))
    promised = rolled.standing.promised[at].tolist()
    said = [None if minute == ABSENT else _time(minute) for minute in promised]
    table = {"order": list(known), "promise_at": said, "moves": list(known.values())}
    return pl.DataFrame(table, schema=ORDERS)


def _as(frame: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in columns.items())


def _keep(found: State, out: Path, format: str) -> None:
    """Write the tables, and then what the next run begins with."""
    for name, frame in found.items():
        with replacing(out / f"{name}.{format}") as temporary:
            write_frame(frame, temporary, format)
    with replacing(out / STATE) as temporary:
        text = to_json({name: frame.to_dict(as_series=False) for name, frame in found.items()})
        temporary.write_text(text + "\n", encoding="utf-8")


def _time(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat()
