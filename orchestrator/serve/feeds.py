"""Routes of those who hold goods: what they say of stock, receipts and shipments.

Messages are numbered by who sends them, a cell's stock and a cell's receipts apart. A request is
one transaction, and a message of each number counts once, in whatever order they come.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query

from omnisource.models.access import AccessKey
from omnisource.models.base import Value
from omnisource.models.http import Fault
from omnisource.models.http_feeds import FeedAnswer, Outcome, ReceiptFeed, ReceiptMessage, StockFeed
from omnisource.models.http_orders import AcknowledgedAnswer, Acknowledgements, ShipmentList
from omnisource.models.reservation import Refused, StockMessage, StockSaid
from omnisource.orchestrator.serve.examples import ACKNOWLEDGE, RECEIPTS, STOCK
from omnisource.orchestrator.serve.problem import Turned, refused
from omnisource.orchestrator.serve.rules import Caller, Here, WriteKey, rules
from omnisource.orchestrator.serve.sharing import came
from omnisource.orchestrator.serve.state import Service
from omnisource.orchestrator.store.acknowledge import acknowledge
from omnisource.orchestrator.store.feed import hear
from omnisource.orchestrator.store.keys import ask
from omnisource.orchestrator.store.once import once
from omnisource.orchestrator.store.orders import shipments_to_send
from omnisource.orchestrator.store.receipts import hear_receipts
from omnisource.orchestrator.store.session import Session

FEEDS = APIRouter(tags=["feeds"])
Said = StockMessage | ReceiptMessage
Answer = TypeVar("Answer", bound=Value)


@FEEDS.post("/v1/stock", **rules("store", "dropshipper"))
async def post_stock(
    here: Here, caller: Caller, key: WriteKey, feed: Annotated[StockFeed, STOCK]
) -> FeedAnswer:
    """Take note of what a node has, or what has come and gone."""
    _own(caller, (message.node for message in feed.messages))
    return await here.wait(_hear, here, key, feed, hear_all=_hear_stock)


@FEEDS.post("/v1/receipts", **rules("store", "dropshipper"))
async def post_receipts(
    here: Here, caller: Caller, key: WriteKey, feed: Annotated[ReceiptFeed, RECEIPTS]
) -> FeedAnswer:
    """Take note of what is on its way to a node."""
    _own(caller, (message.node for message in feed.messages))
    return await here.wait(_hear, here, key, feed, hear_all=_hear_receipts)


@FEEDS.get("/v1/shipments", **rules("store", "dropshipper"))
async def get_shipments(
    here: Here,
    caller: Caller,
    node: Annotated[str, Query(max_length=200, description="Of an admin: whose.")] = "",
    most: Annotated[int, Query(ge=1, le=1_000, description="How many at the most.")] = 100,
) -> ShipmentList:
    """Return what a node is to send and has not acknowledged yet, the earliest first."""
    mine = caller.node or node
    if not mine:
        raise Turned(422, "unusable", "this key speaks for no node: say which, by ?node=")
    _own(caller, [node or mine])
    found = await here.wait(shipments_to_send, here.desk.database, mine, most)
    return ShipmentList(shipments=found)


@FEEDS.post("/v1/shipments/acknowledge", **rules("store", "dropshipper"))
async def post_acknowledgements(
    here: Here, caller: Caller, key: WriteKey, said: Annotated[Acknowledgements, ACKNOWLEDGE]
) -> AcknowledgedAnswer:
    """Take shipments, or decline them and say why: each once, for good."""
    seconds = int(here.now().timestamp())
    note = partial(acknowledge, said=said.acknowledgements, node=caller.node, now=seconds)
    return await here.wait(_once, here, key, said, kind=AcknowledgedAnswer, work=note)


def _own(caller: AccessKey, nodes: Iterable[str]) -> None:
    """Turn away who speaks for others.

    Raises:
        Turned: it does.
    """
    if other := next((node for node in nodes if not caller.sees(node)), None):
        raise Turned(403, "forbidden", f"this key speaks for {caller.node}, not for {other}")


def _hear(here: Service, key: str, feed: Any, hear_all: Callable[..., FeedAnswer]) -> FeedAnswer:
    """Take note of a feed, once; who waits for what it brings is given it."""
    work = partial(hear_all, messages=feed.messages, safety=_safety(here, feed.messages))
    answer = _once(here, key, feed, kind=FeedAnswer, work=work)
    came(here, feed.messages, answer)
    return answer


def _once(
    here: Service, key: str, body: Value, *, kind: type[Answer], work: Callable[[Session], Answer]
) -> Answer:
    """Do a write under its key.

    Raises:
        Turned: the key was used for another.
    """
    asked = ask(key, _seconds(here.now()), kind.__name__, body.model_dump_json())
    said = here.desk.write(partial(once, ask=asked, kind=kind, work=work))
    if isinstance(said, Refused):
        raise refused(said)
    here.meters.wrote(kind.__name__, "done")
    return said


def _seconds(now: datetime) -> int:
    return int(now.timestamp())


def _safety(here: Service, messages: Sequence[Said]) -> dict[tuple[str, str], int]:
    """Return the units kept back of each cell, where it is new.

    Raises:
        Turned: there is no such node or product.
    """
    known: dict[tuple[str, str], int] = {}
    faults: list[Fault] = []
    for place, each in enumerate(messages):
        pair = each.node, each.sku
        safety = known.get(pair, -1)
        if safety < 0:
            found = here.desk.places.safety_of_new(*pair)
            if found is None:
                text = f"there is no node {each.node} that ships, or no product {each.sku}"
                faults.append(Fault(at=f"messages.{place}", text=text))
            else:
                known[pair] = found
        if len(faults) >= 20:
            break
    if faults:
        raise Turned(422, "unusable", "see `faults`; nothing was taken note of", faults=faults)
    return known


def _hear_stock(
    session: Session, messages: Sequence[StockMessage], safety: dict[tuple[str, str], int]
) -> FeedAnswer:
    said = _in_order(messages, lambda m: hear(session, m, safety[m.node, m.sku]))
    return FeedAnswer(outcomes=tuple(_outcome(each) for each in said))


def _hear_receipts(
    session: Session, messages: Sequence[ReceiptMessage], safety: dict[tuple[str, str], int]
) -> FeedAnswer:
    said = _in_order(messages, lambda m: hear_receipts(session, m, safety[m.node, m.sku]))
    return FeedAnswer(outcomes=tuple(said))


def _in_order(messages: Sequence[Any], take_note: Callable[[Any], Any]) -> list[Any]:
    """Take note of messages cell by cell, as everybody does; return the answers in their order."""
    places = sorted(
        range(len(messages)),
        key=lambda i: (messages[i].node, messages[i].sku, messages[i].sequence),
    )
    said = {place: take_note(messages[place]) for place in places}
    return [said[place] for place in range(len(messages))]


def _outcome(said: StockSaid | None) -> Outcome:
    if said is None:
        return "contradicts"
    if said.counted:
        return "counted"
    return "late" if said.fresh else "repeated"
