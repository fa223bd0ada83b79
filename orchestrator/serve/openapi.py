"""The OpenAPI document: what FastAPI makes of the routes, with keys, problems and carts."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from omnisource.models.http import Problem
from omnisource.models.promise import Cart
from omnisource.orchestrator.serve.door import OPEN

VERSION: Final = version("omnisource")

ABOUT: Final = """Promises, reservations, orders and feeds of one retailer.

Send `Authorization: Bearer KEY` with every request; `x-scopes` says which keys an operation takes.
Every write takes an `Idempotency-Key`: after a time-out, send the same request with the same key.
What is not served is told as a problem (RFC 9457), and has changed nothing."""


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=VERSION, description=ABOUT, routes=app.routes)
        app.openapi_schema = _completed(made)
    return app.openapi_schema


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """Add what FastAPI cannot know."""
    parts = document.setdefault("components", {})
    _, said = models_json_schema(
        [(Problem, "serialization"), (Cart, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    parts["schemas"] = said["$defs"] | parts.get("schemas", {})
    parts["schemas"].pop("HTTPValidationError", None)
    parts["schemas"].pop("ValidationError", None)
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = [] if path in OPEN else [{"key": []}]
    return document
