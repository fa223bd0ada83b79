"""The rule engines that shops and order management systems ship today.

Each serves the orders one after the other as they arrived (`placed_at`, then row), from what is
left, and never looks back: what they cost above `joint` is what deciding jointly is worth. They
differ in how they choose nodes; how a node's goods become parcels is the same
(solvers/rules/serving.py).

| engine | turn of the nodes | who does so |
|---|---|---|
| `nearest` | by distance | Magento's distance priority algorithm; every "closest store first" |
| `priority` | by a list | Magento's source priority, location priority in Shopify and Odoo |
| `fewest_splits` | the fewest nodes that have it all, then the least mean distance | Salesforce |
| `rated` | by a weighted sum of ratings | fulfillmenttools: fences, then ratings |
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, Answer, Floats, Ints, Limits, Problem
from omnisource.solvers.rules.serving import (
    Books,
    begin,
    books,
    decided,
    fill,
    offer,
    settle,
    walk,
)

TRIES: Final = 1_000_000
"""Sets of nodes that `fewest_splits` looks at for one order: Salesforce's limit."""

UNKNOWN_KM: Final = 1e6
"""Farther than anything on earth."""


def nearest(problem: Problem, limits: Limits) -> Answer:  # noqa: ARG001
    """Ask the nearest node first, and the next one for what is still missing.

    Magento's distance priority source selection; a node of unknown distance comes last.
    """
    return _answer(problem, _by_key, _km(problem))


def priority(problem: Problem, limits: Limits) -> Answer:  # noqa: ARG001
    """Ask the nodes in the order of the policy's priority list.

    Magento's source priority, Shopify's and Odoo's location priority; nodes of one rank by
    distance.
    """
    by_rank = np.lexsort((_km(problem), problem.rank[problem.node]))
    turn = np.empty(len(by_rank))
    turn[by_rank] = np.arange(len(by_rank))
    return _answer(problem, _by_key, turn)


def fewest_splits(problem: Problem, limits: Limits) -> Answer:  # noqa: ARG001
    """Find the fewest nodes that have it all; among sets of one size, the least mean distance.

    Salesforce Order Management: every node alone, then every 2, then every 3 …, at most a million
    tries an order; an order for which they do not suffice is served by the nearest nodes. What no
    nodes have together is left out of the search.
    """
    return _answer(problem, _by_fewest, _km(problem))


def rated(problem: Problem, limits: Limits) -> Answer:  # noqa: ARG001
    """Ask the nodes in the order of a weighted sum of ratings, best first.

    fulfillmenttools: fences exclude, ratings order. With the first parcel that a node could send
    now, each rating runs from 0, the worst node of the order, to 1, the best:

        distance  km from the destination                                         (1)
        cost      cents a unit in that parcel                                     (2)
        stock     units of the order that the node has                            (3)
        days      minutes until that parcel arrives                               (4)

    The weights are the policy's.
    """
    return _answer(problem, _by_rating, problem.weights)


def _km(problem: Problem) -> Floats:
    return np.where(np.isnan(problem.km), UNKNOWN_KM, problem.km)


Engine = Callable[[Problem, Books, Ints, Any], None]


def _answer(problem: Problem, engine: Engine, key: Floats) -> Answer:
    written = books(problem)
    arrival = np.argsort(problem.placed_at, kind="stable")
    engine(problem, written, arrival, key)
    return Answer(decided(written), status="rule")


@compiled
def _by_key(problem: Problem, books: Books, arrival: Ints, key: Floats) -> None:
    """Serve all orders; key (C,), the candidate with the lowest goes first."""
    for order in arrival:
        first, last = problem.order_candidate[order], problem.order_candidate[order + 1]
        want = begin(problem, books, order)
        walk(problem, books, first + np.argsort(key[first:last], kind="mergesort"), want)
        settle(problem, books, want)


@compiled
def _by_rating(problem: Problem, books: Books, arrival: Ints, weights: Floats) -> None:
    for order in arrival:
        want = begin(problem, books, order)
        score = _ratings(problem, books, order, want) @ weights
        turn = problem.order_candidate[order] + np.argsort(-score, kind="mergesort")
        walk(problem, books, turn, want)
        settle(problem, books, want)


@compiled
def _ratings(problem: Problem, books: Books, order: int, want: Ints) -> Floats:
    """Return the four ratings of each candidate, (n, 4); 0 for one that can send nothing."""
    first, last = problem.order_candidate[order], problem.order_candidate[order + 1]
    worth = np.full((last - first, 4), np.nan)
    for j in range(last - first):
        given = offer(problem, books, first + j, want)
        box, cents, way = fill(problem, order, first + j, given)
        if box.any() and cents < NEVER:
            worth[j, 0] = -problem.km[first + j]  # (1)
            worth[j, 1] = -cents / box.sum()  # (2)
            worth[j, 2] = given.sum()  # (3)
            worth[j, 3] = -problem.ways.arrives[way]  # (4)
    for rating in range(4):
        _scale(worth[:, rating])
    return worth


