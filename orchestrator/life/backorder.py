"""What waits gets what comes: receipts and free units, by the rule of solvers/ration.py.

    told = share_out(life, doing)            whenever a receipt has come, moved or shrunk
    told = share_out(life, doing, {"A"})     of these products alone, as the service does at once

(1)  what lies free is given to who is first in turn, and sourced as ever
(2)  what is due is set aside in mind for who is next: nothing is reserved, and asked again tomorrow
     the same rule gives the same answer, unless receipts or orders are others by then
(3)  an order all of whose units are there or due is promised the day when the last of them would
     arrive, sent on the day of its receipt; one that was promised another is told so, with the
     receipt, its place in turn and who is before it. A promise that can be kept stays as it is.
(4)  its probability is Π over its receipts of the share of receipts that come when due, times that
     with which the policy keeps a parcel's date for each node that sends

A product is shared out apart from others, so told of some products alone, who waits for them hears
the same as if all were shared out: what else they wait for is shared out with them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from omnisource.models.backorder import Expected
from omnisource.models.lifecycle import EventKind, OrderState
from omnisource.models.tables import OPEN
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.life.bundles import whole_only
from omnisource.orchestrator.life.doing import Doing, Life, act, look
from omnisource.orchestrator.life.free import Free
from omnisource.orchestrator.life.resourcing import resource, wants_of
from omnisource.orchestrator.life.sourcing import Sourcer, Wants
from omnisource.orchestrator.life.story import Story, planned, waiting
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Statement, session_of
from omnisource.solvers.ration import Claim, Given, Supply, ration

_WAITS: Final = (
    'FROM events e JOIN orders o ON o."order" = e."order" JOIN lines l ON l."order" = o."order" '
    "WHERE e.node IS NULL AND e.kind = 'backordered' AND o.status = :status "
    "AND l.units > l.allocated"
)
WAITED_FOR: Final = Statement(f"SELECT DISTINCT l.sku {_WAITS}")
WAITING_FOR: Final = Statement(
    f'SELECT DISTINCT o."order", o.row {_WAITS} AND l.sku IN (:skus) ORDER BY o.row'
)
THERE: Final = Statement(
    "SELECT node, sku, on_hand - reserved - safety FROM stock WHERE sku IN (:skus)"
)
DUE: Final = Statement("SELECT node, sku, units, due FROM receipts WHERE sku IN (:skus)")


@dataclass(frozen=True)
class Shared:
    """What came of sharing out."""

    said: tuple[Told | Denied, ...]
    expected: tuple[Expected, ...]


@dataclass
class _Routes:
    """When goods that come in would arrive, each asked once."""

    source: Sourcer
    states: Mapping[str, OrderState]
    now: datetime
    known: dict[Any, datetime | None] = field(default_factory=dict)

    def __call__(self, claim: Claim, supply: Supply) -> datetime | None:
        state = self.states[claim.order]
        assert state.order is not None
        if supply.node in state.excluded:
            return None
        head = state.order
        key = (supply, head.country, head.postcode, head.lat, head.lon, head.mode,
               head.pickup_node, head.channel, head.tier, state.fences)  # fmt: skip
        if key not in self.known:
            lines = {claim.line: (claim.sku, 1)}
            wants = Wants(head, lines, supply.due, fences=state.fences)
            free = Free({(supply.node, claim.sku): 1}, {}, {})
            sent = self.source.over(wants, free)
            self.known[key] = sent[0].arrives if sent else None
        return self.known[key]


def share_out(life: Life, doing: Doing, skus: Collection[str] | None = None) -> Shared:
    """Give what has come to who waits, and tell the others when theirs is due.

    Args:
        life: where.
        doing: who, when; its key stands before those of the orders.
        skus: products of which something has come, moved or shrunk; all, where none are named.
    """
    named = sorted(skus) if skus is not None else sorted(waited_for(life.desk.database))
    states = look(life, _waiting_for(life, named))
    claims = [claim for state in states.values() for claim in _claims(life, state)]
    others = _rivals(life, states, {claim.sku for claim in claims} - set(named))
    everybody = {**states, **others}
    all_claims = [c for state in everybody.values() for c in _claims(life, state)]
    routes = _Routes(life.source, everybody, doing.now)
    given = ration(
        all_claims, _supplies(life, claims, doing.now), fair=life.rules.backorder.fair,
        reaches=lambda claim, supply: routes(claim, supply) is not None,
    )  # fmt: skip
    by_order: dict[str, list[Given]] = defaultdict(list)
    for each in given:
        by_order[each.claim.order].append(each)
    expected, said = [], []
    for order in dict.fromkeys(c.order for c in sorted(claims, key=lambda claim: claim.turn)):
        mine = [_expected(life, each, routes) for each in by_order[order]]
        late = [each for each in mine if each.due > doing.now]
        expected += late
        news = _News([e for e in mine if e not in late], late, _ahead(by_order[order], given))
        if news.changes(life, states[order], doing):
            said.append(_tell(life, doing.of(order), news))
    told = [each for each in said if isinstance(each, Denied) or each.events]
    return Shared(tuple(told), tuple(expected))


def waited_for(database: Database) -> set[str]:
    """Return the products that orders wait for."""
    with database.reading() as connection:
        return {sku for (sku,) in session_of(connection).rows(WAITED_FOR, status=OPEN)}


def _waiting_for(life: Life, skus: Sequence[str]) -> list[str]:
    """Return the orders that wait for some products, in the order in which they came."""
    if not skus:
        return []
    with life.desk.database.reading() as connection:
        rows = session_of(connection).rows(WAITING_FOR, status=OPEN, skus=list(skus))
    return [order for order, _ in rows]


def _rivals(life: Life, states: Mapping[str, OrderState], skus: set[str]) -> dict[str, OrderState]:
    """Return who else waits for what those wait for besides."""
    return look(life, [o for o in _waiting_for(life, sorted(skus)) if o not in states])


def _claims(life: Life, state: OrderState) -> Iterable[Claim]:
    """Yield what an order waits for."""
    head = state.order
    assert head is not None
    factor = life.source.world.policy.tiers.get(head.tier, 1.0)
    for line, units in waiting(state).items():
        yield Claim(
            head.order, line, head.customer, state.lines[line].sku, units, factor,
            state.promise_at, head.placed_at,
        )  # fmt: skip


def _supplies(life: Life, claims: Iterable[Claim], now: datetime) -> list[Supply]:
    """Return what is there, and what is due, less what has been sold of it already.

    What should have come and has not is neither: nobody knows when it does.
    """
    skus = sorted({claim.sku for claim in claims})
    with life.desk.database.reading() as connection:
        session = session_of(connection)
        there, due = session.rows(THERE, skus=skus), session.rows(DUE, skus=skus)
    found = [Supply(node, sku, units, now) for node, sku, units in there if units > 0]
    sold = {(node, sku): -units for node, sku, units in there if units < 0}
    for node, sku, units, minute in sorted(due, key=lambda row: row[3]):
        taken = min(units, sold.get((node, sku), 0))
        sold[node, sku] = sold.get((node, sku), 0) - taken
        at = datetime.fromtimestamp(minute * 60, UTC)
        if units > taken and at > now:
            found.append(Supply(node, sku, units - taken, at))
    return found


def _expected(life: Life, given: Given, routes: _Routes) -> Expected:
    """Return what is given, and when it arrives, (4)."""
    arrives = routes(given.claim, given.supply)
    assert arrives is not None
    parcel = life.source.world.policy.promised_probability
    later = given.supply.due > routes.now
    return Expected(
        order=given.claim.order, line=given.claim.line, sku=given.claim.sku, units=given.units,
        node=given.supply.node, due=given.supply.due, arrives=arrives, place=given.place,
        probability=parcel * (life.rules.backorder.on_time if later else 1.0),
    )  # fmt: skip


def _ahead(mine: Sequence[Given], all_of: Sequence[Given]) -> list[str]:
    """Return the orders that get what an order would have got sooner."""
    names = [
        each.claim.order
        for own in mine
        for each in all_of
        if each.claim.sku == own.claim.sku and each.claim.turn < own.claim.turn
    ]
    return [name for name in dict.fromkeys(names) if mine and name != mine[0].claim.order]


@dataclass(frozen=True)
class _News:
    """What an order gets."""

    there: Sequence[Expected]
    late: Sequence[Expected]  # due, but not there
    ahead: Sequence[str]  # orders that get what it would have got sooner

    def changes(self, life: Life, state: OrderState, doing: Doing) -> bool:
        """Say whether it is worth a write: where nothing is there, its promise must change."""
        if self.there:
            return True
        story = Story(state.name, doing.now, state=state)
        _promise(story, life, self)
        return bool(story.events)


def _tell(life: Life, doing: Doing, news: _News) -> Told | Denied:
    """Source what is there of an order, (1), and promise the rest, (3)."""

    def decide(story: Story) -> None:
        wants, now = wants_of(story.state, doing.now), dict[str, int]()
        for each in news.there:  # of what still waits: others may have been faster
            most = wants.lines.get(each.line, ("", 0))[1]
            now[each.line] = min(now.get(each.line, 0) + each.units, most)
        now = whole_only(story.state, {k: n for k, n in now.items() if n}, life.source.parts)
        if now:
            lines = {line: (wants.lines[line][0], n) for line, n in now.items()}
            cause = doing.cause or "it has come"
            resource(story, life.source, life.rules.declines, cause, lines=lines)
        _promise(story, life, news)

    return act(life, doing, "share", decide, body=repr(news.late))


def _promise(story: Story, life: Life, news: _News) -> None:
    """Promise what is due, where all that waits is; take a promise back that holds no more."""
    late, ahead = news.late, news.ahead
    state, units = story.state, dict[str, int]()
    for each in late:
        units[each.line] = units.get(each.line, 0) + each.units
    wait = waiting(state)
    if not wait:
        return
    whole = all(units.get(line, 0) >= many for line, many in wait.items())
    dates = [each.arrives for each in late]
    at = planned(state)
    promise = max([*dates, *([at] if at else [])]) if whole else None
    if promise == state.promise_at is None or _is_kept(state, promise):
        return
    said = "; ".join(_said(each) for each in late) or "nothing is due"
    cause = f"{said}; before it: {', '.join(ahead[:5])}" if ahead else said
    parcel, on_time = life.source.world.policy.promised_probability, life.rules.backorder.on_time
    kind: EventKind = "promise_changed" if state.was_promised else "promised"
    story.add(
        kind,
        promise_at=promise,
        promised=state.promise_at,
        probability=probability(late, on_time, parcel) if whole else None,
        expected=units if whole else {},
        cause=cause,
    )


def _is_kept(state: OrderState, promise: datetime | None) -> bool:
    """Say whether what was promised holds, of all that waits."""
    said = state.promise_at
    if promise is None or said is None or waiting(state) - Counter(state.expected):
        return False
    return promise <= said


def _said(each: Expected) -> str:
    return (
        f"{each.units} of {each.sku} due at {each.node} on {each.due:%Y-%m-%d}, "
        f"place {each.place} in turn"
    )


def probability(expected: Iterable[Expected], on_time: float, parcel: float) -> float:
    """Return with what probability all of an order is there by its date, (4).

    >>> round(probability([], 0.9, 0.9), 3)
    1.0
    """
    some = list(expected)
    receipts = {(each.node, each.sku, each.due) for each in some}
    nodes = {each.node for each in some}
    found: float = on_time ** len(receipts) * parcel ** len(nodes)
    return found
