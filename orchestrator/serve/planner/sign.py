"""Signing in and out, and what every other page of the planner's asks first."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from omnisource.orchestrator.serve.planner.forms import Form, form_of
from omnisource.orchestrator.serve.planner.html import Frame, at
from omnisource.orchestrator.serve.planner.pages import sign_in_page
from omnisource.orchestrator.serve.planner.session import (
    PATH,
    PLANNERS,
    Session,
    is_from,
    new_session,
    set_cookie,
)
from omnisource.orchestrator.serve.planner.study import Lab
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.rules import Here


async def _session(request: Request) -> Session:
    found: Session = request.state.session
    return found


Anybody = Annotated[Session, Depends(_session)]


async def planner(session: Anybody) -> Session:
    """Return the session of somebody who is signed in; the door sends others to sign in."""
    if session.key is None:
        raise Turned(401, "unauthorized", "sign in first")
    return session


async def _form(request: Request, session: Anybody) -> Form:
    """Return a form that was given to this session.

    Raises:
        Turned: it was not.
    """
    kind = request.headers.get("content-type", "")
    form = await asyncio.to_thread(form_of, request.state.body, kind)  # an upload may be large
    if not is_from(session, form.one("token")):
        raise Turned(403, "forbidden", "this form is too old: load it again, and send it again")
    return form


Who = Annotated[Session, Depends(planner)]
Given = Annotated[Form, Depends(_form)]
SIGN = APIRouter(prefix=PATH, include_in_schema=False)


@SIGN.get("/sign-in")
async def get_sign_in(request: Request, session: Anybody, _: Lab) -> Response:
    """Return the page that asks for a key."""
    return _with_cookie(request, session, HTMLResponse(sign_in_page(Frame(session))))


@SIGN.post("/sign-in")
async def post_sign_in(
    request: Request, here: Here, session: Anybody, form: Given, _: Lab
) -> Response:  # fmt: skip
    """Sign in with a key."""
    key = await here.ring.holder(form.one("key"))
    if key is None or not key.may(*PLANNERS):
        said = "this is no key that holds, or none with the scope planner"
        return HTMLResponse(sign_in_page(Frame(session, [said])), 403)
    return _with_cookie(request, new_session(here, key), go(PATH))


@SIGN.post("/sign-out")
async def post_sign_out(request: Request, here: Here, _: Given) -> Response:
    """Forget who it was."""
    return _with_cookie(request, new_session(here, None), go(at("sign-in")))


def _with_cookie(request: Request, session: Session, answer: Response) -> Response:
    answer.headers["set-cookie"] = set_cookie(session, secure=request.url.scheme == "https")
    return answer


def go(path: str) -> Response:
    """Send a browser to another page."""
    return RedirectResponse(path, 303)
