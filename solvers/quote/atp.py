"""What can be promised: by node, SKU, channel and time (ATP), and when there is enough.

Indices
    r  stock cell (node, SKU)       k, j  channel
    t  time, minutes since 1970-01-01 UTC, from `now` on
    q  units asked for

Supply is what is there for promises still to be made:

    (1)  S_r(t)    =  on hand − reserved − safety + receipts due by t − committed by t
    (2)  F_r(t)    =  min over t' ≥ t of S_r(t')

`reserved` lies there and is somebody's already; `committed` is promised to leave on a day that is
known, and takes no unit before. (2) is the cumulative ATP with look-ahead: a unit that is promised
for t must not be missing for a promise of a later day that was made before.

An allotment A_rk is what channel k may sell of a cell at most, and nobody else may sell it. Units
that the channel has taken of it already (`taken`) no longer count:

    (3)  A'_rk     =  max(0, A_rk − taken_rk)
    (4)  ATP_rk(t) =  max(0, min(A'_rk, F_r(t) − Σ_{j≠k} A'_rj))

A channel without an allotment in the cell has A'_rk = ∞: it sells what is beyond all allotments.
What is beyond them is closed to channels that have one. Ten units, allotments web 4, app 3: web
can sell 4, app 3, every other channel 3. Where the allotments exceed what is there, each channel
is sure only of what the others' leave: with 5 units and 4 + 4 allotted, each can sell 1, until one
of the allotments is cut.

When there are q units for a channel, for a backorder or a pre-order of what is not there yet:

    (5)  first_rk(q) =  min {t : ATP_rk(t) ≥ q},  `UNLIMITED` if that never comes

Records err: units are lost and nobody notes it until the next count. They are taken to be lost one
by one at a constant rate, a Poisson process, as in Kang & Gershwin, "Information inaccuracy in
inventory systems: stock loss and stockout", IIE Transactions 37 (2005), 843–859. The rate is the
one at which a count, a usual interval T after the last, finds the whole record with the
probability that the cell's `accuracy` a says:

    (6)  m_r       =  −ln(a_r) · (days since the count) / T          expected units lost
    (7)  there_r(q, t) =  P(Poisson(m_r) ≤ F_r(t) + safety_r − q),   1 if that is ≥ on hand

A cell whose last count is not known counts as counted T days ago, so that the whole record is
there with probability a. Safety stock and other channels' unsold units are slack; what is still to
be received is not yet on the shelf and is not lost from it. A node sends what it was given with

    (8)  accepts_n =  1 − decline_rate_n

and q units of a cell are sent with probability there · accepts; a node that sends several lines of
an order declines once, so the two are kept apart.

`atp` compiles a world, the functions below it answer, compiled, one cell each; `atp_plain.py` says
the same in plain Python.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import ABSENT, Column, World
from omnisource.solvers.compile.available import Cells, channel_codes, held, kept_back, received
from omnisource.solvers.compile.grouping import grouped
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import UNLIMITED, Floats, Ints

COUNT_DAYS: Final = 90.0
"""Days between two counts of a cell, T, where nothing else is said: a count a quarter."""
LEAST_ACCURACY: Final = 1e-6
MOST_LOST: Final = 700.0
"""Expected units lost beyond which exp(−m) is no longer a number; nothing is there then."""
DAY: Final = 1440


class Committed(NamedTuple):
    """Units that are promised already, to leave on a day that is known."""

    cell: Ints  # (X,) row of `stock`, or of `Atp.node`
    at: Ints  # (X,) minutes since 1970-01-01 UTC
    units: Ints  # (X,)


class Atp(NamedTuple):
    """All cells' units over time. Rows are those of `available.cells`, then what is to come.

    A cell's steps rise, in time and in units; the first holds from `now` on.
    """

    sku_start: Ints  # (SKU+1,) first entry of each SKU in `sku_cells`
    sku_cells: NDArray[np.int32]  # (R,) cells SKU by SKU
    node: NDArray[np.int32]  # (R,)
    sku: NDArray[np.int32]  # (R,)
    step_start: Ints  # (R+1,) first step of each cell
    step_at: Ints  # (E,) minutes from which it holds
    step_units: Ints  # (E,) F, (2): units for all channels; below 0 where too much is promised
    fence_start: Ints  # (R+1,) first allotment of each cell
    fence_channel: Ints  # (A,) code, as in `channel_codes`
    fence_units: Ints  # (A,) A', (3)
    shelf: Ints  # (R,) units on hand, as recorded
    safety: Ints  # (R,)
    lost: Floats  # (R,) m, (6)
    accepts: Floats  # (N,) (8)


def atp(
    world: World,
    now: int | None = None,
    *,
    reserved: Column | None = None,
    committed: Committed | None = None,
    taken: Column | None = None,
    count_days: float = COUNT_DAYS,
) -> Atp:
    """Compile what a world can promise.

    Args:
        world: its `on_hand` may be less what is reserved already: `reserved` is then not given.
        now: minutes since 1970-01-01 UTC; the scenario's if absent.
        reserved: (stock rows,) units on hand that are somebody's.
        committed: units promised for days to come.
        taken: (allotment rows,) units that each channel has taken of its allotment.
        count_days: days between two counts, T.
    """
    now = world.now if now is None else now
    later = world.receipts["due"] > now
    found = _all_cells(world, now, later)
    safety, shelf = kept_back(world, found), np.zeros(len(found.node), np.int64)
    shelf[: world.stock.rows] = world.stock["on_hand"]
    base = found.units - safety
    if reserved is not None:
        base[: len(reserved)] -= reserved
    steps = _steps(base, _events(world, found, later, committed), now)
    fences = _fences(world, found, taken)
    return Atp(
        *found.by_sku, found.node, found.sku, *steps, *fences, shelf, safety,
        lost_units(world, len(shelf), now, count_days), 1.0 - world.nodes["decline_rate"],
    )  # fmt: skip


def _all_cells(world: World, now: int, later: Column) -> Cells:
    """Return the night's cells and, after them, those that have nothing but later receipts."""
    to_come = world.receipts.take(np.flatnonzero(later))
    night = held(world, now)
    return received(night, to_come.replace(units=to_come["units"] * 0)) if to_come.rows else night


