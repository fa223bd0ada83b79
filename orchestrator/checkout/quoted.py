"""A quote is held, or one new promise in its place: between promise and reserve.

A quote is a digest of what was promised and when it was asked. Whoever kept the quote, the cart and
the time can ask again at that time: the same option has the same quote, as long as nothing that it
needs has been sold meanwhile. Where it has, one new promise is made, of the same cart at the time
that it is now; without a mode to keep to, there is none, because nobody who wants delivery may be
given something to collect.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from omnisource.models.promise import Cart, Option
from omnisource.models.reservation import Answer, Refused
from omnisource.orchestrator.checkout.carts import cart_of
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.checkout.reserve import TTL, Again, answer_of, reserve
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.desk import Desk
from omnisource.orchestrator.store.read import StoredWorld, read_world


def quoted_anew(desk: Desk, cart: Cart, option: Option | None, *, now: datetime) -> Again:
    """Return what makes one new promise of a cart, for `again` of `reserve`.

    Args:
        desk: whose database is read again when it is asked.
        cart: what is wanted.
        option: what was lost: the new one is of its mode and no later; none: of the cart's modes.
        now: the clock.
    """

    def again(_: Refused) -> Option | None:
        if option is None and not cart.modes:
            return None
        asked = cart if option is None else cart.model_copy(update=_as(option))
        return next(iter(promise(_world(desk.database, now), asked, now=now).options), None)

    return again


def _as(option: Option) -> dict[str, object]:
    return {"modes": (option.mode,), "by": option.promise_at}


def reserve_quote(
    desk: Desk, quote: str, skus: Sequence[str], *, key: str, asked: datetime, now: datetime,
    ttl: timedelta = TTL, **cart: Any,
) -> Answer:  # fmt: skip
    """Hold what was quoted for a cart; where that is lost, one new promise; else a clear no.

    Args:
        desk: where.
        quote: of the option.
        skus: each SKU or SKU:UNITS.
        key: of this request; the same key and quote are told the same again.
        asked: when it was asked for: the `now` of the promise.
        now: the clock.
        ttl: how long it is held.
        cart: the rest of it, as `cart_of` takes it.
    """
    if (said := answer_of(desk, quote, key=key, now=now, ttl=ttl)) is not None:
        return said
    world = _world(desk.database, asked)
    wanted = cart_of(world, skus, **cart)
    options = promise(world, wanted, now=asked).options
    option = next((each for each in options if each.quote == quote), None)
    again = quoted_anew(desk, wanted, option, now=now)
    if option is not None:
        return reserve(desk, option, key=key, now=now, ttl=ttl, again=again)
    no = Refused(
        why="short", reasons=(f"quote {quote} no longer holds: `omnisource promise` makes another",)
    )
    other = again(no)
    return no if other is None else reserve(desk, other, key=key, now=now, ttl=ttl, quote=quote)


def _world(database: Database, now: datetime) -> StoredWorld:
    world = read_world(database, now).world
    assert isinstance(world, StoredWorld)
    return world
