"""Routes of the planner's pages: what there is, a scenario, and what is different in it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse, Response

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.serve.planner.drafts import (
    Changes,
    Unfinished,
    asked,
    begun,
    drafted,
    next_draft,
)
from omnisource.orchestrator.serve.planner.forms import Form
from omnisource.orchestrator.serve.planner.html import Frame, at
from omnisource.orchestrator.serve.planner.pages import home_page
from omnisource.orchestrator.serve.planner.scenario_pages import (
    change_page,
    draft_of,
    scenario_page,
)
from omnisource.orchestrator.serve.planner.session import PATH, Session
from omnisource.orchestrator.serve.planner.sign import Given, Who, go, planner
from omnisource.orchestrator.serve.planner.study import Lab, Study
from omnisource.orchestrator.serve.planner.upload import UNPACKED, unpack
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.rules import Here, key_of

Named = Annotated[str, Path(max_length=200)]
SCENARIOS = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[Depends(planner)])


@SCENARIOS.get("")
async def get_home(session: Who, lab: Lab) -> Response:
    """Return what there is: runs and scenarios."""
    return await asyncio.to_thread(home, Frame(session), lab)


def home(frame: Frame, lab: Study) -> Response:
    """Return what there is: runs and scenarios."""
    page = home_page(frame, lab.kept.all(), list(lab.library.views()))
    return HTMLResponse(page, 422 if frame.said else 200)


@SCENARIOS.post("/scenarios")
async def post_scenario(here: Here, session: Who, form: Given, lab: Lab) -> Response:
    """Take a scenario folder."""
    most = UNPACKED * here.settings.upload_bytes
    return await asyncio.to_thread(_uploaded, session, form, lab, most)


def _uploaded(session: Session, form: Form, lab: Study, most: int) -> Response:
    file = form.files.get("file")
    try:
        if file is None or not file.body:
            raise UnusableInput("choose a zip file first")
        folder = unpack(file, form.one("name"), lab.library, most)
    except UnusableInput as no:
        return home(Frame(session, str(no).splitlines()), lab)
    return go(at("scenarios", folder.name))


@SCENARIOS.get("/scenarios/{scenario}")
async def get_scenario(
    session: Who, lab: Lab, scenario: Named, like: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """Return a scenario; what is different in it begins as in the run `like`, if one is named."""
    run = await asyncio.to_thread(lab.kept.one, like) if like else None
    changes = run.request.changes if run else ()
    return await _scenario(Frame(session), lab, scenario, changes)


async def _scenario(
    frame: Frame, lab: Study, scenario: str, changes: Changes, *, name: str = "", summary: str = ""
) -> Response:
    about = await lab.about(scenario)
    found = await asyncio.to_thread(lab.library.starts, lab.folder(scenario))
    starts = {key: what.name for key, what in found.items()}
    page = scenario_page(
        frame, lab.view(scenario), about, changes, starts=starts, name=name, summary=summary
    )
    return HTMLResponse(page, 422 if frame.said else 200)


@SCENARIOS.post("/scenarios/{scenario}/delete")
async def delete_scenario(_: Given, lab: Lab, scenario: Named) -> Response:
    """Delete a scenario that was uploaded."""
    await asyncio.to_thread(lab.remove, scenario)
    return go(PATH)


@SCENARIOS.get("/scenarios/{scenario}/{_}")
async def get_draft(scenario: Named, _: Named) -> Response:
    """Begin anew: drafts live in forms alone."""
    return go(at("scenarios", scenario))


@SCENARIOS.post("/scenarios/{scenario}/draft")
async def post_draft(session: Who, form: Given, lab: Lab, scenario: Named) -> Response:
    """Show what is different after a form, or the form of a change that is to be filled in."""
    if form.files or form.one("start"):
        return await _begun(session, form, lab, scenario)
    try:
        changes = next_draft(form)
    except Unfinished as to_fill:
        frame, about = Frame(session, to_fill.said), await lab.about(scenario)
        page = change_page(
            frame, scenario, to_fill.kind, draft_of(drafted(form)),
            form=form, about=about, wrong=to_fill.wrong,
        )  # fmt: skip
        return HTMLResponse(page, 422 if frame.said else 200)
    except UnusableInput as no:
        return await _scenario(Frame(session, str(no).splitlines()), lab, scenario, ())
    return await _scenario(Frame(session), lab, scenario, changes)


async def _begun(session: Session, form: Form, lab: Study, scenario: str) -> Response:
    try:
        starts = await asyncio.to_thread(lab.library.starts, lab.folder(scenario))
        what = await asyncio.to_thread(begun, form, starts, lab.kept.folder)
    except UnusableInput as no:
        return await _scenario(Frame(session, str(no).splitlines()), lab, scenario, ())
    words = {"name": what.name, "summary": what.summary}
    return await _scenario(Frame(session), lab, scenario, what.changes, **words)


@SCENARIOS.post("/scenarios/{scenario}/run")
async def post_run(session: Who, form: Given, lab: Lab, scenario: Named) -> Response:
    """Have it run; the same form sent twice is one run."""
    changes: Changes = ()
    words = {key: form.one(key) for key in ("name", "summary")}
    try:
        changes = drafted(form)
        request = asked(form, scenario)
        run = key_of(form.one("token"), form.one("key"))[:16]
        by = session.key.key if session.key else ""
        await asyncio.to_thread(lab.ask, request, run=run, by=by)
    except UnusableInput as no:
        frame = Frame(session, str(no).splitlines())
        return await _scenario(frame, lab, scenario, changes, **words)
    except Turned as no:
        return await _scenario(Frame(session, [no.detail]), lab, scenario, changes, **words)
    return go(at("runs", run))
