"""What a browser is told where a page cannot be served."""

from typing import Final

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from omnisource.orchestrator.serve.markup import tag
from omnisource.orchestrator.serve.planner.html import Frame, at, link
from omnisource.orchestrator.serve.planner.session import PATH, Session
from omnisource.orchestrator.serve.problem import Turned

NOBODY: Final = Session("", "")


def turned_page(why: Turned, session: Session | None) -> Response:
    """Return the page that says why; whoever is not signed in is sent to sign in."""
    if why.status == 401:
        return RedirectResponse(at("sign-in"), 303)
    said = why.detail if why.status < 500 else "It has been noted: try again in a minute."
    words = tag("p", said, role="alert"), tag("p", link(PATH, "To the planner"))
    return HTMLResponse(Frame(session or NOBODY).page("That cannot be done", *words), why.status)
