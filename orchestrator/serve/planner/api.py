"""The planner's verbs for programs: which scenarios there are; runs asked for, seen, stopped."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path

from omnisource.models.planning import (
    RunList,
    RunName,
    RunReport,
    RunRequest,
    RunView,
    ScenarioList,
)
from omnisource.orchestrator.serve.examples import examples
from omnisource.orchestrator.serve.planner.session import PLANNERS
from omnisource.orchestrator.serve.planner.study import Lab
from omnisource.orchestrator.serve.rules import Caller, WriteKey, rules

PLAN = APIRouter(prefix="/v1/plan", tags=["planning"])
RUN: Final[dict[str, Any]] = {
    "name": "Dearer fuel", "scenario": "demo",
    "changes": [{"kind": "fuel", "change": 0.3, "share": 0.2}],
}  # fmt: skip
COMPARE: Final = {"name": "Both", "compare": ["0123456789abcdef", "fedcba9876543210"]}
Named = Annotated[RunName, Path()]


@PLAN.get("/scenarios", **rules(*PLANNERS, more=(404,)))
async def get_scenarios(lab: Lab) -> ScenarioList:
    """Name the scenarios that may be run."""
    return ScenarioList(scenarios=tuple(await asyncio.to_thread(list, lab.library.views())))


@PLAN.get("/runs", **rules(*PLANNERS, more=(404,)))
async def get_runs(lab: Lab) -> RunList:
    """Return the runs that are kept, the newest first."""
    return RunList(runs=tuple(await asyncio.to_thread(lab.kept.all)))


@PLAN.post("/runs", status_code=202, **rules(*PLANNERS, more=(404, 409)))
async def post_run(
    lab: Lab,
    caller: Caller,
    key: WriteKey,
    request: Annotated[RunRequest, examples(run=RUN, compare=COMPARE)],
) -> RunView:
    """Have a scenario run with its changes, or runs compared, when their turn comes."""
    return await asyncio.to_thread(lab.ask, request, run=key[:16], by=caller.key)


@PLAN.get("/runs/{run}", **rules(*PLANNERS, more=(404,)))
async def get_run(lab: Lab, run: Named) -> RunView:
    """Return how a run stands, and what it came to."""
    return await asyncio.to_thread(lab.kept.one, run)


@PLAN.get("/runs/{run}/report", **rules(*PLANNERS, more=(404,)))
async def get_report(lab: Lab, run: Named) -> RunReport:
    """Return a run's report."""
    return RunReport(html=await asyncio.to_thread(lab.kept.report, run))


@PLAN.post("/runs/{run}/stop", **rules(*PLANNERS, more=(404,)))
async def post_stop(lab: Lab, run: Named, _: WriteKey) -> RunView:
    """Stop a run; one that has ended stays as it is."""
    return await asyncio.to_thread(lab.kept.stop, run)


@PLAN.post("/runs/{run}/delete", **rules(*PLANNERS, more=(404, 409)))
async def post_delete(lab: Lab, run: Named, _: WriteKey) -> RunList:
    """Delete a run that has ended; return those that are left."""
    await asyncio.to_thread(lab.kept.delete, run)
    return RunList(runs=tuple(await asyncio.to_thread(lab.kept.all)))