def _events(
    world: World, found: Cells, later: Column, committed: Committed | None
) -> tuple[Ints, Ints, Ints]:
    """Return what comes and goes after now: first event of each cell, (R+1,), when, and units."""
    due = world.receipts.take(np.flatnonzero(later))
    cell, at, units = found.find(due["node"], due["sku"]), due["due"], due["units"]
    if committed is not None:
        cell = np.append(cell, committed.cell)
        at, units = np.append(at, committed.at), np.append(units, -committed.units)
    order = np.argsort(at, kind="stable")
    start, rows = grouped(cell[order], len(found.node))
    return start, at[order][rows], units[order][rows]


@compiled
def _steps(base: Ints, events: tuple[Ints, Ints, Ints], now: int) -> tuple[Ints, Ints, Ints]:
    """Return the first step of each cell, when each step begins, and its units, (1) and (2)."""
    start, at, units = events
    step_start = np.zeros(len(base) + 1, np.int64)
    step_at = np.empty(len(base) + len(at), np.int64)
    step_units = np.empty(len(base) + len(at), np.int64)
    end = 0
    for r in range(len(base)):
        first, level = end, base[r]
        step_at[first], step_units[first] = now, level
        for i in range(start[r], start[r + 1]):
            if at[i] > step_at[end]:
                end += 1
                step_at[end] = at[i]
            level += units[i]
            step_units[end] = level  # (1)
        for i in range(end - 1, first - 1, -1):
            step_units[i] = min(step_units[i], step_units[i + 1])  # (2)
        kept = first
        for i in range(first + 1, end + 1):
            if step_units[i] > step_units[kept]:
                kept += 1
                step_at[kept], step_units[kept] = step_at[i], step_units[i]
        end = kept + 1
        step_start[r + 1] = end
    return step_start, step_at[:end].copy(), step_units[:end].copy()


