"""The plans found for a cart, as columns, and which of them are worth offering."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import Floats, Ints


class Quotes(NamedTuple):
    """Plans found, in the order of their groups: Q plans, S shipments.

    What one node sends in one go is a shipment; those that a hub merges are one parcel.
    """

    group: Ints  # (Q,)
    arrives: Ints  # (Q,) minutes
    priced: Floats  # (Q,) cents
    cents: Ints  # (Q,)
    grams: Ints  # (Q,) of CO2
    start: Ints  # (Q+1,) first shipment
    node: Ints  # (S,)
    service: Ints  # (S,) of the parcel, or of the first lane to a store; −1 over the counter
    row: Ints  # (S,) row of `Inputs` that it serves
    due: Ints  # (S,) minutes: when it arrives
    bill: Ints  # (S,) cents; of a merged parcel the first shipment bears what leaves the hub
    emits: Ints  # (S,) grams of CO2, likewise
    content: Ints  # (S,) in mixed radix over units + 1, first line fastest
    likely: Floats  # (Q,) probability that the date is kept
    hub: Ints  # (S,) that it goes by, −1: none
    path: Ints  # (S,) over lanes, of the trunk of the hub, or of the store; −1: none
    at: Ints  # (S,) minute at which all of the parcel is at the hub, or the store; 0: no lanes
    joins: Ints  # (S,) 1: it leaves the hub in the parcel of the shipment before it
    parcels: Ints  # (Q,)
    rule: Ints  # (S,) zone rule by which its service goes there, −1 over the counter, or lanes


@compiled
def room_for(plans: int, shipments: int) -> Any:
    """Return `Quotes` with room for so many plans and shipments."""
    i64 = np.int64
    return Quotes(
        np.empty(plans, i64), np.empty(plans, i64), np.empty(plans), np.empty(plans, i64),
        np.empty(plans, i64), np.zeros(plans + 1, i64), np.empty(shipments, i64),
        np.empty(shipments, i64), np.empty(shipments, i64), np.empty(shipments, i64),
        np.empty(shipments, i64), np.empty(shipments, i64), np.empty(shipments, i64),
        np.empty(plans), np.empty(shipments, i64), np.empty(shipments, i64),
        np.empty(shipments, i64), np.empty(shipments, i64), np.empty(plans, i64),
        np.empty(shipments, i64),
    )  # fmt: skip


@compiled
def cropped(to: Any, count: int) -> tuple[Ints, Floats, Ints]:
    """Return the first plans as three tables, a column a row: each array that leaves here costs."""
    s = to.start[count]
    whole, share = np.empty((6, count + 1), np.int64), np.empty((2, count))
    shipments = np.empty((12, s), np.int64)
    for c, plan in enumerate((to.group, to.arrives, to.cents, to.grams, to.parcels)):
        whole[c, :count] = plan[:count]
    whole[5] = to.start[: count + 1]
    for c, figure in enumerate((to.priced, to.likely)):
        share[c] = figure[:count]
    sent = (
        to.node, to.service, to.row, to.rule, to.content, to.due, to.bill, to.emits, to.hub,
        to.path, to.at, to.joins,
    )  # fmt: skip
    for c, column in enumerate(sent):
        shipments[c] = column[:s]
    return whole, share, shipments


def uncropped(whole: Ints, share: Floats, shipments: Ints) -> Quotes:
    """Return the plans of three tables, as `cropped` makes them."""
    group, arrives, cents, grams, parcels = whole[:5, :-1]
    node, service, row, rule, content, due, bill, emits, hub, path, at, joins = shipments
    return Quotes(
        group, arrives, share[0], cents, grams, whole[5], node, service, row, due, bill, emits,
        content, share[1], hub, path, at, joins, parcels, rule,
    )  # fmt: skip


@njit(inline="always")
def moved(to: Any, i: int, s: int) -> None:
    """Write shipment i where shipment s stands."""
    to.node[s], to.service[s], to.row[s] = to.node[i], to.service[i], to.row[i]
    to.due[s], to.bill[s], to.emits[s] = to.due[i], to.bill[i], to.emits[i]
    to.content[s], to.hub[s], to.path[s] = to.content[i], to.hub[i], to.path[i]
    to.at[s], to.joins[s] = to.at[i], to.joins[i]


@compiled
def undominated(to: Any, first: int, end: int, both: bool) -> int:
    """Keep, of the plans first … end−1, those that no other is at least as good as; the new end.

    Where `both`, a plan that serves one row only is left out in the end: another group has it.
    """
    kept = np.ones(end - first, np.bool_)
    for a in range(first, end):
        for b in range(first, end):
            if a != b and kept[b - first] and beats(to, b, a):
                kept[a - first] = False
                break
    count, s = first, to.start[first]
    for q in range(first, end):
        begin, stop = to.start[q], to.start[q + 1]
        if not kept[q - first] or (both and (to.row[begin:stop] == to.row[begin]).all()):
            continue
        to.group[count], to.arrives[count], to.priced[count] = (
            to.group[q], to.arrives[q], to.priced[q],
        )  # fmt: skip
        to.cents[count], to.grams[count], to.start[count] = to.cents[q], to.grams[q], s
        to.parcels[count] = to.parcels[q]
        for i in range(begin, stop):
            moved(to, i, s)
            s += 1
        count += 1
        to.start[count] = s
    return count


@compiled
def new(to: Any, first: int, q: int) -> int:
    """Return 1 if none of the plans first … q−1 is as good as plan q, else 0."""
    for b in range(first, q):
        if beats(to, b, q):
            return 0
    return 1


@njit(inline="always")
def beats(to: Any, b: int, a: int) -> bool:
    """Say whether plan b is no worse than a in every respect; of equals the first one."""
    no_worse = to.arrives[b] <= to.arrives[a] and to.priced[b] <= to.priced[a]
    no_worse = no_worse and to.grams[b] <= to.grams[a] and to.parcels[b] <= to.parcels[a]
    better = to.arrives[b] < to.arrives[a] or to.priced[b] < to.priced[a]
    better = better or to.grams[b] < to.grams[a] or to.parcels[b] < to.parcels[a]
    return bool(no_worse and (better or b < a))
