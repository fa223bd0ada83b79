"""Hold what was promised, make it an order's, or give it back: what a checkout calls.

    with open_desk(url) as desk:
        held = reserve(desk, claim, key="cart-17", now=now)
        done = confirm(desk, held.reservation, order, key="cart-17-paid", now=now)

Every answer is a `Reservation` or a `Refused` with reasons. Each write has a key; the same key with
the same request is told the same again and changes nothing, even when the reservation is long
over, so that whoever did not hear an answer may ask again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from omnisource.models.base import UnusableInput
from omnisource.models.promise import Option
from omnisource.models.reservation import (
    Answer,
    Claim,
    PickUp,
    Placed,
    Refused,
    Reservation,
    StockMessage,
    StockSaid,
    slot_name,
)
from omnisource.orchestrator.checkout.reserve_form import Option as Offered
from omnisource.orchestrator.checkout.reserve_form import claim_of_option
from omnisource.orchestrator.store import confirm as store_confirm
from omnisource.orchestrator.store import feed as store_feed
from omnisource.orchestrator.store import quota as store_quota
from omnisource.orchestrator.store import reserve as store_reserve
from omnisource.orchestrator.store import tidy as store_tidy
from omnisource.orchestrator.store.desk import Desk, desk_on
from omnisource.orchestrator.store.keys import Ask, ask, told
from omnisource.orchestrator.store.read import StoredWorld
from omnisource.orchestrator.store.records import DAY

TTL: Final = timedelta(minutes=15)
"""How long a reservation is held unless it is confirmed or extended."""
SWEPT: Final = 100
"""Reservations that are given back in one transaction."""
DROPPED: Final = 1_000
"""Old keys or reservations that are dropped in one transaction."""
Result = TypeVar("Result")
LOST: Final = ("short", "expired")
"""Noes after which another promise may do."""
Again = Callable[[Refused], Claim | Option | None]
"""Makes one other promise where a race was lost; none: there is no other."""


@dataclass(frozen=True)
class Tidied:
    """What has been tidied up."""

    expired: int  # reservations out of time, given back
    reservations: int  # that were over, dropped
    keys: int  # dropped


def reserve(
    where: Desk | StoredWorld,
    claim: Claim | Option,
    *,
    key: str,
    now: datetime,
    ttl: timedelta = TTL,
    again: Again | None = None,
    quote: str | None = None,
) -> Answer:
    """Hold all that a claim or a promised option names, or nothing.

    Args:
        where: a desk; or a world out of a database, on which a desk is opened for this once.
        claim: what was promised; an option has to stand still.
        key: of this request; the same key and claim, or quote, are told the same again.
        now: the clock.
        ttl: how long it is held.
        again: asked for one other claim where this one can no longer be held.
        quote: for which the claim stands, by which the key knows the request again; by default
            the option's own.

    Returns:
        The reservation; or why neither the claim nor the other can be held.
    """
    with _desk(where) as desk:
        attempt = _attempt(desk, claim, key, now=now, ttl=ttl)
        if quote is not None:
            attempt = replace(attempt, ask=ask_of(key, quote, now=now, ttl=ttl))
        first = replace(attempt, final=again is None)
        said = _tried(desk, first)
        if again is None or isinstance(said, Reservation) or said.why not in LOST:
            return said
        other = again(said)
        if other is not None:
            second = _attempt(desk, other, key, now=now, ttl=ttl)
            attempt = replace(second, ask=attempt.ask)
        return _tried(desk, attempt)


def _tried(desk: Desk, attempt: store_reserve.Attempt) -> Answer:
    """Try to hold a claim; remember what was short, so that the next no is a quick one."""
    said = desk.hold(attempt)
    short = isinstance(said, Refused) and said.why == "short"
    desk.places.note(attempt.needs, short=short)
    return said


def _attempt(
    desk: Desk, wanted: Claim | Option, key: str, *, now: datetime, ttl: timedelta
) -> store_reserve.Attempt:
    seconds = _seconds(now)
    until = seconds + int(ttl.total_seconds())
    name = store_reserve.reservation_name(key)
    claim = wanted if isinstance(wanted, Claim) else claim_on(desk, wanted)
    document = claim.model_dump_json(exclude_defaults=True)
    moment = datetime.fromtimestamp(until, UTC)
    held = Reservation(reservation=name, state="held", until=moment, order=claim.order, claim=claim)
    quote = wanted if isinstance(wanted, Option) else None
    return store_reserve.Attempt(
        ask=ask_of(key, document if quote is None else quote.quote, now=now, ttl=ttl),
        claim=claim,
        needs=desk.places.needs(claim, seconds // 60, desk.write),
        held=held,
        document=document,
        until=until,
        stands=None if quote is None else _seconds(quote.expires_at),
    )


def answer_of(
    where: Desk | StoredWorld, quote: str, *, key: str, now: datetime, ttl: timedelta = TTL
) -> Answer | None:
    """Return what was told of a quote under a key; none: the key has not been used."""
    return _write(where, told, ask=ask_of(key, quote, now=now, ttl=ttl))


def ask_of(key: str, wanted: str, *, now: datetime, ttl: timedelta) -> Ask:
    """Return the question that `reserve` puts: a claim as JSON, or a quote, under a key."""
    return ask(key, _seconds(now), "reserve", wanted, str(ttl))


def claim_on(desk: Desk, option: Offered, *, channel: str = "") -> Claim:
    """Return what an option needs; a slot only where its node limits what is collected in one."""
    claim = claim_of_option(option, channel=channel)
    slot = claim.pickup
    if slot is None or desk.places.has_slot(slot.node, slot_name(slot.begins)):
        return claim
    return claim.model_copy(update={"pickup": None})


def extend(
    where: Desk | StoredWorld, reservation: str, *, key: str, now: datetime, ttl: timedelta = TTL
) -> Answer:
    """Hold a reservation until `ttl` from now; it is never shortened."""
    seconds = _seconds(now)
    until = seconds + int(ttl.total_seconds())
    asked = ask(key, seconds, "extend", reservation, str(ttl))
    return _write(where, store_confirm.extend, ask=asked, name=reservation, until=until)


def confirm(
    where: Desk | StoredWorld, reservation: str, order: Placed | str, *, key: str, now: datetime
) -> Answer:
    """Make a reservation an order's allocation, for good.

    Args:
        where: see `reserve`.
        reservation: its name.
        order: the order that is placed, with its lines; or the name of one that is there.
        key: of this request.
        now: the clock; a reservation out of time is refused.
    """
    body = order if isinstance(order, str) else order.model_dump_json(exclude_defaults=True)
    asked = ask(key, _seconds(now), "confirm", reservation, body)
    return _write(where, store_confirm.confirm, ask=asked, name=reservation, placed=order)


def release(where: Desk | StoredWorld, reservation: str, *, key: str, now: datetime) -> Answer:
    """Give a reservation back; one that is confirmed too, whose order is then cancelled."""
    asked = ask(key, _seconds(now), "release", reservation)
    return _write(where, store_confirm.release, ask=asked, name=reservation)


def expire(where: Desk | StoredWorld, *, now: datetime) -> int:
    """Tidy up: give back all that is out of time. Nothing is wrong where nobody does.

    Returns:
        How many reservations were.
    """
    done, seconds = 0, _seconds(now)
    with _desk(where) as desk:
        while swept := desk.write(partial(store_confirm.sweep, now=seconds, most=SWEPT)):
            done += swept
    return done


def tidy(where: Desk | StoredWorld, *, older_than: int, now: datetime) -> Tidied:
    """Give back what is out of time, and drop what is long over.

    Args:
        where: see `reserve`.
        older_than: days; a key is forgotten then, unless its reservation is held or confirmed.
        now: the clock.
    """
    before = _seconds(now - timedelta(days=older_than))
    with _desk(where) as desk:
        given_back = expire(desk, now=now)
        keys = sum(_old_keys(desk, before))
        over = 0
        while dropped := desk.write(partial(store_tidy.drop_over, before=before, most=DROPPED)):
            over += dropped
        while desk.write(partial(store_tidy.drop_records, before=before, most=DROPPED)):
            pass
        _drop_networks(desk, min(before, _seconds(now) - 2 * DAY))
    return Tidied(given_back, over, keys)


def _drop_networks(desk: Desk, before: int) -> None:
    """Drop networks that were last used before a moment, and are not named.

    That is two days ago or more: it is said once a day, and what is decided at the end of the first
    may be under way yet.
    """
    for name in store_tidy.unused_networks(desk.database, before, DROPPED):
        desk.write(partial(store_tidy.drop_networks, names=[name], before=before))


def _old_keys(desk: Desk, before: int) -> Iterator[int]:
    """Drop old keys, some at a time; yield how many."""
    last: str | None = ""
    while last is not None:
        work = partial(store_tidy.drop_keys, before=before, after=last, most=DROPPED)
        dropped, last = desk.write(work)
        yield dropped


def find_reservation(where: Desk | StoredWorld, reservation: str, *, now: datetime) -> Answer:
    """Return a reservation as it is now."""
    return _write(where, store_confirm.find, name=reservation, now=_seconds(now))


def open_slot(where: Desk | StoredWorld, slot: PickUp, most: int) -> None:
    """Say how many orders can be collected at a node in a slot; again: the new number holds."""
    at = slot_name(slot.begins)
    _write(where, store_quota.set_slot, node=slot.node, at=at, most=most)


def hear_stock(where: Desk | StoredWorld, message: StockMessage) -> StockSaid:
    """Take note of what a node says of a stock cell; late or repeated messages do no harm.

    Raises:
        UnusableInput: there is no such node or product, or the number was used for another.
    """
    with _desk(where) as desk:
        safety = desk.places.safety_of_new(message.node, message.sku)
        if safety is None:
            raise UnusableInput(
                f"message {message.sequence}: there is no node {message.node} that ships, or no "
                f"product {message.sku}; load them first"
            )
        said: StockSaid | None = desk.write(
            partial(store_feed.hear, message=message, safety=safety)
        )
    if said is None:
        raise UnusableInput(
            f"message {message.sequence} of {message.node} {message.sku} said something else "
            "before: number each message anew"
        )
    return said


def _write(where: Desk | StoredWorld, work: Callable[..., Result], **given: Any) -> Result:
    with _desk(where) as desk:
        done: Result = desk.write(partial(work, **given))
    return done


@contextmanager
def _desk(where: Desk | StoredWorld) -> Iterator[Desk]:
    """Give a desk; one that is opened for this once is closed again, its database is not."""
    if isinstance(where, Desk):
        yield where
        return
    desk = desk_on(where.database)
    try:
        yield desk
    finally:
        desk.writer.close()


def _seconds(now: datetime) -> int:
    if now.tzinfo is None:
        raise UnusableInput("now: give a time zone, as in 2025-01-06T12:00:00Z")
    return int(now.timestamp())
