"""The rows behind the page of a simulation; money in euros, shares in percent."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

import numpy as np

from omnisource.models.plan import TERMS
from omnisource.orchestrator.lab.outcome import Rows
from omnisource.orchestrator.report.page_data import step_row
from omnisource.orchestrator.report.simulate import GAP, cell
from omnisource.orchestrator.simulate.estimate import Interval
from omnisource.orchestrator.simulate.figures import COST, FIGURES, Figure
from omnisource.orchestrator.simulate.outcome import Simulated

SCALE: Final = {"cents": (0.01, "€"), "share": (100.0, "%"), "days": (1.0, "days")}
"""What a unit is multiplied by, and called; others are as they are."""
BY_DAY: Final = {figure.key: figure for figure in FIGURES}
DAILY: Final = ("arrived", "orders", "refused", "walked", "shipments", "units")


def simulated_rows(found: Simulated) -> dict[str, Rows]:
    """Return the tables by name; the first policy's rows come first."""
    policies = found.asked.policies
    levels = [row for p in policies for row in _figures(found, p, against=False)]
    differences = [row for p in found.others for row in _figures(found, p, against=True)]
    return {
        "policies": [row for row in levels if row["key"] == "cost"],
        "gaps": [row for row in differences if row["key"] == "cost"],
        "kept": [row for row in levels if row["key"] == "kept"],
        "bought": [row for row in levels if row["key"] == "bought"],
        "terms": [row for row in levels if row["key"] in TERMS and row["mean"]],
        "steps": [row for p in found.others or policies for row in _steps(found, p)],
        "foresight": [row for p in policies for row in _foresight(found, p)],
        "days": [row for p in policies for row in _days(found, p)],
        "measures": _side_by_side(found, against=False),
        "against": _side_by_side(found, against=True),
        "levels": levels,
        "differences": differences,
    }


def _figures(found: Simulated, policy: str, *, against: bool) -> Iterator[dict[str, Any]]:
    for figure in FIGURES:
        known = found.difference(policy, figure) if against else found.level(policy, figure)
        if known is not None:
            yield {"policy": policy} | _figure(figure, known)


def _figure(figure: Figure, known: Interval) -> dict[str, Any]:
    times, unit = SCALE.get(figure.unit, (1.0, ""))
    ends = {"mean": known.mean, "low": known.low, "high": known.high}
    values = {name: None if end is None else end * times for name, end in ends.items()}
    return {"key": figure.key, "measure": figure.title.strip(), "unit": unit} | values


def _side_by_side(found: Simulated, *, against: bool) -> Rows:
    """Return a row a measure, a column a policy; without those that are nothing everywhere."""
    policies, sign = (found.others, "+") if against else (found.asked.policies, "")
    known = found.difference if against else found.level
    rows = []
    for figure in FIGURES if policies else ():
        cells = [known(policy, figure) for policy in policies]
        if any(each is not None and (each.mean or each.half) for each in cells):
            unit = SCALE["cents"][1] if figure.unit == "cents" else ""
            texts = [cell(figure, each, sign) for each in cells]
            rows.append({"measure": figure.title.strip(), "unit": unit}
                        | dict(zip(policies, texts, strict=True)))  # fmt: skip
    gaps = [found.foresight(policy) for policy in policies]
    if any(gaps) and not against:
        texts = [cell(GAP, each, "") for each in gaps]
        rows.append({"measure": GAP.title, "unit": ""} | dict(zip(policies, texts, strict=True)))
    return rows


def _foresight(found: Simulated, policy: str) -> Iterator[dict[str, Any]]:
    known = found.foresight(policy)
    if known is not None:
        yield {"policy": policy} | _figure(GAP, known)


def _steps(found: Simulated, policy: str) -> Iterator[dict[str, Any]]:
    """Give the waterfall from the first policy's cost to another's, term by term, in euros.

    Costs differ by little: whole bars begin at a foot below both, not at 0. Of the first alone,
    from nothing to its cost.
    """
    alone = policy == found.first
    known = found.level if alone else found.difference
    before = 0.0 if alone else _euros(found.level(found.first, COST))
    after = _euros(found.level(policy, COST))
    terms = {t: k.mean / 100 for t in TERMS if (k := known(policy, BY_DAY[t])) and k.mean}
    ends = [before, *(before + part for part in accumulate(terms.values()))]
    foot = max(0.0, min(ends) - 0.25 * (max(ends) - min(ends)))
    if not alone:
        yield _step(policy, found.first, (foot, before), before, way="all")
    for (term, part), start, end in zip(terms.items(), ends, ends[1:], strict=False):
        yield _step(policy, term, (start, end), part, way="more" if part > 0 else "less")
    yield _step(policy, policy, (foot, after), after, way="all")


def _euros(known: Interval | None) -> float:
    return 0.0 if known is None else known.mean / 100


def _step(
    policy: str, name: str, ends: tuple[float, float], amount: float, *, way: str
) -> dict[str, Any]:
    return {"policy": policy} | step_row(name, ends, amount, way=way)


def _days(found: Simulated, policy: str) -> Iterator[dict[str, Any]]:
    """Give each day's mean over the replications."""
    runs = [run[policy].by_day for run in found.runs]
    cents, came = (np.sum([r[name] for r in runs], axis=0) for name in ("cents", "arrived"))
    means = {
        name: np.mean([r[name] for r in runs], axis=0).tolist() for name in DAILY if name in runs[0]
    }
    for day in range(found.days):
        yield {
            "policy": policy, "day": day, "counted": "yes" if day >= found.warm else "warm-up",
            "cost": round(cents[day] / came[day] / 100, 4) if came[day] else None,
        } | {name: values[day] for name, values in means.items()}  # fmt: skip
