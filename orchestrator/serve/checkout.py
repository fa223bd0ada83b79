"""Routes of a checkout: where it is to be had, what can be promised, and what is held."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic_core import ValidationError

from omnisource.models.access import AccessKey
from omnisource.models.availability import Availability
from omnisource.models.base import Kilometres, Units
from omnisource.models.http import ConfirmRequest, ExtendRequest, PromiseAnswer, ReserveRequest
from omnisource.models.promise import Cart
from omnisource.models.reservation import (
    Answer,
    Claim,
    Refused,
    Reservation,
)
from omnisource.orchestrator.checkout import reserve as verbs
from omnisource.orchestrator.checkout.availability import availability
from omnisource.orchestrator.serve.door import PROMISE, PROMISERS
from omnisource.orchestrator.serve.examples import CART, CONFIRM, EXTEND, RESERVE
from omnisource.orchestrator.serve.problem import Turned, faults_of, refused
from omnisource.orchestrator.serve.rules import Caller, Here, WriteKey, allow, rules
from omnisource.orchestrator.serve.shelf import free_units, world_of_sku
from omnisource.orchestrator.serve.state import Service
from omnisource.orchestrator.store.once import is_known

CHECKOUT = APIRouter(tags=["checkout"])
Reserved = Annotated[str, Path(description="The reservation's name.", max_length=200)]


@CHECKOUT.get("/v1/availability", **rules("checkout", "planner"))
async def get_availability(
    *,
    here: Here,
    sku: Annotated[str, Query(max_length=200, description="The product.")],
    near: Annotated[str, Query(max_length=200, description="COUNTRY-POSTCODE, or LAT,LON.")],
    units: Annotated[Units, Query(description="Wanted together at one node.")] = 1,
    channel: Annotated[str, Query(max_length=500, description="Who asks.")] = "",
    within_km: Annotated[Kilometres | None, Query(description="How far at most.")] = None,
) -> Availability:
    """Say where a product can be collected near a place, and from when."""
    look = partial(
        _look, here, sku, near=near, units=units, channel=channel, within_km=within_km
    )  # fmt: skip
    return await here.wait(look)


def _look(here: Service, sku: str, **asked: Any) -> Availability:
    world = world_of_sku(here.shelf.snapshot.world, here.desk.database, sku)
    return availability(world, sku, now=here.now(), **asked)


async def promise(service: Service, key: AccessKey, body: bytes, query: bytes) -> bytes:
    """Return the offer for a cart as JSON: what the door calls straight away.

    Raises:
        Turned: the key is not for this, or the cart is none.
        UnusableInput: the cart names what is not there.
    """
    allow(key, *PROMISERS)
    refused = query == b"refused=true"
    return service.shelf.promise_json(_cart(body), service.now(), refused=refused)


def _cart(body: bytes) -> Cart:
    try:
        return Cart.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise Turned(400, "malformed", "see `faults`", faults=faults_of(found)) from None
        raise Turned(422, "unusable", "see `faults`", faults=faults_of(found)) from None


@CHECKOUT.post(
    PROMISE,
    response_model=PromiseAnswer,
    **rules(*PROMISERS, extra={"requestBody": CART}),
)
async def post_promise(
    request: Request,
    here: Here,
    key: Caller,
    refused: Annotated[bool, Query(description="Say why other modes are not offered.")] = False,
) -> Response:
    """Say what can be promised for a cart; nothing is held yet."""
    query = b"refused=true" if refused else b""
    body = await promise(here, key, request.state.body, query)
    return Response(body, media_type="application/json")


@CHECKOUT.post("/v1/reservations", status_code=201, **rules("checkout", more=(404, 409)))
async def post_reservation(
    here: Here, key: WriteKey, asked: Annotated[ReserveRequest, RESERVE]
) -> Reservation:
    """Hold a promised option, or what a claim names: all of it or nothing."""
    on_loop = partial(_on_loop, asyncio.get_running_loop())
    return await _told(here, "reserve", partial(_reserve, here, key, asked, on_loop))


OnLoop = Callable[[Callable[[], Any]], Any]
"""Has something done by the event loop, which alone promises; returns what came of it."""


def _on_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], Any]) -> Any:
    async def do() -> Any:
        return work()

    return asyncio.run_coroutine_threadsafe(do(), loop).result()


def _reserve(here: Service, key: str, asked: ReserveRequest, on_loop: OnLoop) -> Answer:
    """Hold what is asked for; in a thread."""
    now, option = here.now(), asked.option
    if option is not None and option.expires_at < now and not _is_known(here, key):
        text = f"the promise held until {option.expires_at.isoformat()}; promise anew"
        return Refused(why="expired", reasons=(text,))
    again = None if asked.cart is None else partial(_again, here, asked, on_loop)
    ttl = here.hold if asked.minutes is None else timedelta(minutes=asked.minutes)
    said = verbs.reserve(here.desk, _claim(here, asked), key=key, now=now, ttl=ttl, again=again)
    held = said.claim if isinstance(said, Reservation) else _claim(here, asked)
    _look_after(here, held, on_loop)
    return said


def _is_known(here: Service, key: str) -> bool:
    return here.desk.write(partial(is_known, key=key))


def _claim(here: Service, asked: ReserveRequest) -> Claim:
    if asked.claim is not None:
        return asked.claim
    assert asked.option is not None
    return verbs.claim_on(here.desk, asked.option, channel=asked.channel)


def _look_after(here: Service, claim: Claim, on_loop: OnLoop) -> None:
    """Look again at the cells of a claim that was held or refused, unless all are sold out to us.

    The shelf never shows less than nothing, so where it shows nothing of every cell, reading them
    could but raise it: no promise to come would be kept from what is gone. What others have given
    back or received since is seen as it is anywhere, by the next refresh (shelf.py, 2). In a rush
    that is nearly every refusal, each of which would read the database and wait for the loop.
    """
    if not here.shelf.is_bare(claim.draws()):
        _look_again(here, claim, on_loop)


def _look_again(here: Service, claim: Claim, on_loop: OnLoop) -> None:
    """Read again what is free of the cells of a claim, for promises to come."""
    free = free_units(here.desk.database, claim.draws(), here.now())
    on_loop(partial(here.shelf.see, free))


def _again(here: Service, asked: ReserveRequest, on_loop: OnLoop, _: Refused) -> Claim | None:
    """Promise the cart once more, by what is left; return the claim of the best like option."""
    cart = asked.cart
    assert cart is not None
    _look_after(here, _claim(here, asked), on_loop)
    offer = on_loop(partial(here.shelf.promise, cart, here.now()))
    wanted = "" if asked.option is None else asked.option.mode
    options = [each for each in offer.options if wanted in ("", each.mode)]
    return verbs.claim_on(here.desk, options[0], channel=asked.channel) if options else None


@CHECKOUT.get("/v1/reservations/{reservation}", **rules("checkout", "planner", more=(404,)))
async def get_reservation(here: Here, reservation: Reserved) -> Reservation:
    """Return a reservation as it is now."""
    find = partial(verbs.find_reservation, here.desk, reservation, now=here.now())
    return await _told(here, "find", find)


@CHECKOUT.post("/v1/reservations/{reservation}/extend", **rules("checkout", more=(404, 409)))
async def post_extend(
    here: Here, key: WriteKey, reservation: Reserved, asked: Annotated[ExtendRequest, EXTEND]
) -> Reservation:
    """Hold a reservation longer; it is never shortened."""
    ttl = here.hold if asked.minutes is None else timedelta(minutes=asked.minutes)
    extend = partial(verbs.extend, here.desk, reservation, key=key, now=here.now(), ttl=ttl)
    return await _told(here, "extend", extend)


@CHECKOUT.post("/v1/reservations/{reservation}/confirm", **rules("checkout", more=(404, 409)))
async def post_confirm(
    here: Here, key: WriteKey, reservation: Reserved, asked: Annotated[ConfirmRequest, CONFIRM]
) -> Reservation:
    """Make a reservation an order's, for good."""
    order = asked.placed if asked.placed is not None else str(asked.order)
    confirm = partial(verbs.confirm, here.desk, reservation, order, key=key, now=here.now())
    return await _told(here, "confirm", confirm)


@CHECKOUT.post("/v1/reservations/{reservation}/release", **rules("checkout", more=(404, 409)))
async def post_release(here: Here, key: WriteKey, reservation: Reserved) -> Reservation:
    """Give a reservation back; one that is confirmed too, whose order is then cancelled."""
    on_loop = partial(_on_loop, asyncio.get_running_loop())
    return await _told(here, "release", partial(_release, here, key, reservation, on_loop))


def _release(here: Service, key: str, reservation: str, on_loop: OnLoop) -> Answer:
    said = verbs.release(here.desk, reservation, key=key, now=here.now())
    if isinstance(said, Reservation):
        _look_again(here, said.claim, on_loop)
    return said


async def _told(here: Service, write: str, work: Callable[[], Answer]) -> Reservation:
    """Do a write and return what it came to; a no is told as a problem."""
    said = await here.wait(work)
    if write != "find":
        here.meters.wrote(write, said.state if isinstance(said, Reservation) else said.why)
    if isinstance(said, Refused):
        raise refused(said)
    return said
