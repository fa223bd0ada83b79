"""Ways over lanes from every node to a target, for any minute: exact, from tables.

    p  path: a sequence of lanes from a source to a target, 0 … P−1
    q  entry of a path: the goods that are ready by `leave_by` arrive at `arrives`

A path's cost is linear in weight, fixed cents and cents a kg: the lanes' (timetable.py) and the
handling of the nodes that it passes. Paths are found backwards from the target, a lane at a time
(multi-criteria label setting, Martins, EJOR 16(2), 1984, a label holding a path for all departures
at once):

    (1)  entries of lane l before path p:  for each departure f, the goods are ready again at
         ready(head, arrives_f); they go on by the first entry of p that takes them
    (2)  p dominates p' if it costs no more, fixed, a kg and in CO2, and at the last minute of
         each entry of p' arrives no later. A dominated path is never needed: whoever is ready
         earlier arrives no later, on every lane and at every node, so neither is what goes before
    (3)  at minute t a path arrives by its first entry with leave_by ≥ t; of the paths of a pair
         those are kept that no other beats at t (`pareto`)

No path visits a node twice: (2) drops it in favour of its own end.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.routes.clocks import BEYOND, ready
from omnisource.solvers.routes.timetable import Timetable, into


class Trunk(NamedTuple):
    """Paths to targets, by target and then by source; kernels take them as they are."""

    start: Ints  # (N+1,) first path to each target
    source: Ints  # (P,) ascending within a target
    cents_fixed: Ints  # (P,) cents of handling at the nodes passed
    cents_per_kg: Floats  # (P,)
    co2_per_kg: Floats  # (P,) grams
    profile: Ints  # (P,) whose entries the path has; paths with equal clocks share them
    entry_start: Ints  # (E+1,)
    leave_by: Ints  # (Q,) minutes UTC, ascending within a profile
    arrives: Ints  # (Q,) minutes UTC, ascending within a profile
    lane_start: Ints  # (P+1,)
    lane: Ints  # (…,) lanes of each path, in the order of travel


class Paths(NamedTuple):
    """The best ways to a target at one minute: no two of a node beat each other."""

    node: Ints  # (M,) source, ascending
    arrives: Ints  # (M,) minutes UTC
    cents_fixed: Ints  # (M,)
    cents_per_kg: Floats  # (M,)
    co2_per_kg: Floats  # (M,) grams
    path: Ints  # (M,) row of `Trunk`


@dataclass(frozen=True, eq=False)
class _Path:
    lanes: tuple[int, ...]
    fixed: int
    per_kg: float
    co2: float
    leave_by: Ints
    arrives: Ints

    @property
    def costs(self) -> tuple[float, ...]:
        return self.fixed, self.per_kg, self.co2


def trunk(table: Timetable, targets: Ints | None = None) -> Trunk:
    """Return the ways to targets, all nodes that lanes lead to if none are named."""
    wanted = set((table.targets if targets is None else targets).tolist())
    rows: list[tuple[int, _Path]] = []
    start = [0]
    for node in range(table.world.nodes.rows):
        if node in wanted:
            found = _paths(table, node)
            rows += [(source, path) for source in sorted(found) for path in found[source]]
        start.append(len(rows))
    return _packed(np.array(start, np.int64), rows)


def _paths(table: Timetable, target: int) -> dict[int, list[_Path]]:
    """Return the undominated paths from every node to a target."""
    nothing = np.zeros(0, np.int64)
    leads, kept = into(table, target), dict[int, list[_Path]]()
    frontier = [(target, _Path((), 0, 0.0, 0.0, nothing, nothing))]
    while frontier:
        grown = []
        for node, path in frontier:
            if path.lanes and not table.passes[node]:
                continue
            for tail, lane in leads.get(node, ()):
                longer = _before(table, lane, path)
                others = kept.setdefault(tail, [])
                if not len(longer.leave_by) or any(_beats(o, longer) for o in others):
                    continue
                kept[tail] = [*(o for o in others if not _beats(longer, o)), longer]
                grown.append((tail, longer))
        frontier = grown
    return {node: paths for node, paths in kept.items() if paths}


def _before(table: Timetable, lane: int, path: _Path) -> _Path:
    """Return a path with one lane more at its front, (1)."""
    taken, departs = table.times[lane]
    arrives, head = departs + table.transit[lane], int(table.head[lane])
    fixed = path.fixed
    if path.lanes:
        onward = np.searchsorted(path.leave_by, _readies(table.clocks, head, arrives))
        goes = onward < len(path.leave_by)
        taken, arrives = taken[goes], path.arrives[onward[goes]]
        fixed += int(table.handling[head])
    last = np.append(arrives[1:] != arrives[:-1], True)[: len(arrives)]  # the latest will do
    return _Path(
        (lane, *path.lanes), fixed,
        path.per_kg + float(table.cents_per_kg[lane]), path.co2 + float(table.co2_per_kg[lane]),
        taken[last], arrives[last],
    )  # fmt: skip


def _beats(one: _Path, other: _Path) -> bool:
    """Tell whether a path dominates another, (2); equal paths dominate each other."""
    if any(a > b for a, b in zip(one.costs, other.costs, strict=True)):
        return False
    at = np.searchsorted(one.leave_by, other.leave_by)
    if at.max(initial=0) >= len(one.leave_by):
        return False
    return bool((one.arrives[at] <= other.arrives).all())


@compiled
def _readies(c: Any, node: int, at: Ints) -> Ints:
    out = np.empty(len(at), np.int64)
    for i in range(len(at)):
        out[i] = ready(c, node, at[i])
    return out


def _packed(start: Ints, rows: list[tuple[int, _Path]]) -> Trunk:
    """Lay paths out in arrays; equal entries stand once."""
    profiles: dict[tuple[bytes, bytes], int] = {}
    leave_by, arrives, entries, which = [], [], [0], []
    for _, path in rows:
        key = path.leave_by.tobytes(), path.arrives.tobytes()
        if key not in profiles:
            profiles[key] = len(profiles)
            leave_by.append(path.leave_by)
            arrives.append(path.arrives)
            entries.append(entries[-1] + len(path.leave_by))
        which.append(profiles[key])
    nothing = [np.zeros(0, np.int64)]
    lanes = [path.lanes for _, path in rows]
    return Trunk(
        start=start,
        source=np.array([source for source, _ in rows], np.int64),
        cents_fixed=np.array([path.fixed for _, path in rows], np.int64),
        cents_per_kg=np.array([path.per_kg for _, path in rows], np.float64),
        co2_per_kg=np.array([path.co2 for _, path in rows], np.float64),
        profile=np.array(which, np.int64),
        entry_start=np.array(entries, np.int64),
        leave_by=np.concatenate(leave_by or nothing),
        arrives=np.concatenate(arrives or nothing),
        lane_start=np.cumsum([0, *map(len, lanes)]).astype(np.int64),
        lane=np.array([lane for path in lanes for lane in path], np.int64),
    )


@njit(cache=True, nogil=True, inline="always")
def first_path(t: Any, node: int, target: int) -> int:
    """Return the first path from a node to a target; while `source` is the node, others follow."""
    low, high = t.start[target], t.start[target + 1]
    while low < high:
        middle = (low + high) // 2
        if t.source[middle] < node:
            low = middle + 1
        else:
            high = middle
    return int(low)


@njit(cache=True, nogil=True, inline="always")
def arrival(t: Any, path: int, at: int) -> int:
    """Return when goods that are ready at a minute arrive by a path, (3); `BEYOND` for never."""
    low, high = t.entry_start[t.profile[path]], t.entry_start[t.profile[path] + 1]
    last = high
    while low < high:
        middle = (low + high) // 2
        if t.leave_by[middle] < at:
            low = middle + 1
        else:
            high = middle
    return int(t.arrives[low]) if low < last else BEYOND


@njit(cache=True, nogil=True, inline="always")
def pareto(t: Any, node: int, target: int, at: int, paths: Ints, arrivals: Ints) -> int:
    """Write the paths worth taking at a minute, and their arrivals; return how many, (3).

    Both have to be as long as the pair has paths; `trunk_width` is enough for every pair.
    """
    found = 0
    p = first_path(t, node, target)
    while p < t.start[target + 1] and t.source[p] == node:
        arrives = arrival(t, p, at)
        if arrives < BEYOND:
            found = _kept(t, p, arrives, paths, arrivals, found)
        p += 1
    return found


@njit(cache=True, nogil=True, inline="always")
def _kept(t: Any, p: int, arrives: int, paths: Ints, arrivals: Ints, found: int) -> int:
    """Put a path among those kept, unless one of them is as good; drop what it beats."""
    for i in range(found):
        if arrivals[i] <= arrives and _no_dearer(t, paths[i], p):
            return found
    left = 0
    for i in range(found):
        if not (arrives <= arrivals[i] and _no_dearer(t, p, paths[i])):
            paths[left], arrivals[left] = paths[i], arrivals[i]
            left += 1
    paths[left], arrivals[left] = p, arrives
    return left + 1


@njit(cache=True, nogil=True, inline="always")
def _no_dearer(t: Any, one: int, other: int) -> bool:
    return bool(
        t.cents_fixed[one] <= t.cents_fixed[other]
        and t.cents_per_kg[one] <= t.cents_per_kg[other]
        and t.co2_per_kg[one] <= t.co2_per_kg[other]
    )


def trunk_width(t: Trunk) -> int:
    """Return how many paths a pair has at most."""
    target = np.repeat(np.arange(len(t.start) - 1), np.diff(t.start))
    pairs = np.column_stack([target, t.source])
    return int(np.unique(pairs, axis=0, return_counts=True)[1].max(initial=0))


def paths_to(t: Trunk, target: int, at: int) -> Paths:
    """Return the best ways to a target for goods that are ready at a minute, node by node."""
    sources = np.unique(t.source[t.start[target] : t.start[target + 1]])
    paths, arrivals = np.empty((2, trunk_width(t)), np.int64)
    found = [np.zeros((2, 0), np.int64)]
    for node in sources.tolist():
        count = pareto(t, node, target, at, paths, arrivals)
        found.append(np.array([paths[:count], arrivals[:count]]))
    path, arrives = np.concatenate(found, axis=1)
    return Paths(
        t.source[path], arrives, t.cents_fixed[path], t.cents_per_kg[path], t.co2_per_kg[path], path
    )
