"""The HTTP service: one application a worker, from its start to its graceful end.

start    the database is opened and read before the first request is let in
serve    plain requests for a promise at once (lane.py); all else by the door (door.py),
then routes by concern: checkout.py, life.py, track.py, feeds.py,
orders.py, watch.py, planner/
end      SIGTERM: no new connections; requests that were begun are served; then the writers
end, and the database is let go
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.settings import Settings, settings_of
from omnisource.orchestrator.store.database import loaded_database

try:
    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
except ImportError:
    raise UnusableInput(
        "serving HTTP needs fastapi and uvicorn, which are not installed: "
        "pip install 'omnisource[http]'"
    ) from None

from omnisource.orchestrator.serve.checkout import CHECKOUT, promise
from omnisource.orchestrator.serve.door import PROMISE, Door
from omnisource.orchestrator.serve.feeds import FEEDS
from omnisource.orchestrator.serve.lane import Lane
from omnisource.orchestrator.serve.life import LIFE
from omnisource.orchestrator.serve.log import log, log_to_stderr
from omnisource.orchestrator.serve.meters import FOLDER
from omnisource.orchestrator.serve.openapi import openapi_of
from omnisource.orchestrator.serve.orders import ORDERS
from omnisource.orchestrator.serve.planner.api import PLAN
from omnisource.orchestrator.serve.planner.run_routes import RUNS
from omnisource.orchestrator.serve.planner.scenario_routes import SCENARIOS
from omnisource.orchestrator.serve.planner.sign import SIGN
from omnisource.orchestrator.serve.planner.study import open_study
from omnisource.orchestrator.serve.sharing import begin_sharing
from omnisource.orchestrator.serve.state import Service, clock_of, open_service
from omnisource.orchestrator.serve.track import TRACK
from omnisource.orchestrator.serve.watch import WATCH

FACTORY: Final = "omnisource.orchestrator.serve.app:application"


def create_app(settings: Settings) -> FastAPI:
    """Return the application; it opens its database when it starts."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        app.state.service = service = await asyncio.to_thread(open_service, settings)
        app.state.study = study = open_study(settings, service.now)
        always = [service.keep_fresh(), service.notes.keep_writing()]
        always += [study.runner.keep_running()] if study else []
        keeping = [asyncio.create_task(work) for work in always]
        log("ready", database=service.desk.database.name)
        await asyncio.to_thread(begin_sharing, service)
        try:
            yield {"service": service}
        finally:
            for task in keeping:
                task.cancel()
            if study:
                await asyncio.to_thread(study.runner.close)
            await asyncio.to_thread(service.close)
            log("ended")

    app = FastAPI(
        title="Omnisource", lifespan=life, docs_url=None, redoc_url=None,
        openapi_url="/v1/openapi.json",
    )  # fmt: skip
    for router in (CHECKOUT, LIFE, TRACK, ORDERS, FEEDS, WATCH, PLAN, SIGN, SCENARIOS, RUNS):
        app.include_router(router)
    for error in (RequestValidationError, HTTPException):
        app.add_exception_handler(error, _to_the_door)

    def service() -> Service:
        found: Service = app.state.service
        return found

    app.add_middleware(Door, service=service, straight={("POST", PROMISE): promise})
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


async def _to_the_door(_: Request, error: Exception) -> Any:
    """Have the door tell it, as it tells all others."""
    raise error


def application() -> FastAPI:
    """Return the application that the environment describes: what each worker starts."""
    settings = settings_of(os.environ)
    log_to_stderr(logging.WARNING if settings.log == "faults" else logging.INFO)
    return create_app(settings)


def _ended(*_: Any) -> None:
    """Take the signal that uvicorn hands on when all that it asked for has been done."""


def serve(settings: Settings, *, host: str, port: int, workers: int = 1) -> None:
    """Serve until a signal ends it.

    Args:
        settings: see there; they reach the workers by the environment.
        host: address to listen at.
        port: 0 for any that is free.
        workers: processes; several share a database, best PostgreSQL.

    Raises:
        UnusableInput: the database cannot be used, or a folder of the planner's page.
    """
    loaded_database(settings.db).close()
    open_study(settings, clock_of(settings))
    with TemporaryDirectory(prefix="omnisource-") as folder:
        os.environ.update(settings.environment())
        if workers > 1:
            os.environ[FOLDER] = folder
        signal.signal(signal.SIGTERM, _ended)
        uvicorn.run(
            FACTORY, factory=True, http=Lane, host=host, port=port, workers=workers,
            access_log=False, log_config=None, server_header=False, date_header=True,
            timeout_keep_alive=30,
        )  # fmt: skip
