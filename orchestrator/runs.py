"""Run folders: a plan kept on disk with all that it takes to explain it later.

A run folder holds the tables of the plan, `run.json`, its measures, and `seen.zip`, the world that
it was made from. Reading it back takes that world, and lets the judge recompute the plan. Where
`seen.zip` is not there, the scenario folder, policy and time that `run.json` names are read again,
and a scenario that has changed since is noticed.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import polars as pl

from omnisource.models.base import BrokenPlan, UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.scenario import Scenario, WhatIf
from omnisource.models.world import Table, World
from omnisource.orchestrator.allocate import timed
from omnisource.orchestrator.folder.head import HEAD, validated
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.measures import measures_of, to_json
from omnisource.orchestrator.named import lines_named, rows_named
from omnisource.orchestrator.seen import pack, unpack
from omnisource.orchestrator.sharing import judged
from omnisource.orchestrator.warm import checked
from omnisource.orchestrator.write import FORMATS, replacing, write_plan
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.problem import Ints

RUN: Final = "run.json"
SEEN: Final = "seen.zip"
TABLES: Final = ("shipments", "allocations", "shortages", "prices")
PLACES: Final = (".", "out", "out/*", "runs", "runs/*")
"""Where `newest_run` looks, from the current folder."""


@dataclass(frozen=True, eq=False)
class Run:
    """A plan read back, and what it was made for."""

    folder: Path
    world: World
    plan: Plan
    what: WhatIf | None = None  # what is different from the scenario folder


def usable_folder(folder: Path) -> Path:
    """Make a folder to write to, if it is not there.

    Raises:
        UnusableInput: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ".omnisource") as probe:
            probe.touch()
        (folder / ".omnisource").unlink()
    except OSError as error:
        raise UnusableInput(
            f"{folder}: cannot write there ({error.strerror}); name another folder"
        ) from None
    return folder


def free_folder(folder: Path, *, force: bool = False) -> Path:
    """Make a folder to write a scenario to.

    Raises:
        UnusableInput: it holds a scenario already and that was not to be replaced, or nothing
            can be written there.
    """
    if (folder / HEAD).exists() and not force:
        raise UnusableInput(f"{folder}: there is a scenario already; --force replaces it")
    return usable_folder(folder)


def save_run(
    world: World,
    plan: Plan,
    folder: str | Path,
    *,
    source: str | Path,
    what: WhatIf | None = None,
    format: str = "csv",
) -> Plan:
    """Write a plan as a run folder; return it with the seconds that took.

    Args:
        world: what the plan was made for.
        plan: what was decided.
        folder: made if it is not there; an earlier run in it is replaced.
        source: the scenario folder, which `read_run` will load again.
        what: what is different from it in that world; None: nothing.
        format: of the tables, "csv" or "parquet".

    Raises:
        ValueError: the format is neither.
    """
    folder, began = Path(folder), perf_counter()
    write_plan(world, plan, folder, format=format)
    _remove_stale(folder, plan, format)
    plan = timed(plan, write=perf_counter() - began)
    made_for = {
        "scenario": world.scenario.name,
        "source": str(Path(source).resolve()),
        "now": world.scenario.now.isoformat(),
        "policy": world.policy.model_dump(mode="json"),
        "format": format,
        "tables": [name for name in TABLES if getattr(plan, name) is not None],
    }
    if what is not None:
        made_for["what"] = what.model_dump(mode="json", exclude_unset=True)
    with replacing(folder / SEEN) as temporary:
        temporary.write_bytes(pack(world))
    text = to_json(measures_of(world, plan).document() | made_for)
    with replacing(folder / RUN) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return plan


def _remove_stale(folder: Path, plan: Plan, format: str) -> None:
    """Remove tables of an earlier run that this one did not replace."""
    for name in TABLES:
        for other in FORMATS:
            if other != format or getattr(plan, name) is None:
                (folder / f"{name}.{other}").unlink(missing_ok=True)


def newest_run(here: Path) -> Path:
    """Return the run folder that was written last, in a folder, its `out/` or its `runs/`.

    Raises:
        UnusableInput: there is none.
    """
    found = [file for place in PLACES for file in here.glob(f"{place}/{RUN}")]
    if not found:
        raise UnusableInput(
            "there is no run here, nor in ./out or ./runs: keep one with "
            "`omnisource allocate DIR --out out/NAME`, or name its folder with --run"
        )
    return max(found, key=lambda file: file.stat().st_mtime).parent


