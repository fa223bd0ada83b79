"""One replication of one policy: the days of a stream, one after the other.

A day goes by like this; what stands first happens first, in the same minute too:

    (1)  goods come in: what was ordered, what customers have sent back; then stock is reviewed
    (2)  in the order of the clock: receipts as they fall due, new prices, runs, orders. A run at a
         minute sees the orders placed before it. An order is promised and held (checkout.py),
         then released to its nodes, or it waits for a run (nights.py)
    (3)  the day is over: nodes pick, decline or put off (picking.py), parcels leave and arrive
         (sending.py, travel.py), and what was declined or lost is sourced again at once

After the last day nobody orders any more, and no goods come in, but days go on until nothing is
held, `RUN_OUT` at the most. What happens is drawn for an order, a node or a line, never in turn
(chance.py): so it does not depend on the policy, nor on what else happens; the same seed gives the
same to the byte.

What holds at the end, cell by cell and order by order:

    (a)  on hand at the start + received + returned  =  on hand + sent, and nothing is reserved
    (b)  every order has walked away, was refused, or was accepted; of an accepted order, units sent
         and arrived + units short = units asked for

What is left out: goods that are due are not promised before they are there, slots at a counter do
not fill up, and what is sold of a channel's allotment is not counted (books.py).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Literal, NamedTuple

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Simulation
from omnisource.models.world import Table, World
from omnisource.orchestrator.rolling import shelved
from omnisource.orchestrator.simulate.books import opened
from omnisource.orchestrator.simulate.checkout import checked_out
from omnisource.orchestrator.simulate.choice import calibrated
from omnisource.orchestrator.simulate.demand import DAY, HOUR, Stream
from omnisource.orchestrator.simulate.held import Held, baskets
from omnisource.orchestrator.simulate.nights import (
    decide_all,
    decide_open,
    keeps_until,
    may_wait,
)
from omnisource.orchestrator.simulate.picking import day_over
from omnisource.orchestrator.simulate.pricing import new_prices
from omnisource.orchestrator.simulate.restock import goods_in, receipts_of, received, review
from omnisource.orchestrator.simulate.scene import RUN_OUT, Scene
from omnisource.orchestrator.simulate.tally import Ledger, Tally
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import Limits
from omnisource.solvers.quote.desk import without_orders


class Rule(NamedTuple):
    """How a policy decides."""

    prices: Literal["none", "once", "daily"] = "none"
    waits: Literal["no", "night", "window"] = "no"


RULES: Final[dict[str, Rule]] = {
    "click": Rule(),
    "bid-prices": Rule(prices="once"),
    "bid-prices-resolved": Rule(prices="daily"),
    "nightly": Rule(waits="night"),
    "rolling": Rule(waits="window"),
}
Act = Callable[[Scene, int], None]


def simulate_once(
    stream: Stream,
    setup: Simulation,
    policy: str,
    limits: Limits,
    *,
    expected: World | None = None,
    lead_times: LeadTimes | None = None,
) -> Tally:
    """Simulate a stream under one policy.

    Args:
        stream: the orders that would arrive.
        setup: what is supposed.
        policy: a name of `RULES`.
        limits: of each plan made on the way.
        expected: an independent draw of the same demand, which prices and reviews go by; by what
            has been seen so far if absent.
        lead_times: learned: dates are promised, and parcels arrive, by them.

    Raises:
        UnusableInput: there is no such policy.
    """
    if policy not in RULES:
        raise UnusableInput(f"there is no policy {policy!r}; there are {', '.join(RULES)}")
    rule = RULES[policy]
    scene = _begun(stream, setup, limits, (expected, lead_times))
    day = 0
    while day < stream.days or (scene.busy and day < stream.days + RUN_OUT):
        goods_in(scene, day)
        review(scene, day)  # (1)
        _live_through(scene, rule, day)  # (2)
        day_over(scene, scene.begins(day + 1))  # (3)
        day += 1
    _closed(scene)
    books = scene.books
    return scene.ledger.told(
        {"start": books.start, "received": books.received, "returned": books.returned,
         "sent": books.sent, "end": books.on_hand, "reserved": books.reserved},
        scene.cut,
    )  # fmt: skip


def _begun(
    stream: Stream, setup: Simulation, limits: Limits,
    known: tuple[World | None, LeadTimes | None],
) -> Scene:  # fmt: skip
    world, (expected, lead_times) = shelved(stream.world), known
    carts = baskets(world.replace(receipts=_no_rows(world.receipts)))
    days = stream.days + RUN_OUT
    books = opened(without_orders(carts.world), stream.first, days + RUN_OUT, lead_times=lead_times)
    return Scene(
        stream=stream, setup=setup, limits=limits, carts=carts, books=books,
        ledger=Ledger(stream, carts, days), model=calibrated(setup.choice),
        fees=(*world.services["fee_cents"].tolist(), 0), lead_times=lead_times, expected=expected,
    )  # fmt: skip


def _no_rows(table: Table) -> Table:
    return table.take(np.zeros(0, np.int64))


def _live_through(scene: Scene, rule: Rule, day: int) -> None:
    """Let a day go by in the order of the clock, (2)."""
    for minute, act in agenda(scene, rule, day):
        _place(scene, rule, minute)
        act(scene, minute)
    _place(scene, rule, scene.begins(day + 1))


def agenda(scene: Scene, rule: Rule, day: int) -> list[tuple[int, Act]]:
    """Return what happens on a day apart from orders, and when: receipts, prices, runs."""
    found: list[tuple[int, int, Act]] = [(at, 0, received) for at in receipts_of(scene, day)]
    found += [(at, 1, new_prices) for at in _priced_at(scene, rule, day)]
    found += [(at, 2, act) for at, act in _runs(scene, rule, day)]
    return [(at, act) for at, _, act in sorted(found, key=lambda each: each[:2])]


def _priced_at(scene: Scene, rule: Rule, day: int) -> Iterator[int]:
    """Yield when prices are found: once as soon as something is expected, or each night too."""
    known = 0 if scene.expected is not None else max(1, scene.setup.warm_up_days)
    if rule.prices != "none" and day == known < scene.stream.days:
        yield scene.begins(day)
    if rule.prices == "daily" and day >= known:
        yield night_of(scene, day)


def _runs(scene: Scene, rule: Rule, day: int) -> Iterator[tuple[int, Act]]:
    if rule.waits == "night":
        yield night_of(scene, day), decide_all
    every = scene.setup.every_minutes
    if rule.waits == "window":
        for at in range(scene.begins(day), scene.begins(day + 1), every):
            yield at, partial(decide_open, every=every)


def night_of(scene: Scene, day: int) -> int:
    """Return the minute of a day's night."""
    return scene.begins(day) + scene.setup.night_hour * HOUR


