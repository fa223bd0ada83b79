"""`bench night`: the joint solver on one machine, against its goals, its rivals and the rules.

| part | says |
|---|---|
| `table` | gap, passes, memory, seconds, against the goals |
| `anytime` | the gap after so many passes' worth of time |
| `rivals` | the whole night as one programme in HiGHS, SCIP and CP-SAT |
| `rules` | the rule engines on the same night |
| `growth` | seconds an order, by size |
| `sweep` | the gap, by how scarce stock is |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from omnisource.orchestrator.allocate import STEPS
from omnisource.orchestrator.bench.common import (
    Bench,
    Goal,
    Part,
    Sheet,
    in_own_process,
    machine,
    machine_words,
    shown_gap,
    verdict,
)
from omnisource.orchestrator.bench.probe import anytime, by_rules, whole_run
from omnisource.orchestrator.bench.rivals import rivals
from omnisource.orchestrator.compare import COMPARED
from omnisource.orchestrator.report.words import share
from omnisource.solvers.problem import Round

MILLION: Final = 1_000_000
PASSES: Final = (20, 40, 60, 100, 200)
GROWTH: Final = (10_000, 30_000, 100_000, 300_000, MILLION)
SCARCITY: Final = (1.3, 1.0, 0.7)
LEVEL: Final = 1.1
"""Times the seconds an order of the size before, up to which growth is level."""


def bench_night(bench: Bench, parts: Sequence[str]) -> tuple[dict[str, Any], list[Sheet]]:
    """Measure those parts; return them for JSON and as tables, each with what it was made on."""
    made_on = machine()
    found = {name: PARTS[name](bench) for name in parts}
    document = {"machine": made_on, "scarcity": bench.scarcity, "seed": bench.seed}
    words = f"Made on {machine_words(made_on)}."
    sheets = [
        replace(sheet, notes=[*sheet.notes, words])
        for part in found.values()
        for sheet in part.sheets
    ]
    return document | {name: part.rows for name, part in found.items()}, sheets


@dataclass(frozen=True)
class Aim:
    """A row of the table: a size, the gap asked for, and what it may take."""

    orders: int
    gap: float
    passes: int
    gib: int
    seconds: float | None = None  # loading and writing included


def aims(bench: Bench) -> list[Aim]:
    """Return the rows of the table."""
    rows = [Aim(bench.size, 0.001, 60, 2), Aim(bench.size, 0.0005, 200, 2)]
    if bench.orders is None:
        rows.append(Aim(MILLION, 0.001, 60, 8, seconds=300.0))
    return rows


def table(bench: Bench) -> Part:
    """Measure gap, passes, memory and seconds against the goals."""
    rows = []
    for aim in aims(bench):
        folder, limits = bench.folder(aim.orders), bench.limits(aim.gap)
        bench.tell(Round(f"{aim.orders:,} orders to {share(limits.gap, 2)}", 0))
        found = in_own_process(whole_run, bench.warm(), folder, limits)
        found["short"] = verdict(_goals(aim, found))
        rows.append(found)
    return Part(rows, [_certified(rows), _seconds(rows)])


def _goals(aim: Aim, found: dict[str, Any]) -> list[Goal]:
    goals = [
        Goal(found["gap"], aim.gap, lambda gap: share(gap, 3)),
        Goal(found["passes"], aim.passes, "{:,.0f} passes".format),
        Goal(found["peak_mb"] / 1024, aim.gib, "{:.1f} GiB".format),
    ]
    if aim.seconds is not None:
        goals.append(Goal(found["seconds"]["total"], aim.seconds, "{:.0f} s".format))
    return goals


def _certified(rows: list[dict[str, Any]]) -> Sheet:
    columns = ("orders", "gap asked", "gap", "a pass, s", "passes", "peak GiB", "all, s")
    texts = [
        [
            f"{row['orders']:,}", share(row["gap_asked"], 2), share(row["gap"], 3),
            f"{row['pass_seconds']:.3f}", f"{row['passes']:,.0f}",
            f"{row['peak_mb'] / 1024:.2f}", f"{row['seconds']['total']:.1f}",
        ]
        for row in rows
    ]  # fmt: skip
    goals = [
        f"{row['orders']:,} orders to {share(row['gap_asked'], 2)}: {row['short']}." for row in rows
    ]
    meaning = (
        "A pass is one run of the oracle over all orders at no prices, measured in the same run; "
        "passes are the solver's whole time in it. Goals: 60 passes and 2 GiB at 0.1 %, 200 at "
        "0.05 %; for a million orders 60 passes, 8 GiB, 300 s in all."
    )
    return Sheet("night table", "The night", columns, texts, [*goals, meaning])


def _seconds(rows: list[dict[str, Any]]) -> Sheet:
    steps = [step for step in STEPS if step != "solve"]
    texts = [
        [
            f"{row['orders']:,} to {share(row['gap_asked'], 2)}",
            *(f"{row['seconds'][step]:.1f}" for step in [*steps, "total"]),
        ]
        for row in rows
    ]  # fmt: skip
    columns = ("orders", *steps, "all")
    return Sheet("night seconds", "The night's seconds", columns, texts)


def anytime_curve(bench: Bench) -> Part:
    """Measure the gap after so many passes' worth of the solver's time."""
    folder, limits = bench.folder(bench.size), bench.limits(0.0)
    bench.tell(Round(f"{bench.size:,} orders for {max(PASSES)} passes", 0))
    found = in_own_process(anytime, bench.warm(), folder, limits, passes=PASSES)
    texts = [[str(passes), shown_gap(gap)] for passes, gap in found["gaps"].items()]
    note = (
        f"{found['orders']:,} orders, no gap asked for, a pass {found['pass_seconds']:.3f} s; the "
        f"solver ended after {found['passes_at_the_end']:,.0f} passes at "
        f"{shown_gap(found['gap_at_the_end'])}."
    )
    sheet = Sheet("night anytime", "The gap as time goes on", ("passes", "gap"), texts, [note])
    return Part([found], [sheet])


def rules(bench: Bench) -> Part:
    """Compare with the rule engines on the same night."""
    folder, limits = bench.folder(bench.size), bench.limits(0.001)
    bench.tell(Round(f"{bench.size:,} orders by {', '.join(COMPARED)}", 0))
    found = in_own_process(by_rules, bench.warm(), folder, COMPARED, limits)
    ours = next(row for row in found if row["solver"] == "joint")["cost_cents"]
    texts = [
        [
            row["solver"], f"{row['cost_cents'] / 100:,.0f}",
            "" if row["solver"] == "joint" else f"+{share(row['cost_cents'] / ours - 1)}",
            share(row["split_rate"]), share(row["late_rate"]),
            f"{row['shortage_units']:,}", shown_gap(row["gap"]), f"{row['seconds']['solve']:.1f}",
        ]
        for row in sorted(found, key=lambda row: int(row["cost_cents"]))
    ]  # fmt: skip
    columns = ("solver", "cost €", "more", "split", "late", "short", "gap", "s")
    note = f"{bench.size:,} orders. Short: units unserved. The gap is to the bound of joint."
    return Part(found, [Sheet("night rules", "The rule engines", columns, texts, [note])])


def growth(bench: Bench) -> Part:
    """Measure seconds an order by size."""
    rows: list[dict[str, Any]] = []
    for orders in _sizes(bench):
        folder, limits = bench.folder(orders), bench.limits(0.001)
        bench.tell(Round(f"{orders:,} orders to {share(limits.gap, 2)}", 0))
        found = in_own_process(whole_run, bench.warm(), folder, limits)
        for step in ("solve", "total"):
            found[f"{step}_ms_an_order"] = round(1e3 * found["seconds"][step] / orders, 4)
        before = rows[-1]["total_ms_an_order"] if rows else found["total_ms_an_order"]
        found["level"] = found["total_ms_an_order"] <= LEVEL * before
        rows.append(found)
    texts = [
        [
            f"{row['orders']:,}", share(row["gap"], 3), f"{row['passes']:,.0f}",
            f"{row['seconds']['solve']:.1f}", f"{row['seconds']['total']:.1f}",
            f"{row['solve_ms_an_order']:.3f}", f"{row['total_ms_an_order']:.3f}",
            f"{row['peak_mb'] / 1024:.2f}", "yes" if row["level"] else "no",
        ]
        for row in rows
    ]  # fmt: skip
    columns = ("orders", "gap", "passes", "solve, s", "all, s", "solve, ms", "all, ms", "GiB",
               "level")  # fmt: skip
    note = (
        f"Milliseconds are an order's. Level: at most {LEVEL:g} times those of the size before, "
        "all included."
    )
    return Part(rows, [Sheet("night growth", "Growth", columns, texts, [note])])


def _sizes(bench: Bench) -> Sequence[int]:
    """Return the sizes that growth looks at: three at least, the largest as asked."""
    if bench.orders is None:
        return GROWTH
    smaller = [orders for orders in GROWTH if orders < bench.orders]
    return [*smaller, bench.orders] if len(smaller) > 1 else [bench.orders // n for n in (4, 2, 1)]


def sweep(bench: Bench) -> Part:
    """Measure the gap by how scarce stock is."""
    rows, texts = [], []
    for scarcity in SCARCITY:
        folder, limits = bench.folder(bench.size, scarcity), bench.limits(0.001)
        bench.tell(Round(f"{bench.size:,} orders, {scarcity:g} units a unit ordered", 0))
        found = in_own_process(whole_run, bench.warm(), folder, limits)
        found |= {"scarcity": scarcity}
        found["short"] = verdict([Goal(found["gap"], 0.001, lambda gap: share(gap, 3))])
        rows.append(found)
        reached = found["seconds_to_gap"]
        texts.append([
            f"{scarcity:g}", share(found["gap"], 3),
            "never" if reached is None else f"{reached / found['pass_seconds']:,.0f}",
            f"{found['passes']:,.0f}", f"{found['seconds']['solve']:.1f}",
        ])  # fmt: skip
    columns = ("scarcity", "gap", "passes to it", "passes", "solve, s")
    note = (
        f"{bench.size:,} orders. Scarcity: units in stock a unit ordered, of contested products. "
        "Passes to it: to the gap asked."
    )
    goals = [f"Scarcity {row['scarcity']:g}: {row['short']}." for row in rows]
    notes = [*goals, note]
    return Part(rows, [Sheet("night sweep", "How scarce stock is", columns, texts, notes)])


PARTS: Final[dict[str, Callable[[Bench], Part]]] = {
    "table": table,
    "anytime": anytime_curve,
    "rivals": rivals,
    "rules": rules,
    "growth": growth,
    "sweep": sweep,
}
"""What can be measured, by name."""
