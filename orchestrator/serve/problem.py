"""Why a request is not served, in the form of RFC 9457."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import ValidationError
from starlette.responses import Response

from omnisource.models.base import Unavailable, UnusableInput
from omnisource.models.http import Fault, Problem
from omnisource.models.reservation import Refused, Why

MEDIA: Final = "application/problem+json"
LATER: Final = "1"
"""Seconds after which it is worth trying again."""
TITLES: Final[Mapping[str, str]] = {
    "unauthorized": "No key, or one that does not hold",
    "forbidden": "The key is not for this",
    "not-found": "There is no such thing",
    "method": "Not with this method",
    "malformed": "The body is no JSON",
    "unusable": "The request cannot be used",
    "too-large": "The body is too large",
    "too-many": "Too many requests",
    "unavailable": "The database cannot be reached or written just now",
    "fault": "A fault of ours",
    "denied": "It cannot be done to the order as it is",
    "short": "It can no longer be held",
    "expired": "Its time is over",
    "released": "It has been given back",
    "confirmed": "It is an order's already",
    "unknown": "There is no such thing",
    "key": "The key of the request was used for another",
}
"""By kind; the type of a problem is `urn:omnisource:KIND`."""
STATUS: Final[Mapping[Why, int]] = {
    "short": 409, "expired": 409, "released": 409, "confirmed": 409, "unknown": 404, "key": 422,
}  # fmt: skip
"""By why a write was refused."""


class Turned(Exception):
    """A request is turned away: nothing has changed."""

    def __init__(
        self, status: int, kind: str, detail: str, *,
        reasons: Sequence[str] = (), faults: Sequence[Fault] = (),
    ) -> None:  # fmt: skip
        """Take the status, the kind of problem and what to say."""
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.reasons, self.faults = tuple(reasons), tuple(faults)


def turned(error: Exception) -> Turned:
    """Return how an error is told; what is no error of ours on purpose is told nothing of."""
    if isinstance(error, Turned):
        return error
    if isinstance(error, ValidationError):
        return Turned(422, "unusable", "see `faults`", faults=faults_of(error.errors()))
    if isinstance(error, Unavailable):
        return Turned(503, "unavailable", "try again in a second, with the same Idempotency-Key")
    if isinstance(error, UnusableInput):
        return Turned(422, "unusable", str(error))
    return Turned(500, "fault", "it has been noted under this request_id")


def refused(no: Refused) -> Turned:
    """Return how a no of a verb is told."""
    return Turned(STATUS[no.why], no.why, "; ".join(no.reasons), reasons=no.reasons)


def faults_of(errors: Sequence[Any]) -> list[Fault]:
    """Return what pydantic finds wrong, without what was given."""
    return [
        Fault(at=".".join(str(part) for part in error["loc"])[:200], text=error["msg"][:500])
        for error in errors[:50]
    ]


def problem(why: Turned, *, path: str, request_id: str) -> Response:
    """Return the answer that turns a request away."""
    document = Problem(
        type=f"urn:omnisource:{why.kind}",
        title=TITLES.get(why.kind) or HTTPStatus(why.status).phrase,
        status=why.status,
        detail=why.detail,
        instance=path,
        request_id=request_id,
        reasons=why.reasons,
        faults=why.faults,
    )
    headers = {"Retry-After": LATER} if why.status in (429, 503) else {}
    if why.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = document.model_dump_json(exclude_defaults=True)
    return Response(body, why.status, headers, MEDIA)
