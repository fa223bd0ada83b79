"""What routes share: who may call them, whose affairs they concern, the key of a write."""

from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request

from omnisource.models.access import AccessKey, Scope
from omnisource.orchestrator.serve.problem import MEDIA, Turned
from omnisource.orchestrator.serve.state import Service

EVERY: Final = (400, 401, 403, 413, 422, 429, 500, 503)
"""Problems that any route may answer with."""


def rules(
    *scopes: Scope, more: tuple[int, ...] = (), extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a route is added with, so that only keys of those scopes may call it.

    Args:
        scopes: any of them will do; admin always does.
        more: problems besides those that any route may answer with.
        extra: what OpenAPI says of it besides.
    """
    document = {"content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    responses = {code: {"description": "A problem", **document} for code in (*EVERY, *more)}
    return {
        "dependencies": [Depends(needs(*scopes))],
        "responses": responses,
        "openapi_extra": {"x-scopes": [*scopes, "admin"], **(extra or {})},
    }


def needs(*scopes: Scope) -> Callable[[Request], Awaitable[None]]:
    """Return what turns away keys that have none of those scopes."""

    async def check(request: Request) -> None:
        allow(request.state.key, *scopes)

    return check


def allow(key: AccessKey, *scopes: Scope) -> None:
    """Turn away a key that has none of those scopes.

    Raises:
        Turned: it has none.
    """
    if not key.may(*scopes):
        wanted = " or ".join((*scopes, "admin"))
        raise Turned(403, "forbidden", f"this takes a key with the scope {wanted}")


async def _service(request: Request) -> Service:
    found: Service = request.state.service
    return found


async def _key(request: Request) -> AccessKey:
    found: AccessKey = request.state.key
    return found


async def _write_key(
    request: Request,
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            description="Of this write. The same key with the same request is told the same "
            "again and changes nothing; with another request it is refused.",
            min_length=1, max_length=200, pattern="^[!-~]+$", examples=["cart-17-reserve"],
        ),
    ],
) -> str:  # fmt: skip
    """Return the key of a write, apart from those of others."""
    return key_of(request.state.key.key, idempotency_key)


def key_of(whose: str, key: str) -> str:
    """Return the key of a write that somebody calls so: short, and nobody else's."""
    return blake2b(f"{whose} {key}".encode(), digest_size=16).hexdigest()


Here = Annotated[Service, Depends(_service)]
Caller = Annotated[AccessKey, Depends(_key)]
WriteKey = Annotated[str, Depends(_write_key)]
