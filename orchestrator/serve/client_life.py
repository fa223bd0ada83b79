"""The service from the other side: an order's life, where it is, and its events."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from pydantic import BaseModel

from omnisource.models.http_life import (
    CancelRequest,
    CarrierAnswer,
    CarrierFeed,
    ChangeRequest,
    DeclineRequest,
    EventPage,
    OrderStory,
    PlaceRequest,
    ReturnRequest,
    SeenEvent,
    ShortRequest,
    SignedLink,
    StepRequest,
    What,
)
from omnisource.models.money import Terms
from omnisource.models.reservation import Placed
from omnisource.models.returns import Grade
from omnisource.models.told import ChangeQuote, OrderChange, Told
from omnisource.models.tracking import CarrierEvent, Tracking, WorkList

Made = TypeVar("Made", bound=BaseModel)


class LifeCalls(ABC):
    """What a client may ask about an order's life; a write without a `key` is given one."""

    @abstractmethod
    def _ask(
        self, method: str, path: str, kind: type[Made], body: Any = None, *, key: str | None = None
    ) -> Made:
        """Send a request and return the answer."""

    def place(
        self, placed: Placed, *, terms: Terms | None = None, reservation: str | None = None,
        hold: bool = False, key: str | None = None,
    ) -> Told:  # fmt: skip
        """Place an order: on what is reserved for it, allocated at once, or held."""
        asked = PlaceRequest(
            placed=placed, terms=terms or Terms(), reservation=reservation, hold=hold
        )
        return self._ask("POST", "/v1/orders", Told, asked, key=key or new_key())

    def cancel(
        self, order: str, *, line: str | None = None, units: int | None = None,
        key: str | None = None,
    ) -> Told:  # fmt: skip
        """Cancel an order, a line or some units of it, before they are released."""
        return self._verb(order, "cancel", CancelRequest(line=line, units=units), key)

    def quote_change(self, order: str, change: OrderChange) -> ChangeQuote:
        """Ask what a change would come to; nothing changes."""
        return self._ask("POST", f"/v1/orders/{part(order)}/quote", ChangeQuote, change)

    def change(
        self, order: str, change: OrderChange, quote: str, *, key: str | None = None
    ) -> Told:
        """Change an order as it was quoted."""
        return self._verb(order, "change", ChangeRequest(change=change, quote=quote), key)

    def give_back(
        self, order: str, line: str, units: int, *, node: str, grade: Grade = "new",
        key: str | None = None,
    ) -> Told:  # fmt: skip
        """Take goods back at a node, and refund them."""
        asked = ReturnRequest(line=line, units=units, node=node, grade=grade)
        return self._verb(order, "return", asked, key)

    def step(
        self, order: str, step: str, shipment: str | None = None, *, key: str | None = None
    ) -> Told:
        """Take a shipment one step further: release, pick, pack, ship, ready, deliver, collect."""
        asked = StepRequest.model_validate({"step": step, "shipment": shipment})
        return self._verb(order, "steps", asked, key)

    def decline(
        self, order: str, shipment: str, *, lines: Mapping[str, int] | None = None,
        missing: bool = False, cause: str = "", key: str | None = None,
    ) -> Told:  # fmt: skip
        """Decline what a node cannot send: units by line, or all of a shipment."""
        some = None if lines is None else dict(lines)
        asked = DeclineRequest(shipment=shipment, lines=some, missing=missing, cause=cause)
        return self._verb(order, "decline", asked, key)

    def pack_short(
        self, order: str, shipment: str, short: Mapping[str, int], *, key: str | None = None
    ) -> Told:
        """Pack a shipment without the units that were not found."""
        asked = ShortRequest(shipment=shipment, short=dict(short))
        return self._verb(order, "short", asked, key)

    def source(self, order: str, *, key: str | None = None) -> Told:
        """Source what waits again: a person has seen to it."""
        return self._verb(order, "source", None, key)

    def say_parcels(
        self, events: Sequence[CarrierEvent], *, key: str | None = None
    ) -> CarrierAnswer:
        """Say how parcels fare: in transit, delayed, delivered, lost."""
        feed = CarrierFeed(events=tuple(events))
        return self._ask("POST", "/v1/carrier/events", CarrierAnswer, feed, key=key or new_key())

    def all_events(self, cursor: int = 0, *, most: int = 100, wait: float = 0) -> EventPage:
        """Return what has happened to orders after a place; wait for it for some seconds."""
        query = urlencode({"cursor": cursor, "most": most, "wait": wait})
        return self._ask("GET", f"/v1/events?{query}", EventPage)

    def follow(self, cursor: int = 0, *, wait: float = 20) -> Iterator[SeenEvent]:
        """Yield events as they happen, without end; keep the place of the last one done with."""
        while True:
            page = self.all_events(cursor, wait=wait)
            yield from page.events
            cursor = page.cursor

    def tracking(self, order: str) -> Tracking:
        """Return where an order is, when it comes, and what can still be changed."""
        return self._ask("GET", f"/v1/orders/{part(order)}/tracking", Tracking)

    def story(self, order: str) -> OrderStory:
        """Return one order's whole story."""
        return self._ask("GET", f"/v1/orders/{part(order)}/story", OrderStory)

    def work(self, *, node: str = "") -> WorkList:
        """Return what a node is to pick, pack and hand over, in the order of the cut-offs."""
        query = f"?{urlencode({'node': node})}" if node else ""
        return self._ask("GET", f"/v1/work{query}", WorkList)

    def link(self, what: What, subject: str) -> SignedLink:
        """Return a link to a page that needs no key: an order's tracking or desk, a node's work."""
        query = urlencode({"what": what, "subject": subject})
        return self._ask("GET", f"/v1/links?{query}", SignedLink)

    def _verb(self, order: str, verb: str, asked: Any, key: str | None) -> Told:
        path = f"/v1/orders/{part(order)}/{verb}"
        return self._ask("POST", path, Told, asked, key=key or new_key())


def part(name: str) -> str:
    """Return a name as a part of a path."""
    return quote(name, safe="")


def new_key() -> str:
    """Return a key for a write."""
    return str(uuid4())