@compiled
def _scale(worth: Floats) -> None:
    """Stretch to 0 … 1 in place; all are 1 where they do not differ, and NaN becomes 0."""
    low, high = np.inf, -np.inf
    for value in worth:
        if not np.isnan(value):
            low, high = min(low, value), max(high, value)
    for j in range(len(worth)):
        if np.isnan(worth[j]):
            worth[j] = 0.0
        else:
            worth[j] = (worth[j] - low) / (high - low) if high > low else 1.0


@compiled
def _by_fewest(problem: Problem, books: Books, arrival: Ints, km: Floats) -> None:
    for order in arrival:
        first, last = problem.order_candidate[order], problem.order_candidate[order + 1]
        want = begin(problem, books, order)
        turn = first + np.argsort(km[first:last], kind="mergesort")
        offers = np.empty((last - first, len(want)), np.int64)
        for j in range(last - first):
            offers[j] = offer(problem, books, turn[j], want)
        chosen = _fewest_nodes(offers, want, km[turn], problem.max_shipments[order])
        walk(problem, books, turn[chosen], want)
        settle(problem, books, want)


@compiled
def _fewest_nodes(offers: Ints, want: Ints, km: Floats, most_nodes: int) -> Ints:
    """Return the rows of `offers` (n, k), nearest first, that have what can be had of `want`."""
    n = len(offers)
    reach = np.minimum(want, offers.sum(axis=0))
    everyone = np.arange(n)
    if not reach.any():
        return everyone[:0]
    useful = _undominated(offers, reach)
    offers, km = offers[useful], km[useful]
    tries = np.zeros(1, np.int64)
    for size in range(1, min(len(useful), most_nodes) + 1):
        chosen = _nearest_set((offers, reach, km), size, tries)
        if len(chosen) > 0:
            return useful[chosen]
    return everyone


@compiled
def _undominated(offers: Ints, reach: Ints) -> Ints:
    """Return the rows that add something to every nearer row alone: no best set has another."""
    n, k = offers.shape
    useful = np.ones(n, np.bool_)
    for j in range(n):
        for i in range(j):
            adds = False
            for line in range(k):
                adds |= offers[j, line] > 0 and offers[i, line] < reach[line]
            if useful[i] and not adds:
                useful[j] = False
                break
    return np.flatnonzero(useful)


@compiled
def _nearest_set(search: tuple[Ints, Ints, Floats], size: int, tries: Ints) -> Ints:
    """Return the set of that size that has it all and is nearest in the mean; maybe none.

    Sets are walked through depth first. A branch ends where even the nearest nodes that follow
    cannot make it nearer than the best set, or where the most that any later node has, of a line
    or in all, does not do for the nodes still to choose.
    """
    offers, reach, km = search
    n, k = offers.shape
    later = _most_later(offers)
    need = np.zeros((size + 1, k + 1), np.int64)  # of each line, and in all
    need[0, :k], need[0, k] = reach, reach.sum()
    far = np.zeros(size + 1)
    at = np.full(size, -1, np.int64)
    best, best_far = at[:0].copy(), np.inf
    depth = 0
    while depth >= 0 and tries[0] < TRIES:
        at[depth] += 1
        j, open_places = at[depth], size - depth
        if j > n - open_places or far[depth] + open_places * km[j] >= best_far:
            depth -= 1
            continue
        tries[0] += 1
        if not _can_do(need, depth, offers[j], (open_places - 1) * later[j + 1]):
            continue
        far[depth + 1] = far[depth] + km[j]
        if open_places == 1:
            best, best_far = at.copy(), far[size]
        else:
            depth += 1
            at[depth] = j
    return best


@compiled
def _most_later(offers: Ints) -> Ints:
    """Return, (n+1, k+1), the most that any node from j on has of each line, and in all."""
    n, k = offers.shape
    later = np.zeros((n + 1, k + 1), np.int64)
    for j in range(n - 1, -1, -1):
        later[j, :k] = np.maximum(later[j + 1, :k], offers[j])
        later[j, k] = max(later[j + 1, k], offers[j].sum())
    return later


@compiled
def _can_do(need: Ints, depth: int, offer: Ints, rest: Ints) -> bool:
    """Take an offer off `need[depth]`; say whether the rest may do for what remains."""
    k = len(offer)
    need[depth + 1, k] = 0
    for i in range(k):
        missing = max(need[depth, i] - offer[i], 0)
        if missing > rest[i]:
            return False
        need[depth + 1, i] = missing
        need[depth + 1, k] += missing
    return bool(need[depth + 1, k] <= rest[k])
