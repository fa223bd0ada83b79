"""Doing something to an order, whoever else does: read, decide, write, and again if need be."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from omnisource.models.backorder import BackorderRules
from omnisource.models.base import Unavailable, UnusableInput, Value
from omnisource.models.lifecycle import MOVES, IllegalMove, OrderState
from omnisource.models.returns import ReturnRules
from omnisource.models.told import Denied, Told
from omnisource.models.world import World
from omnisource.orchestrator.life.memory import Memory
from omnisource.orchestrator.life.record import keep_network
from omnisource.orchestrator.life.sourcing import Sourcer, sourcer
from omnisource.orchestrator.life.story import Story, begun
from omnisource.orchestrator.store.desk import Desk, Sync, open_desk
from omnisource.orchestrator.store.events import (
    Seen,
    Writing,
    append,
    read_order,
    read_orders,
    read_version,
    read_versions,
)
from omnisource.orchestrator.store.keys import ask
from omnisource.orchestrator.store.read import read_world

TRIES: Final = 8
"""How often a verb decides anew where others are faster."""
Decide = Callable[[Story], Denied | None]


class Rules(Value):
    """What a business does about what goes wrong, and what comes back."""

    declines: int = 3  # of a line, then a person sees to it
    returns: ReturnRules = ReturnRules()
    backorder: BackorderRules = BackorderRules()


@dataclass(frozen=True)
class Life:
    """A database, its network and its rules."""

    desk: Desk
    source: Sourcer = field(repr=False)
    rules: Rules = field(default_factory=Rules)
    memory: Memory = field(default_factory=Memory, repr=False)


class Lives:
    """The life over a network that is read anew now and then; what is remembered is kept."""

    def __init__(self, rules: Rules | None = None) -> None:
        """Know no network yet; `rules` are those of the business."""
        self._memory, self._rules = Memory(), rules or Rules()
        self._last: tuple[World, Life] | None = None

    def over(self, desk: Desk, world: World) -> Life:
        """Return the life over a network as it was last read."""
        last = self._last
        if last is None or last[0] is not world:
            made = Life(desk, sourcer(desk.database, world), self._rules, self._memory)
            self._last = last = (world, made)
        return last[1]


@contextmanager
def open_life(
    url: str, *, rules: Rules | None = None, sync: Sync = "FULL", rule: str = ""
) -> Iterator[Life]:
    """Give the orders of a database to see to.

    Args:
        url: a database that holds a scenario.
        rules: of the business.
        sync: see `open_desk`.
        rule: a solver that decides which node sends, instead of the oracle.
    """
    with open_desk(url, sync=sync) as desk:
        world = read_world(desk.database, most=0).world
        yield Life(desk, sourcer(desk.database, world, rule), rules or Rules())


@dataclass(frozen=True)
class Doing:
    """Who does what to an order, when, and why: what every verb has."""

    order: str
    key: str  # of this request
    now: datetime
    actor: str = ""
    cause: str = ""

    def of(self, order: str, *about: str, cause: str = "") -> "Doing":
        """Return the same done to one of several orders, under a key of its own.

        Args:
            order: which.
            about: what else tells the key from that of others.
            cause: why, where nothing is said.
        """
        key = " ".join((self.key, order, *about))
        return replace(self, order=order, key=key, cause=self.cause or cause)

    def no(self, state: OrderState, verb: str, *reasons: str) -> Denied:
        """Say no, with what may be done instead."""
        known = state.order is not None
        legal = {to for piece in state.pieces for to in MOVES[piece.state]}
        return Denied(
            order=self.order, move=verb, state=state.state if known else "",
            legal=tuple(sorted(legal)), reasons=reasons,
        )  # fmt: skip


def act(
    life: Life, doing: Doing, verb: str, decide: Decide, *, body: str = "", **more: Any
) -> Told | Denied:
    """Do something to an order.

    Args:
        life: where.
        doing: who, when and why.
        verb: what is done.
        decide: tells what happens, or says no; it may be asked several times.
        body: what else tells this request from others under its key.
        more: of `Writing`.

    Raises:
        UnusableInput: the time has no zone.
        Unavailable: others were faster time and again.
    """
    if doing.now.tzinfo is None:
        raise UnusableInput("now: give a time zone, as in 2025-01-06T12:00:00Z")
    asked = ask(doing.key, int(doing.now.timestamp()), verb, doing.order, body)
    for again in range(TRIES):
        story = Story(doing.order, doing.now, doing.actor, doing.cause, doing.key)
        more["version"] = begin(life, story, is_new="put" in more and not again)
        writing = _decided(doing, verb, story, decide, ask=asked, **more)
        if writing.records:
            keep_network(life.source, life.desk.write, asked.now)
        days = {(s.node, str(s.day)) for event in writing.events for s in event.shipments}
        life.desk.places.open_days(days, life.desk.write)
        said: Told | Denied | None = life.desk.write(partial(append, writing=writing))
        _remember(life, writing, said)
        if said is not None:
            return said
    raise Unavailable(f"order {doing.order}: others change it all the time; try again")


def begin(life: Life, story: Story, *, is_new: bool = False, sure: bool = False) -> int | None:
    """Have a story begin with its order as it is, or was when it was last seen.

    Args:
        life: where.
        story: nothing has been told of it yet.
        is_new: there will hardly be such an order.
        sure: it must be as it is: nothing will be written that finds out.

    Returns:
        The version that it had; none, where there is no such order.
    """
    kept = life.memory.of(story.order)
    if kept and (not sure or kept[0] == read_version(life.desk.database, story.order)):
        version, story.state = kept
        return version
    if is_new:
        return None
    seen = read_order(life.desk.database, story.order)
    if seen.version is not None:
        begun(seen, story)
    return seen.version


def look(life: Life, orders: Sequence[str]) -> dict[str, OrderState]:
    """Return orders as they are, by name, those that there are: five queries for all of them."""
    versions = read_versions(life.desk.database, orders) if orders else {}
    kept = {order: life.memory.of(order) for order in versions}
    found = {o: k[1] for o, k in kept.items() if k is not None and k[0] == versions[o]}
    missing = [order for order in versions if order not in found]
    seen = read_orders(life.desk.database, missing) if missing else {}
    for order, each in seen.items():
        found[order] = _adopted(life, order, each)
    return found


def _adopted(life: Life, order: str, seen: Seen) -> OrderState:
    """Return an order as it is; it is kept, unless its events do not tell all of it."""
    at = seen.events[-1].at if seen.events else seen.order.placed_at if seen.order else None
    assert at is not None
    assert seen.version is not None
    story = begun(seen, Story(order, at))
    if not story.events:
        life.memory.keep(order, seen.version, story.state)
    return story.state


def _remember(life: Life, writing: Writing, said: Told | Denied | None) -> None:
    """Keep the state that was written; forget one that was built on and is no longer so."""
    if said is None:
        life.memory.forget(writing.order)
    elif said is writing.told and writing.after is not None and writing.before is not None:
        version = 0 if writing.version is None else writing.version
        life.memory.keep(writing.order, version + 1, writing.after)


def _decided(doing: Doing, verb: str, story: Story, decide: Decide, **more: Any) -> Writing:
    """Return what is to be written of an order, or that it cannot be."""
    more["order"] = doing.order
    if more["version"] is None and "put" not in more:
        return Writing(**more, told=doing.no(story.state, verb, f"there is no order {doing.order}"))
    before, known = story.state, len(story.events)
    try:
        refused = decide(story)
    except IllegalMove as illegal:
        refused = doing.no(before, verb, str(illegal))
    if refused is not None:
        return Writing(**{**more, "put": None, "reservation": None}, told=refused)
    ledgers = {"before": before, "after": story.state}
    told = told_of(story, known)
    records = tuple(story.records)
    return Writing(**{**ledgers, **more}, told=told, events=tuple(story.events), records=records)


def told_of(story: Story, known: int) -> Told:
    """Return what came of a story after its first events."""
    done = story.events[known:]
    return Told(
        order=story.order,
        state=story.state.state,
        sequence=story.state.sequence,
        events=tuple(event.kind for event in done),
        promise_at=story.state.promise_at,
        shipments=tuple(
            new.shipment for event in done if event.kind == "allocated" for new in event.shipments
        ),
        cents=sum(event.cents for event in done),
    )
