"""Orders of middling size: too wide for a menu that is kept, narrow enough for one in passing.

An order of a dozen lines has some 3¹² ways to be cut. Its menu is too big to keep for every
night, but to fill it once and run the compiled oracle over it takes milliseconds, and is exact.
An order wider still is served in pieces, line by line in runs that are narrow enough, and parcels
of one node are joined where that is cheaper: a plan at once, for when there is no time for more.
"""

from typing import Final

import numpy as np

from omnisource.solvers.compile.menus import content_cents
from omnisource.solvers.compile.world import with_menus
from omnisource.solvers.oracle.kernel import best_plan, relaxed_plan
from omnisource.solvers.oracle.plans import Left, Plans, scratch
from omnisource.solvers.oracle.serve import take
from omnisource.solvers.problem import Ints, Prices, Problem, sealed

WIDE_LIMIT: Final = 5_000_000
"""Cuts, Π (q+1)(q+2)/2, up to which an order is solved this way."""
PIECE_LIMIT: Final = 60_000
"""Cuts of a piece of an order that is served in pieces."""
BY_LINE: Final = (
    *("units", "shortage", "late", "grams", "mm3", "alone", "line_fences"),
    *("kit", "kit_units", "kit_parcel"),
)
BY_PAIR: Final = ("cell", "cap", "rate")
BY_WAY: Final = ("service", "steps", "days_late", "arrives", "fences", "co2")
BY_ORDER: Final = ("max_shipments", "complete", "placed_at")

Parcel = tuple[int, int, Ints]
"""Candidate, way, and units of each line of the order."""


def cuts(problem: Problem, order: int) -> float:
    """Return in how many ways an order can be cut, Π (q+1)(q+2)/2."""
    units = problem.units[problem.order_line[order] : problem.order_line[order + 1]].astype(float)
    return float(np.prod((units + 1) * (units + 2) / 2))


def alone(problem: Problem, order: int, lines: Ints | None = None) -> Problem:
    """Return the night of one order, or of some of its lines (positions), with its menu."""
    first, last = int(problem.order_line[order]), int(problem.order_line[order + 1])
    chosen = np.arange(last - first) if lines is None else lines
    begin, end = int(problem.order_candidate[order]), int(problem.order_candidate[order + 1])
    pairs = slice(problem.pair_start[begin], problem.pair_start[end])
    ways, way = problem.ways, int(problem.ways.start[begin])
    of_ways = slice(way, int(ways.start[end]))
    columns = {name: getattr(problem, name)[first:last][chosen] for name in BY_LINE}
    place = np.full(last - first + 1, -1)  # the last for a line of no bundle
    place[chosen] = np.arange(len(chosen))
    columns["kit"] = place[columns["kit"]]
    for name in BY_PAIR:
        by_candidate = getattr(problem, name)[pairs].reshape(end - begin, last - first)
        columns[name] = by_candidate[:, chosen].ravel()
    columns |= {name: getattr(problem, name)[begin:end] for name in ("node", "km")}
    columns |= {name: getattr(problem, name)[order : order + 1] for name in BY_ORDER}
    return with_menus(
        problem._replace(
            order_line=np.array([0, len(chosen)]),
            order_candidate=np.array([0, end - begin]),
            large=np.zeros(1, bool),
            soft=problem.soft._replace(group=problem.soft.group[order : order + 1]),
            pair_start=np.arange(end - begin + 1) * len(chosen),
            ways=ways._replace(
                start=ways.start[begin : end + 1] - way,
                **{name: getattr(ways, name)[of_ways] for name in BY_WAY},
            ),
            **columns,
        ),
        threads=1,
    )


def wide_plan(
    problem: Problem, order: int, prices: Prices, left: Left
) -> tuple[float, list[Parcel] | None]:
    """Return the cheapest value, and its parcels as (candidate, way, units of each line).

    The parcels are None where two from one candidate overstep what is left: the value is then a
    lower bound only.
    """
    one = alone(problem, order)
    plans, work = Plans.room(one), scratch(one, np.zeros(1, np.int64))
    out = (plans.candidate, plans.entry, 0)
    at = prices._replace(short=prices.short[order : order + 1])
    value, plans.count[0], over = relaxed_plan(one, 0, at, left, work, out)
    if over >= 0:
        return float(value), None
    return float(value), _parcels(problem, order, one, plans, lines=np.arange(len(one.units)))


def _parcels(
    problem: Problem, order: int, one: Problem, plans: Plans, *, lines: Ints
) -> list[Parcel]:
    """Translate the plan of `alone` into candidates, ways and lines of the whole problem."""
    first, count = int(problem.order_candidate[order]), plans.count[0]
    start, k = int(problem.ways.start[first]), problem.order_line[order + 1]
    parcels = []
    for candidate, entry in zip(plans.candidate[:count], plans.entry[:count], strict=True):
        code = int(one.menu_content[entry])
        units = np.zeros(k - problem.order_line[order], np.int64)
        for j, line in enumerate(lines):
            code, units[line] = divmod(code, int(one.units[j]) + 1)
        parcels.append((first + int(candidate), start + int(one.menu_way[entry]), units))
    return parcels


def pieced_plan(problem: Problem, order: int, prices: Prices, left: Left) -> list[Parcel]:
    """Return parcels for an order of any width: a plan that keeps within `left`, fast."""
    room = Left(*(column.copy() for column in left))
    at = prices._replace(short=prices.short[order : order + 1])
    parcels: list[Parcel] = []
    for lines in _pieces(problem, order):
        one = alone(problem, order, lines)
        one = sealed(one._replace(complete=np.zeros(1, bool)))
        plans, work = Plans.room(one), scratch(one, np.zeros(1, np.int64))
        out = (plans.candidate, plans.entry, 0)
        _, plans.count[0] = best_plan(one, 0, at, room, work, out)
        take(one, 0, plans, 1, room)
        parcels += _parcels(problem, order, one, plans, lines=lines)
    return _joined(problem, order, parcels)


def _pieces(problem: Problem, order: int) -> list[Ints]:
    """Cut the lines of an order into runs of at most `PIECE_LIMIT` cuts, one line at the least.

    A bundle is not cut; one wider than `WIDE_LIMIT` is left out.
    """
    lines = slice(problem.order_line[order], problem.order_line[order + 1])
    units, kit = problem.units[lines], problem.kit[lines]
    loose = [np.array([j]) for j in np.flatnonzero(kit < 0)]
    pieces: list[list[int]] = [[]]
    size = 1.0
    for run in [*loose, *(np.flatnonzero(kit == head) for head in np.unique(kit[kit >= 0]))]:
        more = float(np.prod((units[run] + 1.0) * (units[run] + 2.0) / 2.0))
        if more > WIDE_LIMIT and len(run) > 1:
            continue
        if pieces[-1] and size * more > PIECE_LIMIT:
            pieces.append([])
            size = 1.0
        pieces[-1] += run.tolist()
        size *= more
    return [np.array(piece) for piece in pieces if piece]


def _joined(problem: Problem, order: int, parcels: list[Parcel]) -> list[Parcel]:
    """Join parcels of one candidate where one parcel is cheaper than two."""
    done: list[Parcel] = []
    for candidate, way, units in parcels:
        alone_cents, _ = content_cents(problem, order, candidate, units)
        for i, (other, _, held) in enumerate(done):
            if other != candidate:
                continue
            cents, _ = content_cents(problem, order, candidate, held)
            both, joint_way = content_cents(problem, order, candidate, held + units)
            if both <= cents + alone_cents:
                done[i] = (candidate, int(joint_way), held + units)
                break
        else:
            done.append((candidate, way, units))
    return done
