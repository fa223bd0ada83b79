"""The published policies that round the item-based programme, one order at a time.

An order of n items has shares u_sk of solvers/fluid/items.py. Each policy draws a place for every
slot s so that k has the probability u_sk; what they differ in is how the draws go together:

    independent   each slot by itself                                                    (1)
    layers        for each place k the shares, sorted, are layers of equal height: layer m has the
                  height between the m-th largest share and the next, and the m slots of the largest
                  shares lie in it. The cell (m, k) is drawn with probability height · m / n; its
                  slots are sent from k, each other slot by itself from what its cells leave,
                  in proportion to Σ height (1 − m / n)                                  (2)
    dilated       each place has a clock E_k ~ Exp(1); slot s takes argmin E_k / u_sk    (3)
    force-open    the same, but for the largest share p of a slot, whose clock shows 1 / p with
                  probability (1 − p) / (1 − p + p e^{1/p} − e), else min(E_k, 1) / p    (4)
    myopic        the nearest place that carries the item, whatever u                    (5)

None looks at the stock: an item sent to a place that has none left goes unserved, from the last.

(2) is Jasin & Sinha's (Operations Research 63(6), 2015), (3) and (4) are Ma's (Manufacturing &
Service Operations Management 25(4), 2023).
"""

from typing import Any, Final

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.fluid.classes import Classes
from omnisource.solvers.problem import Floats, Ints

MYOPIC, INDEPENDENT, LAYERS, DILATED, FORCED = range(5)
POLICIES: Final = ("myopic", "independent", "layers", "dilated", "force-open")


@compiled
def drawn(weight: Any, total: float, at: float) -> int:
    """Return the place at which a share `at` of the weights' total is reached."""
    rest = at * total
    last = 0
    for k in range(len(weight)):
        if weight[k] > 0:
            last = k
            rest -= weight[k]
            if rest < 0:
                return k
    return last


@compiled
def layer_heights(u: Any, n: int, height: Any, rank: Any) -> None:
    """Write the heights of the cells, (n, F+1), and the rank of each slot at each place, (2)."""
    for k in range(u.shape[1]):
        for s in range(n):
            rank[s, k] = 0
            for other in range(n):
                above = u[other, k] > u[s, k] or (u[other, k] == u[s, k] and other < s)
                rank[s, k] += above
            height[rank[s, k], k] = u[s, k]
        for m in range(n - 1):
            height[m, k] -= height[m + 1, k]


@compiled
def by_layers(u: Any, n: int, uniform: Any, to: Any) -> None:
    """Draw places by (2); layer m, counted from 0, has m + 1 slots."""
    places = u.shape[1]
    height, rank = np.zeros((n, places)), np.zeros((n, places), np.int64)
    layer_heights(u, n, height, rank)
    weight, rest = np.zeros(n * places), np.zeros(places)
    for m in range(n):
        for k in range(places):
            weight[m * places + k] = height[m, k] * (m + 1)
    cell = drawn(weight, float(n), uniform[0])
    layer, place = cell // places, cell % places
    for s in range(n):
        if rank[s, place] <= layer:
            to[s] = place
            continue
        total = 0.0
        for k in range(places):
            rest[k] = 0.0
            for m in range(rank[s, k], n):
                rest[k] += height[m, k] * (1 - (m + 1) / n)
            total += rest[k]
        to[s] = drawn(rest, total, uniform[1 + s])


@compiled
def by_clocks(u: Any, n: int, uniform: Any, forced: bool, to: Any) -> None:
    """Draw places by (3), or by (4)."""
    places = u.shape[1]
    clock = -np.log(1 - uniform[:places])
    for s in range(n):
        largest = int(np.argmax(u[s]))
        best, least = largest, np.inf
        for k in range(places):
            p = u[s, k]
            if p <= 0:
                continue
            shows = clock[k] / p
            if forced and k == largest and p < 1:
                late = (1 - p) / (1 - p + p * np.exp(1 / p) - np.e)
                shows = 1 / p if uniform[places + s] < late else min(clock[k], 1.0) / p
            if shows < least:
                best, least = k, shows
        to[s] = best


@compiled
def draw(policy: int, u: Any, n: int, nearest: Any, uniform: Any, to: Any) -> None:
    """Draw a place for each of the n slots of an order.

    Args:
        policy: one of `MYOPIC` … `FORCED`.
        u: (S, F+1) shares.
        n: slots of the order.
        nearest: (S,) for (5).
        uniform: (S + F + 1,) draws from U(0, 1).
        to: (S,) written.
    """
    if policy == MYOPIC:
        to[:n] = nearest[:n]
    elif policy == INDEPENDENT:
        for s in range(n):
            to[s] = drawn(u[s], 1.0, uniform[s])  # (1)
    elif policy == LAYERS:
        by_layers(u, n, uniform, to)
    else:
        by_clocks(u, n, uniform, policy == FORCED, to)


@compiled
def go_through(
    policy: int, classes: Classes, u: Floats, stream: Ints, uniform: Floats, left: Ints
) -> int:
    """Serve a stream by a policy; return what it costs, millionths of a dollar.

    Args:
        policy: one of `MYOPIC` … `FORCED`.
        classes: the demand.
        u: (Q, S, F+1) shares.
        stream: (T,) classes; Q where no order comes.
        uniform: (T, S + F + 1) draws from U(0, 1).
        left: (I, F+1) units; taken from.
    """
    slots, places = u.shape[1], u.shape[2]
    to, cost = np.zeros(slots, np.int64), 0
    for t in range(len(stream)):
        q = stream[t]
        if q == len(u):
            continue
        n = 0
        while n < slots and classes.item[q, n] >= 0:
            n += 1
        draw(policy, u[q], n, classes.nearest[q], uniform[t], to)
        opened = 0
        for s in range(n):
            i, k = classes.item[q, s], to[s]
            if left[i, k] <= 0:
                k = places - 1
            left[i, k] -= 1
            opened |= 1 << k
            cost += classes.unit[q, k]
        for k in range(places):
            if opened >> k & 1:
                cost += classes.fixed[k]
    return cost
