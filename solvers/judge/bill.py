"""The bill of a plan: cents by term, for each shipment and in all.

cost  =  Σ shipments (freight + handling + stock + co2 + late + risk + moved)
         +  Σ units short · penalty  +  load  +  unfair

Load and unfair are costs of the night: they are on no shipment and no shortage (surcharges.py).
"""

from typing import Any

import numpy as np

from omnisource.models.plan import SHIPMENT_TERMS, TERMS, Plan
from omnisource.models.world import Table
from omnisource.solvers.compile.costs import penalty_cents
from omnisource.solvers.compile.groups import shortage_factor
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.judge.surcharges import loads, shortfalls
from omnisource.solvers.problem import Ints


def sums(keys: Any, figures: Ints, size: int) -> Ints:
    """Add figures up by key, 0 … size−1."""
    totals = np.zeros(size, np.int64)
    np.add.at(totals, keys, figures)
    return totals


def shipped_of_lines(parcels: Parcels) -> Ints:
    """Return, (lines,), the units shipped of every row of world.lines."""
    return sums(parcels.shipped.line, parcels.shipped.units, parcels.world.lines.rows)


def bill(parcels: Parcels) -> Plan:
    """Write the plan of feasible parcels: its bill, and shipments, allocations, shortages."""
    shipments, shortages = _shipments(parcels), _shortages(parcels)
    cents = {term: shipments[term] for term in SHIPMENT_TERMS} | {
        "shortage": shortages["cents"],
        "load": loads(parcels.world, shipments)["cents"],
        "unfair": shortfalls(parcels.world, shortages)["cents"],
    }
    return Plan(
        shipments=shipments,
        allocations=_allocations(parcels),
        shortages=shortages,
        bill={term: int(cents[term].sum()) for term in TERMS},
    )


def _shipments(parcels: Parcels) -> Table:
    shipped = parcels.shipped
    billable, freight, co2 = parcels.tariff
    terms = {
        "freight": freight,
        "handling": parcels.handling,
        "stock": parcels.stock,
        "co2": co2,
        "late": parcels.late,
        "risk": parcels.risk,
        "moved": parcels.moved,
    }
    return Table(
        {
            "order": shipped.order.astype(np.int32),
            "node": shipped.node.astype(np.int32),
            "service": shipped.service.astype(np.int32),
            "units": parcels.units,
            "grams": parcels.grams,
            "billable_grams": billable,
            "arrives": parcels.arrives,
            "days_late": parcels.days_late,
            **terms,
            "cost_cents": np.sum(list(terms.values()), axis=0),
        }
    )


def _allocations(parcels: Parcels) -> Table:
    shipped = parcels.shipped
    columns = {
        "shipment": parcels.parcel,
        "order": shipped.order[parcels.parcel],
        "line": shipped.line,
        "sku": parcels.sku,
        "node": parcels.row_node,
    }
    rows = {name: column.astype(np.int32) for name, column in columns.items()}
    return Table({**rows, "units": shipped.units})


def _shortages(parcels: Parcels) -> Table:
    world, lines = parcels.world, parcels.world.lines
    penalty = penalty_cents(world.policy.shortage_cents, shortage_factor(world))
    missing = lines["units"] - shipped_of_lines(parcels)
    short = np.flatnonzero(missing > 0)
    return Table(
        {
            "order": lines["order"][short].astype(np.int32),
            "line": short.astype(np.int32),
            "sku": lines["sku"][short].astype(np.int32),
            "units": missing[short],
            "cents": missing[short] * penalty[lines["order"][short]],
        }
    )
