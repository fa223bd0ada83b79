"""A customer changes an order: first what it would come to, then, accepted, the change itself.

    offer = quote_change(life, doing, OrderChange(postcode="80331"))
    done = accept_change(life, doing, OrderChange(postcode="80331"), offer.quote)

With s the order as it is, a change

    (1)  cancels units that are not released, at what they came to
    (2)  puts in lines, at their own price, tax of none; discounts of the order stay as they were
    (3)  takes what is allocated and not released back from its nodes, gives the order its new
         place or date, and sources all of it again: the units that it gives back are its to take
    (4)  difference = value of (2) − value of (1) + max(0, fee' − fee), fee that of the dearest
         service of its shipments; it goes to lines of which no unit has been invoiced or cancelled
    (5)  is refused where something is released that it concerns, or where units would be short

The quote stands for order, last event, change, promise and difference: accepted, all is worked out
anew in the write itself, and the change is refused if any of them is another by then.
"""

from hashlib import blake2b

from omnisource.models.claims import claims_of
from omnisource.models.lifecycle import OrderState
from omnisource.models.money import Amount, Terms
from omnisource.models.order import Order
from omnisource.models.told import ChangeQuote, Denied, OrderChange, Told
from omnisource.orchestrator.life.doing import Doing, Life, act, begin
from omnisource.orchestrator.life.resourcing import resource
from omnisource.orchestrator.life.story import OVER, Story, due_at, moves
from omnisource.orchestrator.life.verbs import OPEN_TO_CANCEL, cancelled
from omnisource.solvers.proration import amounts, shared


def quote_change(life: Life, doing: Doing, change: OrderChange) -> ChangeQuote | Denied:
    """Say what a change would come to, and change nothing."""
    story = Story(doing.order, doing.now)
    if begin(life, story, sure=True) is None:
        return doing.no(story.state, "change", f"there is no order {doing.order}")
    before = story.state
    return _changed(story, life, doing, change) or _quote(before, story, change)


def accept_change(life: Life, doing: Doing, change: OrderChange, quote: str) -> Told | Denied:
    """Change an order as it was quoted."""

    def decide(story: Story) -> Denied | None:
        before = story.state
        if refused := _changed(story, life, doing, change):
            return refused
        now = _quote(before, story, change)
        if now.quote == quote:
            return None
        said = f"it is {now.difference_cents} cents more and {now.promise_at} now: ask again"
        return doing.no(before, "change", f"quote {quote} holds no more", said)

    return act(life, doing, "change", decide, body=change.model_dump_json() + quote)


def _quote(before: OrderState, story: Story, change: OrderChange) -> ChangeQuote:
    after, sequence = story.state, before.sequence
    difference = _worth(after) - _worth(before)
    difference -= sum(event.cents for event in story.events if event.kind == "cancelled")
    said = (story.order, sequence, change, after.promise_at, difference)
    names = {piece.shipment for piece in after.pieces if piece.is_held and piece.shipment}
    return ChangeQuote(
        order=story.order,
        quote=blake2b(repr(said).encode(), digest_size=8).hexdigest(),
        promised=before.promise_at,
        promise_at=after.promise_at,
        difference_cents=difference,
        nodes=tuple(sorted({after.shipments[name].node for name in names})),
    )


def _worth(state: OrderState) -> int:
    """Return what all lines of an order came to when they were put in."""
    return sum(amount.due(state.tax_included) for amount in state.amounts.values())


def _changed(story: Story, life: Life, doing: Doing, change: OrderChange) -> Denied | None:
    """Tell a change, (1) to (3); or why it cannot be, (5)."""
    before = story.state
    for line, units in change.cancel.items():
        if refused := cancelled(story, doing, life.source.parts, line=line, units=units):
            return refused
    if not (change.add or change.goes_elsewhere or change.by or change.fastest):
        return None
    if refused := _concerned(story.state, doing, change):
        return refused
    _moved(story, change)
    by = doing.now if change.fastest else change.by or story.state.promise_at
    own = claims_of(before).reserved - claims_of(story.state).reserved  # given back
    resource(story, life.source, 10**6, "changed by the customer", own=own, by=by)
    if any(piece.state in ("backordered", "declined") for piece in story.state.pieces):
        return doing.no(before, "change", "no node can send all of it so")
    _tell(story, change)
    _charge(story, life, before)
    return None


def _concerned(state: OrderState, doing: Doing, change: OrderChange) -> Denied | None:
    """Return why the units that a change concerns cannot be changed."""
    unknown = [line.line for line in change.add if line.line in state.lines]
    if unknown:
        return doing.no(state, "change", f"there is a line {unknown[0]} already")
    live = [piece for piece in state.pieces if piece.state not in OVER]
    fixed = [piece for piece in live if piece.state not in OPEN_TO_CANCEL]
    if fixed and (change.goes_elsewhere or len(fixed) == len(live)):
        named = ", ".join(sorted({piece.state for piece in fixed}))
        return doing.no(state, "change", f"some units are {named}: it can be changed no more")
    return None


def _moved(story: Story, change: OrderChange) -> None:
    """Tell that an order has other lines or another place, and takes its units back."""
    state = story.state
    assert state.order is not None
    known = state.order.model_dump(exclude={"promised_by"}, exclude_none=True)
    head = Order.model_validate(known | change.place)
    lines = tuple(line.model_copy(update={"order": state.name}) for line in change.add)
    open_ = [piece for piece in state.pieces if piece.state == "allocated"]
    story.add(
        "changed", put=head, lines=lines, moves=moves(open_, "placed"),
        amounts=amounts(lines, Terms()) if lines else {}, cause="changed by the customer",
    )  # fmt: skip


def _tell(story: Story, change: OrderChange) -> None:
    """Promise what was asked for, where that is another day."""
    state, due = story.state, due_at(story.state)
    asked = change.by or change.fastest or change.goes_elsewhere
    if asked and due is not None and state.promise_at != due:
        story.add("promise_changed", promise_at=due, promised=state.promise_at,
                  cause="changed by the customer")  # fmt: skip


def _charge(story: Story, life: Life, before: OrderState) -> None:
    """Charge what a dearer service costs more, (4)."""
    more = _fee(story.state, life) - _fee(before, life)
    fixed = {p.line for p in story.state.pieces if p.left or p.state == "cancelled"}
    whole = {line: cents for line, cents in story.state.amounts.items() if line not in fixed}
    if more <= 0 or not whole:
        return
    shares = shared(more, [amount.net for amount in whole.values()])
    charged = {
        line: amount + Amount(fee=cents)
        for (line, amount), cents in zip(whole.items(), shares, strict=True)
    }
    story.add("changed", amounts=charged, cause="a dearer service")


def _fee(state: OrderState, life: Life) -> int:
    """Return what the customer pays for the dearest service of an order's shipments."""
    services = life.source.world.services
    fees = dict(zip(services["service"], services["fee_cents"].tolist(), strict=True))
    used = {state.shipments[p.shipment].service for p in state.pieces if p.shipment}
    return max((int(fees[name]) for name in used if name), default=0)
