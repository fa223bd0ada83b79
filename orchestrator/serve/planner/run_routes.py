"""Routes of the planner's pages: runs, their reports, and comparing them."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse, Response

from omnisource.models.base import UnusableInput
from omnisource.models.planning import RunRequest
from omnisource.orchestrator.folder.head import validated
from omnisource.orchestrator.serve.planner.html import Frame, at
from omnisource.orchestrator.serve.planner.pages import run_page
from omnisource.orchestrator.serve.planner.report import policy_of
from omnisource.orchestrator.serve.planner.scenario_routes import home
from omnisource.orchestrator.serve.planner.session import PATH
from omnisource.orchestrator.serve.planner.sign import Given, Who, go, planner
from omnisource.orchestrator.serve.planner.study import Lab, Study
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.rules import key_of

Run = Annotated[str, Path(max_length=16)]
RUNS = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[Depends(planner)])


@RUNS.post("/compare")
async def post_compare(session: Who, form: Given, lab: Lab) -> Response:
    """Have kept runs compared."""
    try:
        given = {"name": form.one("name") or "Comparison", "compare": form.all("run")}
        if len(form.all("run")) < 2:
            raise UnusableInput("tick two runs or more to compare them")
        request = validated(RunRequest, given, "comparison")
        run = key_of(form.one("token"), form.one("key"))[:16]
        by = session.key.key if session.key else ""
        await asyncio.to_thread(lab.ask, request, run=run, by=by)
    except (UnusableInput, Turned) as no:
        return await asyncio.to_thread(home, Frame(session, str(no).splitlines()), lab)
    return go(at("runs", run))


@RUNS.get("/runs/{run}")
async def get_run(session: Who, lab: Lab, run: Run) -> Response:
    """Return how a run stands, and what it came to."""
    return HTMLResponse(run_page(Frame(session), await asyncio.to_thread(lab.kept.one, run)))


@RUNS.get("/runs/{run}/report")
async def get_report(lab: Lab, run: Run) -> Response:
    """Return the report as it was written; nothing runs in it but its own scripts."""
    return await asyncio.to_thread(_report, lab, run)


def _report(lab: Study, run: str) -> Response:
    page = lab.kept.report(run)
    return HTMLResponse(page, headers={"content-security-policy": policy_of(page)})


@RUNS.post("/runs/{run}/stop")
async def post_stop(_: Given, lab: Lab, run: Run) -> Response:
    """Stop a run."""
    await asyncio.to_thread(lab.kept.stop, run)
    return go(at("runs", run))


@RUNS.post("/runs/{run}/delete")
async def post_delete(_: Given, lab: Lab, run: Run) -> Response:
    """Delete a run that has ended."""
    await asyncio.to_thread(lab.kept.delete, run)
    return go(PATH)