def read_run(folder: str | Path) -> Run:
    """Read a run folder and the world that it was made from.

    Raises:
        UnusableInput: it is no run folder; or it has not kept that world, and the scenario is gone
            or has changed since.
    """
    folder = Path(folder)
    facts = _facts(folder)
    world = _world(folder, facts)
    try:
        plan = judged(world, *_shipped(world, folder, facts["format"]))
    except (KeyError, BrokenPlan) as error:
        raise _changed(folder, facts, str(error)) from None
    if plan.cost_cents != facts["cost_cents"]:
        raise _changed(folder, facts, f"cost {facts['cost_cents']} is now {plan.cost_cents}")
    prices = _prices(world, folder, facts["format"]) if "prices" in facts["tables"] else None
    known = {name: facts[name] for name in ("seconds", "passes", "peak_mb", "seed", "run",
                                            "verdicts", "notes")}  # fmt: skip
    made = {name: facts[name] for name in ("solver", "status", "bound_cents")}
    return Run(
        folder, world, replace(plan, prices=prices, facts=known, **made), _what(folder, facts)
    )


def source_of(folder: Path) -> Path:
    """Return the scenario folder that a run was made of.

    Raises:
        UnusableInput: it is no run folder.
    """
    return Path(_facts(folder)["source"])


def read_prices(folder: str | Path) -> pl.DataFrame:
    """Return the prices of a run by name: what another night can be begun with.

    The scenario that the run was made for need not be there any more, nor be as it was.

    Raises:
        UnusableInput: it is no run folder, has no prices, or they cannot be read.
    """
    folder = Path(folder)
    if not (folder / RUN).is_file():
        raise UnusableInput(
            f"{folder}: no {RUN} there; name what `omnisource allocate … --out` has written"
        )
    for format in FORMATS:
        path = folder / f"prices.{format}"
        if path.is_file():
            return checked(_read(folder, "prices", format), str(path))
    raise UnusableInput(
        f"{folder}: this run has no prices; those of `omnisource allocate --solver joint` have"
    )


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = dict(json.loads((folder / RUN).read_text(encoding="utf-8")))
    except OSError:
        raise UnusableInput(
            f"{folder}: no {RUN} there; `omnisource allocate DIR --out {folder}` writes one"
        ) from None
    except ValueError as error:
        raise UnusableInput(f"{folder / RUN}: this is no run: {error}; allocate again") from None
    if "database" in facts:
        raise UnusableInput(
            f"{folder}: this run was written into a database, which has the record of it: "
            "`omnisource explain ORDER --db URL`"
        )
    needed = {"source", "policy", "now", "format", "tables", "cost_cents"}
    if missing := sorted(needed - set(facts)):
        raise UnusableInput(f"{folder / RUN}: it lacks {', '.join(missing)}; allocate again")
    return facts


def _what(folder: Path, facts: dict[str, Any]) -> WhatIf | None:
    return validated(WhatIf, facts["what"], str(folder / RUN)) if "what" in facts else None


def _world(folder: Path, facts: dict[str, Any]) -> World:
    if (folder / SEEN).is_file():
        return unpack((folder / SEEN).read_bytes()).world
    if not Path(facts["source"]).is_dir():
        raise UnusableInput(
            f"{folder / RUN}: its scenario folder {facts['source']} is gone; allocate again"
        )
    world = load(facts["source"]).world
    head = world.scenario.model_dump() | {"now": facts["now"], "policy": facts["policy"]}
    return world.replace(scenario=validated(Scenario, head, str(folder / RUN)))


def _changed(folder: Path, facts: dict[str, Any], why: str) -> UnusableInput:
    return UnusableInput(
        f"{folder}: the scenario {facts['source']} has changed since ({why}); allocate again"
    )


def _read(folder: Path, name: str, format: str) -> pl.DataFrame:
    path = folder / f"{name}.{format}"
    try:
        return pl.read_parquet(path) if format == "parquet" else _read_csv(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnusableInput(f"{path}: cannot be read ({error}); allocate again") from None


def _read_csv(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)  # all text: names may look like numbers


def _shipped(world: World, folder: Path, format: str) -> tuple[Shipped, Ints | None]:
    """Return the decisions of a run folder in the world's rows, and which travel together."""
    sent, held = (_read(folder, name, format) for name in ("shipments", "allocations"))
    order = rows_named(world.orders["order"], sent["order"])
    parcel = _ints(held, "shipment")
    found = Shipped(
        order=order,
        node=rows_named(world.nodes["node"], sent["node"]),
        service=rows_named(world.services["service"], sent["service"]),
        start=np.searchsorted(parcel, np.arange(sent.height + 1)).astype(np.int64),
        line=lines_named(world, order[parcel], held["line"]),
        units=_ints(held, "units"),
    )
    return found, _ints(sent, "parcel") if "parcel" in sent.columns else None


def _ints(frame: pl.DataFrame, column: str) -> Ints:
    return frame[column].cast(pl.Int64).to_numpy()


def _prices(world: World, folder: Path, format: str) -> Table:
    frame = _read(folder, "prices", format)
    return Table(
        {
            "resource": np.array(frame["resource"].to_list(), object),
            "node": rows_named(world.nodes["node"], frame["node"]).astype(np.int32),
            "sku": rows_named(world.products["sku"], frame["sku"]).astype(np.int32),
            "cents": frame["cents"].cast(pl.Float64).to_numpy(),
            "used": _ints(frame, "used"),
            "capacity": _ints(frame, "capacity"),
        }
    )
