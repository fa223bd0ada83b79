"""Routes of an order's life: place it, change it, take it on, take it back; and its events.

Each is one verb of the Python API (life/verbs.py, life/change.py, life/decline.py), under the
request's key. What cannot be done is told as a problem of the kind `denied`, with what may be done
instead.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from omnisource.models.access import OWN, AccessKey
from omnisource.models.http_life import (
    CancelRequest,
    CarrierAnswer,
    CarrierFeed,
    ChangeRequest,
    DeclineRequest,
    EventPage,
    PlaceRequest,
    ReturnRequest,
    ShortRequest,
    StepRequest,
)
from omnisource.models.told import ChangeQuote, Denied, OrderChange, Told
from omnisource.orchestrator.life.carrier_feed import hear_carriers
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.decline import decline, pack_short, source
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.outbox import events_after
from omnisource.orchestrator.life.verbs import cancel, give_back, place, show, step
from omnisource.orchestrator.serve.life_examples import (
    CANCEL,
    CARRIER,
    CHANGE,
    DECLINE,
    PLACE,
    QUOTE,
    RETURN,
    SHORT,
    STEP,
)
from omnisource.orchestrator.serve.orders import Named
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.rules import Caller, Here, WriteKey, rules
from omnisource.orchestrator.serve.state import Service

LIFE = APIRouter(tags=["life"])
POLL: Final = 0.25
"""Seconds between two looks for events."""
LONGEST: Final = 30.0
"""Seconds that events are waited for at the most."""
Verb = Callable[[Life, Doing], Told | Denied]


@dataclass(frozen=True)
class Asker:
    """Who asks for a write, of whom, under which key."""

    here: Service
    caller: AccessKey
    key: str

    async def do(self, order: str, verb: Verb, cause: str = "") -> Told:
        """Do something to an order; a no is told as a problem."""
        here = self.here
        doing = Doing(order, self.key, here.now(), self.caller.name, cause)
        said = await here.wait(verb, here.life, doing)
        here.meters.wrote("life", "done" if isinstance(said, Told) else "denied")
        return told(said)

    async def owns(self, order: str, shipment: str | None) -> None:
        """Turn away a node that speaks of a shipment of another's.

        Raises:
            Turned: it does, or names none.
        """
        node = self.caller.node
        if node is None:
            return
        state = await self.here.wait(show, self.here.life, order)
        sent = None if state is None or shipment is None else state.shipments.get(shipment)
        if sent is None or sent.node != node:
            raise Turned(404, "not-found", f"{node} has no such shipment of order {order}")


async def _asker(here: Here, caller: Caller, key: WriteKey) -> Asker:
    return Asker(here, caller, key)


By = Annotated[Asker, Depends(_asker)]


def told(said: Told | Denied) -> Told:
    """Return what came of a verb.

    Raises:
        Turned: it was a no.
    """
    if isinstance(said, Told):
        return said
    raise denied(said)


def denied(said: Denied) -> Turned:
    """Return how a no of a verb is told."""
    if said.move == "key":
        return Turned(422, "key", "; ".join(said.reasons), reasons=said.reasons)
    if not said.state and said.move != "place":
        return Turned(404, "not-found", "; ".join(said.reasons), reasons=said.reasons)
    legal = (f"it can be {', '.join(said.legal)}",) if said.legal else ()
    return Turned(409, "denied", "; ".join(said.reasons), reasons=(*said.reasons, *legal))


@LIFE.post("/v1/orders", status_code=201, **rules("checkout", more=(404, 409)))
async def post_order(by: By, asked: Annotated[PlaceRequest, PLACE]) -> Told:
    """Place an order: on what is reserved for it, allocated at once, or held for the next run."""
    verb = partial(
        place, placed=asked.placed, terms=asked.terms, reservation=asked.reservation,
        hold=asked.hold,
    )  # fmt: skip
    return await by.do(asked.placed.order.order, verb)


@LIFE.post("/v1/orders/{order}/cancel", **rules("checkout", more=(404, 409)))
async def post_cancel(
    by: By, order: Named, asked: Annotated[CancelRequest, CANCEL],
) -> Told:  # fmt: skip
    """Cancel an order, a line or some units of it, before they are released."""
    verb = partial(cancel, line=asked.line, units=asked.units)
    return await by.do(order, verb)


@LIFE.post("/v1/orders/{order}/quote", **rules("checkout", "planner", more=(404, 409)))
async def post_quote(here: Here, order: Named, asked: Annotated[OrderChange, QUOTE]) -> ChangeQuote:
    """Say what a change would come to: the new date, and what is more to pay; nothing changes."""
    said = await here.wait(quote_change, here.life, Doing(order, "quote", here.now()), asked)
    if isinstance(said, Denied):
        raise denied(said)
    return said


@LIFE.post("/v1/orders/{order}/change", **rules("checkout", more=(404, 409)))
async def post_change(
    by: By, order: Named, asked: Annotated[ChangeRequest, CHANGE],
) -> Told:  # fmt: skip
    """Change an order as it was quoted; where that holds no more, nothing changes."""
    verb = partial(accept_change, change=asked.change, quote=asked.quote)
    return await by.do(order, verb)


@LIFE.post("/v1/orders/{order}/return", **rules("checkout", *OWN, more=(404, 409)))
async def post_return(
    by: By, order: Named, asked: Annotated[ReturnRequest, RETURN],
) -> Told:  # fmt: skip
    """Take goods back: refund them, and say where they go."""
    if not by.caller.sees(asked.node):
        own = by.caller.node
        raise Turned(403, "forbidden", f"this key speaks for {own}, not for {asked.node}")
    verb = partial(
        give_back, line=asked.line, units=asked.units, node=asked.node, grade=asked.grade
    )
    return await by.do(order, verb)


@LIFE.post("/v1/orders/{order}/steps", **rules(*OWN, more=(404, 409)))
async def post_step(by: By, order: Named, asked: Annotated[StepRequest, STEP]) -> Told:
    """Take a shipment one step further; a node names one of its own."""
    await by.owns(order, asked.shipment)
    verb = partial(step, what=asked.step, shipment=asked.shipment)
    return await by.do(order, verb)


@LIFE.post("/v1/orders/{order}/decline", **rules(*OWN, more=(404, 409)))
async def post_decline(
    by: By, order: Named, asked: Annotated[DeclineRequest, DECLINE],
) -> Told:  # fmt: skip
    """Decline what a node cannot send; it is sourced again at once, without that node."""
    await by.owns(order, asked.shipment)
    verb = partial(decline, shipment=asked.shipment, lines=asked.lines, missing=asked.missing)
    return await by.do(order, verb, asked.cause)


@LIFE.post("/v1/orders/{order}/short", **rules(*OWN, more=(404, 409)))
async def post_short(by: By, order: Named, asked: Annotated[ShortRequest, SHORT]) -> Told:
    """Pack what was found of a shipment; what was not is corrected, and sourced again."""
    await by.owns(order, asked.shipment)
    verb = partial(pack_short, shipment=asked.shipment, short=asked.short)
    return await by.do(order, verb)


@LIFE.post("/v1/orders/{order}/source", **rules(more=(404, 409)))
async def post_source(by: By, order: Named) -> Told:
    """Source what waits again: a person has seen to it, and who declined may be asked again."""
    return await by.do(order, partial(source, forget=True))


@LIFE.post("/v1/carrier/events", **rules("carrier"))
async def post_carrier_events(by: By, feed: Annotated[CarrierFeed, CARRIER]) -> CarrierAnswer:
    """Take note of what a carrier says of parcels, one after the other; each once."""
    here, now = by.here, by.here.now()
    doings = [
        Doing(said.order, f"{by.key} {i}", said.at or now, by.caller.name)
        for i, said in enumerate(feed.events)
    ]
    said = await here.wait(hear_carriers, here.life, doings, feed.events)
    return CarrierAnswer(outcomes=tuple(said))


@LIFE.get("/v1/events", **rules("checkout", "planner", *OWN))
async def get_all_events(
    *,
    here: Here,
    caller: Caller,
    cursor: Annotated[int, Query(ge=0, le=2**62, description="`cursor` of the last page.")] = 0,
    most: Annotated[int, Query(ge=1, le=1_000, description="How many at the most.")] = 100,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait for one.")] = 0,
) -> EventPage:
    """Return what has happened to orders after a place, in order per order; a node sees its own."""
    until = monotonic() + min(wait, LONGEST)
    while True:
        page = await here.wait(events_after, here.life, cursor, most, caller.node)
        if page.events or monotonic() >= until:
            return page
        cursor = page.cursor
        await asyncio.sleep(min(POLL, max(until - monotonic(), 0)))
