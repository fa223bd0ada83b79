"""Routes of whoever asks where an order is: JSON for programs, signed pages for people.

A page is reached by a link that is its own key (signed.py). Its forms are plain HTML: what is asked
for is done under the key that came with the form, so that a form that is sent twice is one request.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import Annotated, Any, Final
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from omnisource.models.access import OWN, Scope
from omnisource.models.base import OmnisourceError, Unavailable
from omnisource.models.http_life import CancelRequest, OrderStory, SignedLink, What
from omnisource.models.told import ChangeQuote, Denied, OrderChange, Told
from omnisource.models.tracking import Tracking, WorkList
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.doing import Doing
from omnisource.orchestrator.life.track import story_of, track
from omnisource.orchestrator.life.verbs import STEPS, cancel, show, step
from omnisource.orchestrator.life.work import work_list
from omnisource.orchestrator.report.life import state_document
from omnisource.orchestrator.serve.orders import Named
from omnisource.orchestrator.serve.pages import (
    desk_page,
    quote_page,
    sorry_page,
    tracking_page,
    work_page,
)
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.rules import Caller, Here, allow, key_of, rules
from omnisource.orchestrator.serve.signed import LETTER, Link, opened, sign
from omnisource.orchestrator.serve.state import Service
from omnisource.orchestrator.store.track import read_lateness

TRACK = APIRouter(tags=["tracking"])
UTC_ZONE: Final = ZoneInfo("UTC")
LINKS: Final[Mapping[What, tuple[Scope, ...]]] = {
    "tracking": ("checkout",), "work": OWN, "desk": ("checkout", "planner"),
}  # fmt: skip
"""Who is given links to which page: no link may do what its asker's key may not."""
Token = Annotated[str, Path(max_length=1_000)]
Form = Mapping[str, str]
WISHES: Final = ("country", "postcode", "pickup_node", "by", "fastest")
"""Fields of forms that say what is to change."""


@TRACK.get("/v1/orders/{order}/tracking", **rules("checkout", "planner", more=(404,)))
async def get_tracking(here: Here, order: Named) -> Tracking:
    """Say where an order is, when it comes and how surely, and what can still be changed."""
    found = await here.wait(_tracked, here, order)
    if found is None:
        raise Turned(404, "not-found", f"there is no order {order}")
    return found


def _tracked(here: Service, order: str) -> Tracking | None:
    late = here.lately("lateness", partial(read_lateness, here.desk.database))
    times = here.shelf.snapshot.lead_times
    return track(here.life, order, here.now(), late, lead_times=times)


@TRACK.get("/v1/orders/{order}/story", **rules("checkout", "planner", more=(404,)))
async def get_story(here: Here, order: Named) -> OrderStory:
    """Return one order's whole story: how it stands, and all that has happened."""
    found = await here.wait(story_of, here.life, order, here.now())
    if found is None:
        raise Turned(404, "not-found", f"there is no order {order}")
    return OrderStory(order=order, state=state_document(found[0]), events=tuple(found[1]))


@TRACK.get("/v1/work", **rules("planner", *OWN))
async def get_work(
    here: Here,
    caller: Caller,
    node: Annotated[str, Query(max_length=200, description="Whose, unless the key says.")] = "",
) -> WorkList:
    """Return what a node is to pick, pack and hand over, in the order of the cut-offs."""
    return await here.wait(work_list, here.life, _node_of(caller, node), here.now())


def _node_of(caller: Caller, node: str) -> str:
    """Return which node is spoken of.

    Raises:
        Turned: none, or another's.
    """
    mine = caller.node or node
    if not mine:
        raise Turned(422, "unusable", "this key speaks for no node: say which, by ?node=")
    if not caller.sees(node or mine):
        raise Turned(403, "forbidden", f"this key speaks for {caller.node}, not for {node}")
    return mine


@TRACK.get("/v1/links", **rules("checkout", "planner", *OWN))
async def get_link(
    here: Here,
    caller: Caller,
    what: Annotated[What, Query(description="Which page.")],
    subject: Annotated[str, Query(min_length=1, max_length=200, description="Order, or node.")],
) -> SignedLink:
    """Return a link to a page that needs no key."""
    allow(caller, *LINKS[what])
    if caller.node is not None and (what != "work" or subject != caller.node):
        raise Turned(403, "forbidden", f"this key is given links to the work of {caller.node} only")
    until = here.now() + timedelta(days=here.settings.link_days)
    token = sign(here.settings.link_key, LETTER[what], subject, until)
    return SignedLink(path=f"/see/{token}", until=until.replace(microsecond=0))


@TRACK.get("/see/{token}", include_in_schema=False)
async def get_page(here: Here, token: Token) -> HTMLResponse:
    """Return the page that a link stands for."""
    return await _page(here, token, None)


@TRACK.post("/see/{token}", include_in_schema=False)
async def post_page(here: Here, request: Request, token: Token) -> HTMLResponse:
    """Do what a form asks for, and return the page."""
    try:
        given = parse_qs(request.state.body.decode(), max_num_fields=50)
    except (ValueError, UnicodeDecodeError):
        given = {}
    return await _page(here, token, {name: values[0] for name, values in given.items()})


