"""Menu entries as columns: what whole-night programmes choose from (reference.py, matrix.py)."""

from dataclasses import dataclass

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.solvers.problem import MENU_LIMIT, NEVER, UNLIMITED, Decisions, Ints, Problem


@dataclass(frozen=True, eq=False)
class Entries:
    """Every parcel that could be sent, one row each, and one a content row of a parcel."""

    entry: Ints  # (Z,) menu entry
    candidate: Ints  # (Z,)
    order: Ints  # (Z,)
    most: Ints  # (Z,) how often it could be sent at the most, ⌊cap / x⌋
    parcel: Ints  # (X,) which of the Z a content row belongs to
    pair: Ints  # (X,)
    line: Ints  # (X,)
    units: Ints  # (X,) ≥ 1


def entries(problem: Problem) -> Entries:
    """Return all menu entries that can be sent, without the empty ones."""
    entry = np.flatnonzero(problem.menu_cost < NEVER)
    entry = entry[~np.isin(entry, problem.menu_start)]
    candidate = np.searchsorted(problem.menu_start, entry, side="right") - 1
    order = np.searchsorted(problem.order_candidate, candidate, side="right") - 1
    parcel, pair, units = _contents(problem, entry, candidate)
    most = np.full(len(entry), UNLIMITED)
    np.minimum.at(most, parcel, problem.cap[pair] // units)
    line = problem.order_line[order][parcel] + pair - problem.pair_start[candidate][parcel]
    return Entries(entry, candidate, order, most, parcel, pair, line, units)


def _contents(problem: Problem, entry: Ints, candidate: Ints) -> tuple[Ints, Ints, Ints]:
    """Write the entries' mixed-radix numbers out as rows (parcel, pair, units)."""
    first, end = problem.pair_start[candidate], problem.pair_start[candidate + 1]
    rest = entry - problem.menu_start[candidate]
    rows: list[tuple[Ints, Ints, Ints]] = []
    for j in range(int((end - first).max(initial=0))):
        has = np.flatnonzero(first + j < end)
        pair = first[has] + j
        rest[has], units = np.divmod(rest[has], problem.cap[pair] + 1)
        some = units > 0
        rows.append((has[some], pair[some], units[some]))
    if not rows:
        return entry, entry, entry
    parcel, pair, units = (np.concatenate(part) for part in zip(*rows, strict=True))
    return parcel, pair, units


def decisions_of(problem: Problem, of: Entries, counts: Ints) -> Decisions:
    """Write each parcel out as often as it is sent, `counts` (Z,)."""
    parcels = np.repeat(np.arange(len(counts)), counts)
    by_parcel = np.argsort(of.parcel, kind="stable")
    sizes = np.bincount(of.parcel, minlength=len(counts))
    first = np.concatenate([[0], np.cumsum(sizes)])
    start = np.concatenate([[0], np.cumsum(sizes[parcels])])
    offset = np.repeat(first[parcels] - start[:-1], sizes[parcels])
    rows = by_parcel[np.arange(start[-1]) + offset]
    return Decisions(
        candidate=of.candidate[parcels],
        way=problem.menu_way[of.entry[parcels]],
        start=start.astype(np.int64),
        line=of.line[rows],
        units=of.units[rows],
    )


def refuse_large(problem: Problem, name: str) -> None:
    """Refuse a night with an order that has no menu.

    Raises:
        UnusableInput: there is one.
    """
    if problem.large.any():
        order = int(np.flatnonzero(problem.large)[0])
        raise UnusableInput(
            f"{name} is for small instances: order {order} can be cut in more than "
            f"{MENU_LIMIT} ways; use --solver joint, or fewer lines and units an order"
        )
