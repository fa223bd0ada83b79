"""The service from the other side: a typed client that needs nothing but the standard library.

    with Client("http://localhost:8000", key) as shop:
        offer = shop.promise(cart)
        held = shop.reserve(offer.options[0], cart=cart)
        shop.confirm(held.reservation, placed)

Every write has a key of its own unless one is given, and is sent once more with the same key where
the answer was lost or the service could not write just then: that changes nothing twice.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import sleep
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel

from omnisource.models.availability import Availability
from omnisource.models.base import OmnisourceError, UnusableInput
from omnisource.models.explanation import Explanation
from omnisource.models.http import Health, OptionView, Problem, PromiseAnswer
from omnisource.models.http_feeds import FeedAnswer, ReceiptFeed, ReceiptMessage, StockFeed
from omnisource.models.http_orders import (
    AcknowledgedAnswer,
    Acknowledgement,
    Acknowledgements,
    OrderEvents,
    OrderList,
    OrderView,
    ShipmentList,
    State,
)
from omnisource.models.promise import Cart
from omnisource.models.reservation import Claim, Placed, Reservation, StockMessage
from omnisource.orchestrator.serve.client_life import LifeCalls, new_key, part
from omnisource.orchestrator.serve.client_plan import PlanCalls

PATIENCE: Final = 30.0
"""Seconds that an answer is waited for."""
TRIES: Final = 3
PAUSE: Final = 0.5
"""Seconds before the second try; twice as many before the next."""
Made = TypeVar("Made", bound=BaseModel)
Said = tuple[int, bytes]
"""Status and body."""
Send = Callable[[str, str, Mapping[str, str], bytes], Said]
"""Sends method, path with query, headers and body; raises OSError where no answer comes."""


class Refusal(OmnisourceError):
    """The service has not done what it was asked to, and says why."""

    def __init__(self, problem: Problem) -> None:
        """Take what it said."""
        super().__init__(f"{problem.title}: {problem.detail}")
        self.problem = problem


class Client(LifeCalls, PlanCalls):
    """The service, as the holder of a key sees it; of one thread at a time."""

    def __init__(
        self, url: str, key: str, *, send: Send | None = None, patience: float = PATIENCE
    ) -> None:
        """Take where the service is, a key, and how long to wait for answers."""
        self._key, self._wire = key, None if send else Wire(url, patience)
        self._send: Send = send or self._wire  # type: ignore[assignment]

    def __enter__(self) -> "Client":
        """Use it until the end of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connection."""
        if self._wire is not None:
            self._wire.close()

    def availability(
        self, sku: str, *, near: str, units: int = 1, channel: str = "",
        within_km: float | None = None,
    ) -> Availability:  # fmt: skip
        """Ask where units of a product can be collected near a place."""
        query = {"sku": sku, "near": near, "units": units, "channel": channel}
        query |= {} if within_km is None else {"within_km": within_km}
        return self._get("/v1/availability", Availability, query)

    def promise(self, cart: Cart, *, refused: bool = False) -> PromiseAnswer:
        """Ask what can be promised for a cart; and why other modes are not, if wanted."""
        path = "/v1/promise" + ("?refused=true" if refused else "")
        return self._ask("POST", path, PromiseAnswer, cart)

    def reserve(
        self, what: OptionView | Claim, *, cart: Cart | None = None, channel: str = "",
        minutes: int | None = None, key: str | None = None,
    ) -> Reservation:  # fmt: skip
        """Hold an option as it was promised, or a claim.

        Args:
            what: the option or the claim.
            cart: of the option: a lost race is tried once more, by what is left for it.
            channel: where it is sold.
            minutes: how long it is held; as long as the service says by default.
            key: of this write; the same again is told the same.

        Raises:
            Refusal: it can no longer be held.
        """
        part = "claim" if isinstance(what, Claim) else "option"
        body: dict[str, Any] = {part: _plain(what), "channel": channel}
        body |= {} if cart is None else {"cart": _plain(cart)}
        body |= {} if minutes is None else {"minutes": minutes}
        return self._ask("POST", "/v1/reservations", Reservation, body, key=key or new_key())

    def reservation(self, reservation: str) -> Reservation:
        """Return a reservation as it is now."""
        return self._get(f"/v1/reservations/{part(reservation)}", Reservation)

    def extend(
        self, reservation: str, *, minutes: int | None = None, key: str | None = None
    ) -> Reservation:
        """Hold a reservation longer."""
        body = {} if minutes is None else {"minutes": minutes}
        return self._of(reservation, "extend", body, key)

    def confirm(
        self, reservation: str, order: Placed | str, *, key: str | None = None
    ) -> Reservation:
        """Make a reservation an order's: of one that is placed so, or that is there."""
        body = {"order": order} if isinstance(order, str) else {"placed": _plain(order)}
        return self._of(reservation, "confirm", body, key)

    def release(self, reservation: str, *, key: str | None = None) -> Reservation:
        """Give a reservation back."""
        return self._of(reservation, "release", None, key)

    def orders(self, *states: State, after: int = -1, most: int = 100) -> OrderList:
        """Return orders in those states, or all, a page at a time."""
        query = [("state", state) for state in states] + [("after", after), ("most", most)]
        return self._get("/v1/orders", OrderList, query)

    def order(self, order: str) -> OrderView:
        """Return an order, and what is sent for it."""
        return self._get(f"/v1/orders/{part(order)}", OrderView)

    def events(self, order: str) -> OrderEvents:
        """Return what has happened to an order."""
        return self._get(f"/v1/orders/{part(order)}/events", OrderEvents)

    def explanation(self, order: str, *, why_not: str | None = None) -> Explanation:
        """Ask why an order is served as it is; and what it would take to use a node."""
        query = {} if why_not is None else {"why_not": why_not}
        return self._get(f"/v1/orders/{part(order)}/explanation", Explanation, query)

    def say_stock(self, messages: Sequence[StockMessage], *, key: str | None = None) -> FeedAnswer:
        """Say what a node has, or what has come and gone."""
        feed = StockFeed(messages=tuple(messages))
        return self._ask("POST", "/v1/stock", FeedAnswer, feed, key=key or new_key())

    def say_receipts(
        self, messages: Sequence[ReceiptMessage], *, key: str | None = None
    ) -> FeedAnswer:
        """Say what is on its way to a node."""
        feed = ReceiptFeed(messages=tuple(messages))
        return self._ask("POST", "/v1/receipts", FeedAnswer, feed, key=key or new_key())

    def shipments(self, *, node: str = "", most: int = 100) -> ShipmentList:
        """Return what this key's node is to send and has not acknowledged."""
        query = {"most": most} | ({"node": node} if node else {})
        return self._get("/v1/shipments", ShipmentList, query)

    def acknowledge(
        self, said: Sequence[Acknowledgement], *, key: str | None = None
    ) -> AcknowledgedAnswer:
        """Take shipments, or decline them."""
        body = Acknowledgements(acknowledgements=tuple(said))
        path = "/v1/shipments/acknowledge"
        return self._ask("POST", path, AcknowledgedAnswer, body, key=key or new_key())

    def ready(self) -> Health:
        """Return whether the service can serve."""
        status, body = self._send("GET", "/ready", self._headers(None), b"")
        if status not in (200, 503):
            raise Refusal(_problem(status, body))
        return Health.model_validate_json(body)

    def _of(self, reservation: str, verb: str, body: Any, key: str | None) -> Reservation:
        path = f"/v1/reservations/{part(reservation)}/{verb}"
        return self._ask("POST", path, Reservation, body, key=key or new_key())

    def _get(self, path: str, kind: type[Made], query: Any = ()) -> Made:
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""), kind)

    def _ask(
        self, method: str, path: str, kind: type[Made], body: Any = None, *, key: str | None = None
    ) -> Made:
        sent = b"" if body is None else json.dumps(_plain(body)).encode()
        headers = self._headers(key)
        for left in reversed(range(TRIES)):
            try:
                status, said = self._send(method, path, headers, sent)
            except OSError:
                if not left:
                    raise
            else:
                if status < 300:
                    return kind.model_validate_json(said)
                if status not in (429, 503) or not left:
                    raise Refusal(_problem(status, said))
            sleep(PAUSE * 2 ** (TRIES - 1 - left))
        raise AssertionError("the last try either returns or raises")

    def _headers(self, key: str | None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        return headers | ({} if key is None else {"Idempotency-Key": key})


class Wire:
    """A connection that is kept, and made anew when it is lost."""

    def __init__(self, url: str, patience: float) -> None:
        """Take where the service is, and how many seconds to wait for answers."""
        parts = urlsplit(url)
        kinds = {"http": HTTPConnection, "https": HTTPSConnection}
        if parts.scheme not in kinds or not parts.hostname:
            raise UnusableInput(f"{url!r} is no address; give http://HOST:PORT or https://HOST")
        self._prefix = parts.path.rstrip("/")
        self._connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=patience)

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Said:
        """Send a request and return the answer; see `Send`."""
        try:
            self._connection.request(method, self._prefix + path, body, dict(headers))
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except HTTPException as error:
            self._connection.close()
            raise ConnectionError(str(error)) from error
        except OSError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


def _plain(value: Any) -> Any:
    """Return a document as plain values, without what is left as it is by default."""
    return (
        value.model_dump(mode="json", exclude_defaults=True)
        if isinstance(value, BaseModel)
        else value
    )


def _problem(status: int, body: bytes) -> Problem:
    """Return what the service said; something in between may have answered in its place."""
    try:
        return Problem.model_validate_json(body)
    except ValueError:
        text = body[:200].decode(errors="replace")
        return Problem(type="about:blank", title=f"Status {status}", status=status, detail=text,
                       instance="", request_id="")  # fmt: skip