async def _page(here: Service, token: str, asked: Form | None) -> HTMLResponse:
    link = opened(here.settings.link_key, token, here.now())
    if link is None or link.what not in PAGES:
        said = sorry_page("This link holds no more", "Ask for a new one where you got it from.")
        return HTMLResponse(said, 404)
    if not here.buckets.take(f"{link.what} {link.subject}"):
        return HTMLResponse(sorry_page("Too many requests", "Try again in a minute."), 429)
    try:
        return await here.wait(PAGES[link.what], here, link, asked)
    except Unavailable:
        said = sorry_page("We cannot answer just now", "Load this page again in a minute.")
        return HTMLResponse(said, 503)


def _customer(here: Service, link: Link, asked: Form | None) -> HTMLResponse:
    """Return an order's tracking page."""
    said = None if asked is None else _asked(here, link.subject, asked)
    if isinstance(said, HTMLResponse):
        return said
    seen = _tracked(here, link.subject)
    if seen is None:
        return HTMLResponse(sorry_page("There is no such order", "It may be too old."), 404)
    nodes = [sent.node for sent in seen.shipments]
    words = {"said": said[0], "is_bad": said[1]} if said else {}
    page = tracking_page(seen, _zone(here, nodes), key=token_hex(8), **words)  # type: ignore[arg-type]
    return HTMLResponse(page, 409 if said and said[1] else 200)


def _asked(here: Service, order: str, asked: Form) -> HTMLResponse | tuple[str, bool]:
    """Do what a customer asks for: a page to go on with, or what to say, and whether it is a no."""
    key = key_of(f"page {order}", asked.get("key", ""))
    doing = Doing(order, key, here.now(), "customer")
    try:
        said = _do(here, doing, asked)
    except Unavailable:
        raise  # it may have been done: the same form again says
    except (OmnisourceError, ValidationError, ValueError):
        return "We did not understand that. Nothing has changed.", True
    if isinstance(said, ChangeQuote):
        zone, key = _zone(here, said.nodes), token_hex(8)
        return HTMLResponse(quote_page(said, _asked_for(asked), zone, key=key))
    if isinstance(said, Denied):
        return f"Nothing has changed: {'; '.join(said.reasons)}.", True
    return "Done.", False


def _do(here: Service, doing: Doing, asked: Form) -> Told | Denied | ChangeQuote:
    if asked.get("do") == "quote":
        return quote_change(here.life, doing, _wish(asked))
    if not asked.get("key"):
        raise ValueError("a form without its key")
    if asked.get("do") == "cancel":
        less = {name: asked.get(name, "") for name in ("line", "units")}
        some = CancelRequest.model_validate(less)
        return cancel(here.life, doing, line=some.line, units=some.units)
    return accept_change(here.life, doing, _wish(asked), asked.get("quote", ""))


def _wish(asked: Form) -> OrderChange:
    """Return the change that a form asks for: no more than a page offers, so no goods or prices."""
    given: dict[str, Any] = dict(_asked_for(asked))
    if "by" in given:
        given["by"] = f"{given['by']}T23:59:00Z"
    return OrderChange.model_validate(given)


def _asked_for(asked: Form) -> dict[str, str]:
    """Return the fields of a form that say what is to change."""
    return {name: said for name in WISHES if (said := asked.get(name, "").strip())}


def _staff(here: Service, link: Link, asked: Form | None) -> HTMLResponse:
    """Return a node's work list, after what was pressed."""
    said = "" if asked is None else _stepped(here, link.subject, asked)
    work = work_list(here.life, link.subject, here.now())
    return HTMLResponse(work_page(work, _zone(here, [link.subject]), key=token_hex(8), said=said))


def _stepped(here: Service, node: str, asked: Form) -> str:
    """Take a shipment one step further, if it is that node's; say what came of it."""
    order, shipment = asked.get("order", ""), asked.get("shipment", "")
    what = next((each for each in STEPS if each == asked.get("do")), None)
    state = show(here.life, order)
    sent = None if state is None else state.shipments.get(shipment)
    if sent is None or sent.node != node or what is None or not asked.get("key"):
        return "There is nothing like that to do here."
    doing = Doing(order, key_of(f"page {node}", asked["key"]), here.now(), node)
    said = step(here.life, doing, what, shipment)
    return "Done." if isinstance(said, Told) else "; ".join(said.reasons)


def _desk(here: Service, link: Link, _: Form | None) -> HTMLResponse:
    """Return one order's whole story."""
    found = story_of(here.life, link.subject, here.now())
    if found is None:
        return HTMLResponse(sorry_page("There is no such order", "It may be too old."), 404)
    nodes = [sent.node for sent in found[0].shipments.values()]
    return HTMLResponse(desk_page(state_document(found[0]), found[1], _zone(here, nodes)))


PAGES: Final[Mapping[str, Any]] = {"t": _customer, "w": _staff, "d": _desk}


def _zone(here: Service, nodes: Any) -> ZoneInfo:
    """Return the clock of the first of some nodes."""
    life = here.life
    rows = [life.source.rows["node"][node] for node in nodes if node in life.source.rows["node"]]
    return ZoneInfo(str(life.source.world.nodes["timezone"][rows[0]])) if rows else UTC_ZONE
