"""Routes for whoever watches the service: is it there, can it serve, what does it count."""

from typing import Final

from fastapi import APIRouter, Response

from omnisource.models.base import UnusableInput
from omnisource.models.http import Health
from omnisource.orchestrator.serve.openapi import VERSION
from omnisource.orchestrator.serve.rules import Here, rules
from omnisource.orchestrator.serve.state import Service
from omnisource.orchestrator.store.session import Session, Statement

WATCH = APIRouter(tags=["watch"])
TRY: Final = Statement("UPDATE layout SET version = version")
"""A write that changes nothing: it fails where writing does."""
STALE: Final = 10
"""Refreshes that may fail in a row before promises are no longer to be asked for here."""


@WATCH.get("/health")
async def get_health() -> Health:
    """Say that the process is alive; whether it can serve, /ready says."""
    return Health(status="ok", version=VERSION)


@WATCH.get("/ready", responses={503: {"model": Health}})
async def get_ready(here: Here, response: Response) -> Health:
    """Say whether the service can serve: the database can be written, stock is known."""
    reasons = tuple(await _reasons(here))
    response.status_code = 503 if reasons else 200
    return Health(
        status="not ready" if reasons else "ok",
        version=VERSION,
        snapshot_seconds=round(here.shelf.age, 1),
        reasons=reasons,
    )


async def _reasons(here: Service) -> list[str]:
    """Return why it cannot serve."""
    reasons, every = [], here.settings.refresh_seconds
    try:
        await here.wait(here.desk.write, _try)
    except UnusableInput:
        reasons.append("the database cannot be written")
    if every and here.shelf.age > STALE * every + 60:
        reasons.append("stock has not been read for long")
    return reasons


def _try(session: Session) -> None:
    session.change(TRY)


@WATCH.get("/metrics", response_class=Response, **rules("planner"))
async def get_metrics(here: Here) -> Response:
    """Return what Prometheus collects."""
    here.notes.write()
    return Response(here.meters.text(), media_type="text/plain; version=0.0.4")
