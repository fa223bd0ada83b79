"""`bench night`, its rivals: the whole night as one programme, by solvers off the shelf."""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Final

from omnisource.orchestrator.bench.common import Bench, Part, Sheet, in_own_process
from omnisource.orchestrator.bench.probe import judged
from omnisource.orchestrator.report.words import share
from omnisource.solvers.problem import Limits, Round

RIVALS: Final = ("monolith-highs", "monolith-scip", "monolith-cpsat")
RIVAL_ORDERS: Final = (2_000, 5_000, 20_000)
RIVAL_TIMES: Final = 100
"""Times our own time that a rival has."""


def rivals(bench: Bench) -> Part:
    """Measure what off-the-shelf solvers make of the whole night as one programme."""
    rows = []
    most = bench.orders or max(RIVAL_ORDERS)
    for orders in [n for n in RIVAL_ORDERS if n <= most] or [most]:
        folder = bench.folder(orders)
        bench.tell(Round(f"{orders:,} orders by joint", 0))
        ours = in_own_process(judged, bench.warm(), folder, "joint", bench.limits(0.001))
        seconds = min(RIVAL_TIMES * ours["seconds"], bench.rival_seconds)
        limits = Limits(max(ours["gap"], 0.0), seconds, bench.seed, bench.threads)
        rows.append(ours)
        for name in RIVALS:
            bench.tell(Round(f"{orders:,} orders by {name}, {seconds:.0f} s at the most", 0))
            rows.append(_against(ours, name, _or_died(bench, folder, name, limits)))
    columns = ("orders", "solver", "s", "× ours", "first", "gap", "÷ cost", "GiB")
    note = (
        f"Each rival has {RIVAL_TIMES} times our time, {bench.rival_seconds:.0f} s at the most, to "
        "reach our gap; all have the same orders, which are those with a menu. Seconds are the "
        "solver's, building its model included; × ours: times our time; first: seconds to the "
        "first plan; ÷ cost: its cost by ours. HiGHS looks at its time now and then only."
    )
    said = [
        f"{row['orders']:,} orders, joint beside {row['solver']}: {row['said']}."
        for row in rows
        if "said" in row
    ]
    texts = [_row(row) for row in rows]
    return Part(rows, [Sheet("night rivals", "As one programme", columns, texts, [*said, note])])


def _or_died(bench: Bench, folder: Path, name: str, limits: Limits) -> dict[str, Any]:
    try:
        found = in_own_process(judged, bench.warm(), folder, name, limits)
    except BrokenProcessPool:
        return {"solver": name, "status": "died", "seconds": None, "cost_cents": None}
    return found | {"gap_asked": limits.gap, "seconds_allowed": limits.seconds}


def _against(ours: dict[str, Any], name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return a rival's figures beside ours."""
    if found["seconds"] is None:
        return {"orders": ours["orders"]} | found | {"said": f"{name} died"}
    solved, times = found["notes"]["solution"], found["seconds"] / ours["seconds"]
    ratio = found["cost_cents"] / max(ours["cost_cents"], 1)
    if found["status"] == "optimal":
        said = f"{_times(times)} times faster to the same gap"
    elif solved:
        word = "cheaper" if ratio >= 1 else "dearer"
        said = f"{word} by {share(abs(1 - 1 / ratio), 2)} in 1/{_times(times)} of the time"
    else:
        said = f"no plan in {_times(times)} times the time"
    return found | {"times": round(times, 1), "cost_ratio": round(ratio, 5), "said": said}


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _own_gap(row: dict[str, Any]) -> str:
    """Return the gap to a rival's own bound; it may have none worth the name."""
    if not row["notes"]["solution"]:
        return "no plan"
    return share(row["gap"], 3) if row["gap"] < 1 else "no bound"


def _row(row: dict[str, Any]) -> list[str]:
    head = [f"{row['orders']:,}", row["solver"]]
    if row["seconds"] is None:
        return [*head, "died", "", "never", "no plan", "", ""]
    memory = f"{row['peak_mb'] / 1024:.2f}"
    if row["solver"] == "joint":
        return [*head, f"{row['seconds']:.1f}", "1", "", share(row["gap"], 3), "1.0000", memory]
    notes = row["notes"]
    return [
        *head,
        f"{row['seconds']:.1f}",
        _times(row["times"]),
        ", ".join(f"{seconds:.1f}" for seconds in notes["first_seconds"]) or "never",
        _own_gap(row),
        f"{row['cost_ratio']:.4f}" if notes["solution"] else "",
        memory,
    ]
