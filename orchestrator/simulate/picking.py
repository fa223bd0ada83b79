"""Nodes pick once a day: what is planned to leave on a day leaves when that day is over, or waits.

At the end of a day, of all shipments that are planned for it or for a day before:

    (1)  a node that is asked for one for the first time declines it with its `decline_rate`, times
         what the setting says: its units are free again, and it is sourced again at once
    (2)  a node picks in turn (planned day, minute at which it was asked, order) as long as its
         day's shipments and units last; what does not fit waits for its next day of sending
    (3)  what was picked has left on its planned day: stock goes down, the judge's freight,
         handling, stock and CO2 are paid (of what goes over lanes, the promise's), and travel.py
         says when it arrives

Planned days and arrivals are the clocks' (solvers/routes/sendings.py), from the minute at which the
node was asked.
"""

from collections.abc import Sequence

import numpy as np

from omnisource.orchestrator.simulate.chance import draw
from omnisource.orchestrator.simulate.held import Held
from omnisource.orchestrator.simulate.resource import resourced
from omnisource.orchestrator.simulate.scene import Missing, Scene, Waiting
from omnisource.orchestrator.simulate.sending import sent_off
from omnisource.solvers.problem import Ints
from omnisource.solvers.routes.clocks import BEYOND
from omnisource.solvers.routes.sendings import sendings


def day_over(scene: Scene, at: int) -> None:
    """Have nodes pick on the day that ends at a minute, (1) to (3)."""
    today = scene.date(at) - 1
    scene.queue += planned(scene, scene.told, 0)
    scene.told = []
    due = [each for each in scene.queue if each.held.day <= today]
    scene.queue = [each for each in scene.queue if each.held.day > today]
    kept, no = _asked(scene, due)
    picked, left = _picked(scene, kept)
    sent_off(scene, picked, today)
    _wait(scene, left, today)
    for held in no:
        scene.books.give_back(held, day=False)
    for held in no:
        lines = tuple((line, units) for line, _, units in held.lines)
        _source_again(scene, Missing(held.order, lines, held.node), at)
    for day in sorted(day for day in scene.again if day < scene.day(at)):
        for missing in scene.again.pop(day):
            _source_again(scene, missing, at)


def _source_again(scene: Scene, missing: Missing, at: int) -> None:
    found = resourced(scene, missing, at)
    scene.ledger.count("resourced", missing.order, len(found))
    scene.told += found


def planned(scene: Scene, told: Sequence[Held], since: int) -> list[Waiting]:
    """Return when shipments leave and arrive, by the clocks; not before a day.

    Over the counter, and over lanes, all that is known is what was promised.
    """
    if not told:
        return []
    direct = np.array([held.service >= 0 and held.path < 0 for held in told])
    rows = np.flatnonzero(direct)
    ways = np.array([(h.node, h.service, h.rule) for h in told], np.int64)[rows].T.copy()
    asked = np.array([held.asked for held in told], np.int64)
    day = np.array([max(held.day, since) for held in told], np.int64)
    arrives = np.array([held.due for held in told], np.int64)
    if len(rows):
        books = scene.books
        books.ask_at(int(asked[rows].min()) if not since else scene.minute_of(since))
        c = books.desk.at(books.asked).clocks
        day[rows], arrives[rows] = sendings(c, ways, asked[rows], since)
    never = day >= BEYOND
    day[never], arrives[never] = scene.date(int(asked.max())) + 1, arrives.max()
    return [
        Waiting(held._replace(day=d), a, since > 0)
        for held, d, a in zip(told, day.tolist(), arrives.tolist(), strict=True)
    ]


def _asked(scene: Scene, due: Sequence[Waiting]) -> tuple[list[Waiting], list[Held]]:
    """Return what nodes will send, and what they decline, (1)."""
    rate = scene.carts.world.nodes["decline_rate"] * scene.setup.chances.decline
    new = [each.held for each in due if not each.seen]
    if not new or not rate.any():
        return [each._replace(seen=True) for each in due], []
    order, node = (np.array([held[i] for held in new], np.int64) for i in (0, 1))
    says = draw(scene.stream.seed, "decline", order, node) >= rate[node]
    kept, no, answers = list[Waiting](), list[Held](), iter(says.tolist())
    for each in due:
        if each.seen or next(answers):
            kept.append(each._replace(seen=True))
        else:
            no.append(each.held)
            scene.ledger.count("declines", each.held.order)
    return kept, no


def _picked(scene: Scene, due: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Return what nodes pick, and what does not fit, (2)."""
    limited = scene.books.limited
    if not any(limited):
        return list(due), []
    nodes = scene.carts.world.nodes
    most = {name: nodes[f"{name}_per_day"] for name in ("orders", "units")}
    turn = sorted(due, key=lambda each: (each.held.node, each.held.day, each.held.asked))
    picked, left, node = list[Waiting](), list[Waiting](), -1
    orders = units = 0
    for each in turn:
        if each.held.node != node:
            node, orders, units = each.held.node, 0, 0
        many = each.held.units
        full = _over(most["orders"][node], orders + 1) or _over(most["units"][node], units + many)
        if full and orders:
            left.append(each)
            units = 1 << 60  # nobody goes before who waits
        else:
            picked.append(each)
            orders, units = orders + 1, units + many
    return picked, left


def _over(limit: Ints, used: int) -> bool:
    return bool(0 <= limit < used)


def _wait(scene: Scene, left: Sequence[Waiting], today: int) -> None:
    """Keep what did not fit for its node's next day of sending."""
    for each in left:
        scene.ledger.count("late_picks", each.held.order)
    later = planned(scene, [each.held for each in left], today + 1)
    for each in later:
        scene.books.book(each.held, 1)
    scene.queue += later
