"""`omnisource bench rolling`: one stream of orders, decided at the click, rolling, in hindsight.

The same orders come in by their `placed_at`; stock does not grow while they do. Time goes on in
runs of so many minutes, and every rule decides an order at the first run after it was placed, by
that run's clock:

    at the click       each order in turn, the cheapest plan from what is left; it goes at once
    at last prices     so, but with a price on what may be scarce: each midnight, that of the joint
                       night over what was ordered the day before, as if it came again, on what is
                       left; the first day has none. No order is refused for one that may come.
    rolling            held orders are decided together with new ones (rolling.py), and released
                       before the cut-off of their routes
    in hindsight       all orders together, as if all had been placed at the first minute: no rule
                       can do better, and none that cannot see what comes can do as well

Costs are the judge's, run by run; what is not served by the end is short. A promise is kept if all
of an order arrives by its date; orders that were promised no date are not counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from omnisource.models.world import ABSENT
from omnisource.orchestrator.bench.common import Sheet
from omnisource.orchestrator.bench.stream import BY_RULE, Asked, Stream, stream_of, world_of_stream
from omnisource.orchestrator.report.words import money, share
from omnisource.solvers.compile.costs import penalty_cents
from omnisource.solvers.compile.groups import shortage_factor

RULES: Final = tuple(BY_RULE)


@dataclass(frozen=True)
class RollingFigures:
    """What a stream came to by one rule."""

    rule: str
    orders: int
    cost_cents: int  # shortage included
    short_cents: int
    short_units: int
    split_rate: float  # of the orders that got something
    shipments_per_order: float
    moved_orders: int
    kept: float  # share of the promises
    mean_wait_hours: float
    bound_cents: int | None  # in hindsight
    runs: int
    seconds: float

    def document(self) -> dict[str, Any]:
        """Return the figures for programs."""
        return asdict(self)


def bench_rolling(
    folder: Path | None, asked: Asked, tell: Callable[[str], None] = lambda _: None
) -> list[RollingFigures]:
    """Let a stream of orders be decided by each rule.

    Args:
        folder: a scenario folder; None: one is made up.
        asked: how it is gone through.
        tell: whom to tell which rule is at work.
    """
    stream = stream_of(world_of_stream(folder, asked), asked)
    found = []
    for rule in RULES:
        tell(rule)
        found.append(figures_of(stream, rule))
    return found


def figures_of(stream: Stream, rule: str) -> RollingFigures:
    """Return what a stream comes to by a rule."""
    began = perf_counter()
    tally, runs, bound = BY_RULE[rule](stream)
    world, orders = stream.world, stream.world.orders.rows
    penalty = penalty_cents(world.policy.shortage_cents, shortage_factor(world))
    short = int((tally.left * penalty[world.lines["order"]]).sum())
    served, promised = tally.parcels > 0, tally.promised != ABSENT
    whole = np.bincount(world.lines["order"], tally.left, orders) == 0
    kept = whole & (tally.arrives <= tally.promised)
    return RollingFigures(
        rule=rule,
        orders=orders,
        cost_cents=int(tally.cents.sum()) + short,
        short_cents=short,
        short_units=int(tally.left.sum()),
        split_rate=round(float((tally.parcels > 1).sum() / max(served.sum(), 1)), 4),
        shipments_per_order=round(float(tally.parcels.sum() / max(served.sum(), 1)), 4),
        moved_orders=int((tally.moves > 0).sum()),
        kept=round(float(kept[promised].mean()), 4) if promised.any() else 1.0,
        mean_wait_hours=round(float(tally.waited[served].mean()) / 60, 2) if served.any() else 0.0,
        bound_cents=bound,
        runs=runs,
        seconds=round(perf_counter() - began, 1),
    )


def rolling_sheet(found: Sequence[RollingFigures], asked: Asked) -> Sheet:
    """Return the figures as a table."""
    bound = next((each.bound_cents for each in found if each.bound_cents is not None), None)
    columns = (
        "decided", "cost", "of it shortage", "above the bound in hindsight", "split rate",
        "shipments an order",
        "moved orders", "promises kept", "short units", "mean wait", "runs", "time",
    )  # fmt: skip
    rows = [
        (
            each.rule, money(each.cost_cents), money(each.short_cents),
            "" if bound is None else share(each.cost_cents / bound - 1, 2),
            share(each.split_rate), f"{each.shipments_per_order:.3f}", f"{each.moved_orders:,}",
            share(each.kept, 2), f"{each.short_units:,}", f"{each.mean_wait_hours:.1f} h",
            f"{each.runs:,}", f"{each.seconds:,.0f} s",
        )
        for each in found
    ]  # fmt: skip
    orders = found[0].orders if found else 0
    note = (
        f"{orders:,} orders; a run every {asked.every} minutes; moving an order must save "
        f"{asked.move_cents} cents."
    )
    return Sheet(
        "rolling", "Rolling allocation against deciding at the click", columns, rows, (note,)
    )