def _fences(world: World, found: Cells, taken: Column | None) -> tuple[Ints, Column, Column]:
    """Return the first allotment of each cell, and each one's channel and units, (3)."""
    table, codes = world.allotments, channel_codes(world)
    cell = found.find(table["node"], table["sku"])
    rows = np.flatnonzero(cell >= 0)
    left = table["units"] if taken is None else np.maximum(0, table["units"] - taken)
    start, order = grouped(cell[rows], len(found.node))
    channel = np.array([codes[name] for name in table["channel"][rows].tolist()], np.int64)
    return start, channel[order], left[rows][order].astype(np.int64)


def lost_units(world: World, rows: int, now: int, count_days: float = COUNT_DAYS) -> Floats:
    """Return, (R,), the units that are expected to be lost from each cell, (6)."""
    counted = world.stock["counted_at"]
    since = np.where(counted == ABSENT, count_days, np.maximum(now - counted, 0) / DAY)
    rate = -np.log(np.maximum(world.stock["accuracy"], LEAST_ACCURACY)) / count_days
    lost = np.zeros(rows)
    lost[: world.stock.rows] = np.minimum(rate * since, MOST_LOST)
    return lost


@compiled
def step_of(atp: Any, cell: int, at: int) -> int:
    """Return the step that holds at a time; before `now`, the first."""
    step = atp.step_start[cell]
    while step + 1 < atp.step_start[cell + 1] and atp.step_at[step + 1] <= at:
        step += 1
    return int(step)


@compiled
def fence(atp: Any, cell: int, channel: int) -> tuple[int, int]:
    """Return the units of a cell that are fenced off from a channel, and its own allotment.

    The latter is `UNLIMITED` where the channel has none.
    """
    others, own = 0, UNLIMITED
    for i in range(atp.fence_start[cell], atp.fence_start[cell + 1]):
        if atp.fence_channel[i] == channel:
            own = atp.fence_units[i]
        else:
            others += atp.fence_units[i]
    return others, own


@compiled
def promisable(atp: Any, cell: int, channel: int, at: int) -> int:
    """Return the units of a cell that a channel can promise for a time, (4)."""
    others, own = fence(atp, cell, channel)
    return int(max(0, min(own, atp.step_units[step_of(atp, cell, at)] - others)))


@compiled
def first_time(atp: Any, cell: int, channel: int, units: int) -> int:
    """Return the minute from which a channel can promise so many units, (5)."""
    others, own = fence(atp, cell, channel)
    if units > own:
        return UNLIMITED
    for step in range(atp.step_start[cell], atp.step_start[cell + 1]):
        if atp.step_units[step] - others >= units:
            return int(atp.step_at[step])
    return UNLIMITED


@compiled
def there(atp: Any, cell: int, units: int, at: int) -> float:
    """Return the probability that so many units can really be taken from a cell, (7)."""
    slack = atp.step_units[step_of(atp, cell, at)] + atp.safety[cell] - units
    if slack >= atp.shelf[cell] or (atp.lost[cell] == 0.0 and slack >= 0):
        return 1.0
    return at_most(slack, atp.lost[cell])


@compiled
def at_most(units: int, mean: float) -> float:
    """Return P(Poisson(mean) ≤ units).

    One unit is expected to be lost; at most one is with probability 2/e:

    >>> round(at_most(1, 1.0), 6)
    0.735759
    """
    if units < 0:
        return 0.0
    term = np.exp(-mean)
    total = term
    for lost in range(1, units + 1):
        term *= mean / lost
        total += term
        if lost > mean and term < 1e-15:
            break
    return float(min(1.0, total))
