"""The door: what every request passes before it is served, and every answer on its way out.

    in    a request id · the body, whole, no larger than allowed · whose key it is · how many
          requests that key may still send
    out   headers that keep browsers from mischief · the request id · errors as problems, with
          nothing of our insides · a line of log · the counts

It is plain ASGI, because it stands before every promise. Promises, of which there are hundreds a
second, go from here straight to who makes them, past routing and validation that they do not need.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from time import perf_counter
from typing import Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnisource.models.access import AccessKey
from omnisource.models.access import Scope as AccessScope
from omnisource.orchestrator.serve.log import log_fault
from omnisource.orchestrator.serve.markup import POLICY
from omnisource.orchestrator.serve.planner.html import PLAN_POLICY
from omnisource.orchestrator.serve.planner.session import is_page, most_of, session_of
from omnisource.orchestrator.serve.planner.turned import turned_page
from omnisource.orchestrator.serve.problem import Turned, faults_of, problem, turned
from omnisource.orchestrator.serve.state import Service

Straight = Callable[[Service, AccessKey, bytes, bytes], Awaitable[bytes]]
"""Serves a request by service, key, body and query: returns JSON."""
PROMISE: Final = "/v1/promise"
PROMISERS: Final[tuple[AccessScope, ...]] = ("checkout", "planner")
"""Scopes that may ask for promises."""
OPEN: Final = frozenset({"/health", "/ready", "/v1/openapi.json"})
"""Paths that need no key: what a load balancer asks, and how to ask."""
SECURE: Final = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
PAGES: Final = "/see/"
"""How the paths of pages begin, whose links are keys themselves (signed.py)."""
CSP: Final = b"content-security-policy"
PAGE: Final = [(k, POLICY.encode() if k == CSP else v) for k, v in SECURE]
PLAN: Final = [(k, PLAN_POLICY.encode() if k == CSP else v) for k, v in SECURE]
SOUND_ID: Final = re.compile(rb"[\w.:-]{1,64}")
"""Request ids of others that are taken over."""


@dataclass(eq=False)
class Visit:
    """One request, from its arrival to its answer."""

    scope: Scope
    send: Send
    request_id: str
    began: float
    key: str = ""
    status: int = 0
    straight: bool = False

    async def tell(self, message: Message) -> None:
        """Send a part of the answer, with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message["headers"]
            secure = PLAN if self.is_plan else PAGE if self.is_page else SECURE
            own = any(name == CSP for name, _ in given)  # a report knows what it needs
            ours = [each for each in secure if not (own and each[0] == CSP)]
            ours.append((b"x-request-id", self.request_id.encode()))
            message = {**message, "headers": [*given, *ours]}
        await self.send(message)

    @property
    def path(self) -> str:
        """What was asked for."""
        return str(self.scope["path"])

    @property
    def is_page(self) -> bool:
        """Whether it is for a page, whose path is a key."""
        return self.path.startswith(PAGES)

    @property
    def is_plan(self) -> bool:
        """Whether it is for a page of the planner's, who has a session instead of a key."""
        return is_page(self.path)

    @property
    def named(self) -> str:
        """The path as it may be written down: without a link's token."""
        return PAGES if self.is_page else self.path

    @property
    def route(self) -> str:
        """The path with names in place of values, so that there are few."""
        found = self.scope.get("route")
        known = getattr(found, "path", None) or (self.path if self.straight else None)
        return known or "unknown"


class Door:
    """Stands before an application."""

    def __init__(
        self,
        app: ASGIApp,
        service: Callable[[], Service],
        straight: Mapping[tuple[str, str], Straight],
    ) -> None:
        """Take what is behind the door, the service, and by method and path what goes straight."""
        self._app, self._service, self._straight = app, service, straight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        visit = Visit(scope, send, _request_id(headers), perf_counter())
        try:
            await self._serve(visit, headers, receive)
        except Exception as error:
            await self._turn_away(visit, error)
        finally:
            self._note(visit)

    async def _serve(self, visit: Visit, headers: Mapping[bytes, bytes], receive: Receive) -> None:
        scope, service = visit.scope, self._service()
        state, most = scope.setdefault("state", {}), service.settings.body_bytes
        if visit.is_plan:
            state["session"] = session = await session_of(service, headers)
            visit.key = session.key.key if session.key else ""
            most = most_of(service, session, visit.path)
        body = await _body(headers, receive, most)
        state["service"], state["body"], state["request_id"] = service, body, visit.request_id
        if visit.path not in OPEN and not visit.is_page and not visit.is_plan:
            state["key"] = key = await _let_in(service, headers)
            visit.key = key.key
            if serve := self._straight.get((scope["method"], visit.path)):
                visit.straight = True
                await _answer(visit, await serve(service, key, body, scope["query_string"]))
                return
        await self._app(scope, _again(body, receive), visit.tell)

    async def _turn_away(self, visit: Visit, error: Exception) -> None:
        why = told(error)
        if why.status >= 500:
            log_fault("request failed", error, request_id=visit.request_id, path=visit.named)
        if not visit.status:
            if visit.is_plan:
                answer = turned_page(why, visit.scope.get("state", {}).get("session"))
            else:
                answer = problem(why, path=visit.path, request_id=visit.request_id)
            await answer(visit.scope, _nothing, visit.tell)

    def _note(self, visit: Visit) -> None:
        seconds, who = perf_counter() - visit.began, (visit.request_id, visit.key)
        asked = visit.scope["method"], visit.named, visit.route
        self._service().notes.add(asked, who, status=visit.status, seconds=seconds)


def told(error: Exception) -> Turned:
    """Return how an error of what is behind the door is told."""
    if isinstance(error, RequestValidationError):
        found = error.errors()
        malformed = any(each["type"] == "json_invalid" for each in found)
        status, kind = (400, "malformed") if malformed else (422, "unusable")
        return Turned(status, kind, "see `faults`", faults=faults_of(found))
    if isinstance(error, HTTPException):
        kinds = {404: "not-found", 405: "method", 400: "malformed"}
        return Turned(error.status_code, kinds.get(error.status_code, "unusable"), error.detail)
    return turned(error)


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    """Return the id that a proxy gave the request, or a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode("ascii") if SOUND_ID.fullmatch(given) else token_hex(8)


async def _body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    """Return the whole body.

    Raises:
        Turned: it is too large, or its sender has gone.
    """
    said = headers.get(b"content-length", b"0")
    if not said.isdigit() or int(said[:20]) > most:
        raise Turned(413, "too-large", f"send {most:,} bytes at the most")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Turned(400, "malformed", "the request ended early")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise Turned(413, "too-large", f"send {most:,} bytes at the most")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _let_in(service: Service, headers: Mapping[bytes, bytes]) -> AccessKey:
    """Return whose request it is.

    Raises:
        Turned: nobody's that we know, or one too many.
    """
    kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    key = await service.ring.holder(token.strip()) if kind.lower() == "bearer" else None
    if key is None:
        raise Turned(401, "unauthorized", "send `Authorization: Bearer KEY` with a key that holds")
    if not service.buckets.take(key.key):
        raise Turned(429, "too-many", f"{service.settings.rate:g} a second; try again later")
    return key


async def _answer(visit: Visit, body: bytes) -> None:
    """Send JSON."""
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
    ]  # fmt: skip
    await visit.tell({"type": "http.response.start", "status": 200, "headers": headers})
    await visit.tell({"type": "http.response.body", "body": body})


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that has been read once more, and then what comes after it."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


async def _nothing() -> Message:
    await asyncio.sleep(3600)
    return {"type": "http.disconnect"}