def _place(scene: Scene, rule: Rule, until: int) -> None:
    """Let the orders be placed that come before a minute."""
    placed, level = scene.carts.world.orders["placed_at"], scene.level
    end = int(np.searchsorted(placed, until))
    for cart in scene.carts.carts(scene.next, end):
        now = cart.ask.now
        at = now if rule.waits != "night" else _next_night(scene, now)
        parcels = checked_out(scene, cart, at, level[cart.order])
        if parcels is None:
            continue
        if _waits(scene, rule, parcels):
            scene.pool[cart.order] = parcels
        else:
            scene.told += parcels
    scene.next = max(scene.next, end)


def _waits(scene: Scene, rule: Rule, parcels: Sequence[Held]) -> bool:
    """Say whether an order waits for a run."""
    if rule.waits == "no" or not may_wait(scene, parcels):
        return False
    return rule.waits == "night" or keeps_until(scene, parcels, _next_run(scene, parcels[0].asked))


def _next_night(scene: Scene, now: int) -> int:
    """Return the first night after a minute."""
    at = night_of(scene, scene.day(now))
    return at if now < at else at + DAY


def _next_run(scene: Scene, now: int) -> int:
    """Return the first run after a minute."""
    every, begin = scene.setup.every_minutes, scene.begins(scene.day(now))
    return min(begin + (now - begin) // every * every + every, begin + DAY)


def _closed(scene: Scene) -> None:
    """Give up what is still held after all days: it is short."""
    left = [*scene.told, *(each.held for each in scene.queue)]
    for held in [*left, *(h for parcels in scene.pool.values() for h in parcels)]:
        scene.books.give_back(held, day=False)
        scene.ledger.lacks(held.order, held.units)
    for parcels in scene.again.values():
        for missing in parcels:
            scene.ledger.lacks(missing.order, sum(units for _, units in missing.lines))
