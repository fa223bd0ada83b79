"""What a plan comes to: the figures that reports, comparisons and `--json` show, found once."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from omnisource.models.plan import Plan
from omnisource.models.world import ORDER_MODES, Table, World
from omnisource.solvers.judge.surcharges import loads, shortfalls
from omnisource.solvers.problem import Floats
from omnisource.solvers.routes.direct import distances_km


@dataclass(frozen=True)
class Measures:
    """The figures of a plan. A share is of the served orders; a served order got something."""

    orders: int
    lines: int
    shipments: int
    split_rate: float  # share that came in more than one shipment
    shortage_units: int
    cost_cents: int
    bound_cents: int | None  # no plan of that night costs less
    gap: float | None  # (cost − bound) / cost
    bill: dict[str, int]  # cents by term
    solver: str
    status: str
    seconds: dict[str, float]
    passes: int
    peak_mb: float | None
    seed: int
    run: str
    served_orders: int
    short_orders: int  # that miss at least one unit
    late_rate: float  # share with at least one late shipment
    cost_cents_per_order: float
    nodes_used: int
    km_per_shipment: float | None  # as the crow flies, where both places are known
    shortfalls: list[dict[str, Any]]  # by, group, ordered, short, free, cents: who bears shortage
    busy_nodes: int  # that send more than a load step of the policy leaves free
    verdicts: dict[str, int]  # (line, node) pairs
    notes: dict[str, Any]  # what the solver has to say

    def document(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return asdict(self)

    @property
    def above_bound_cents(self) -> int | None:
        """How much dearer than the best possible plan this one can be at most."""
        return None if self.bound_cents is None else self.cost_cents - self.bound_cents


def measures_of(world: World, plan: Plan) -> Measures:
    """Return the figures of a plan of that world."""
    table, short, facts = plan.shipments, plan.shortages, plan.facts
    parcels = np.bincount(table["order"], minlength=world.orders.rows)
    served = int((parcels > 0).sum())
    late_orders = len(np.unique(table["order"][table["days_late"] > 0]))
    return Measures(
        orders=world.orders.rows,
        lines=world.lines.rows,
        shipments=parcels_of(table),
        split_rate=_share(int((parcels > 1).sum()), served),
        shortage_units=int(short["units"].sum()),
        cost_cents=plan.cost_cents,
        bound_cents=plan.bound_cents,
        gap=plan.gap,
        bill={term: int(cents) for term, cents in plan.bill.items()},
        solver=plan.solver,
        status=plan.status,
        seconds=dict(facts.get("seconds", {})),
        passes=int(facts.get("passes", 0)),
        peak_mb=facts.get("peak_mb"),
        seed=int(facts.get("seed", 0)),
        run=str(facts.get("run", "")),
        served_orders=served,
        short_orders=len(np.unique(short["order"])),
        late_rate=_share(late_orders, served),
        cost_cents_per_order=round(plan.cost_cents / max(world.orders.rows, 1), 2),
        nodes_used=len(np.unique(table["node"])),
        km_per_shipment=_mean_km(world, plan),
        shortfalls=_rows(shortfalls(world, short)),
        busy_nodes=_busy(loads(world, table)),
        verdicts=dict(facts.get("verdicts", {})),
        notes=dict(facts.get("notes", {})),
    )


def parcels_of(shipments: Table) -> int:
    """Return how many parcels there are: what several orders share is one."""
    parcel = shipments.get("parcel")
    return shipments.rows if parcel is None else len(np.unique(parcel))


def _rows(table: Table) -> list[dict[str, Any]]:
    columns = (column.tolist() for column in table.values())
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _busy(steps: Table) -> int:
    return len(np.unique(steps["node"][steps["sent"] > steps["free"]]))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _mean_km(world: World, plan: Plan) -> float | None:
    km = kilometres(world, plan.shipments)
    known = km[~np.isnan(km)]
    return round(float(known.mean()), 1) if len(known) else None


def kilometres(world: World, shipments: Table) -> Floats:
    """Return how far each shipment goes, (S,) km as the crow flies; NaN where nobody knows."""
    order, node = shipments["order"], shipments["node"]
    here = [world.nodes[name][node].astype(np.float64) for name in ("lat", "lon")]
    there = [column[order] for column in destinations(world)]
    return np.asarray(distances_km(*here, *there))


def destinations(world: World) -> tuple[Floats, Floats]:
    """Return where each order goes, (K,) degrees north and east: its address or its counter."""
    orders, nodes = world.orders, world.nodes
    at_home = orders["mode"] == ORDER_MODES.index("delivery")
    lat, lon = (
        np.where(at_home, orders[name], nodes[name][orders["pickup_node"]]).astype(np.float64)
        for name in ("lat", "lon")
    )
    return lat, lon


def to_json(document: Any) -> str:
    """Return a document as JSON; figures of numpy become plain ones.

    >>> to_json({"gap": np.float64(0.5), "passes": np.arange(2)}).split()
    ['{', '"gap":', '0.5,', '"passes":', '[', '0,', '1', ']', '}']
    """
    return json.dumps(document, indent=2, default=_plain, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)
