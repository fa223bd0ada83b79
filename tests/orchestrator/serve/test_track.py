"""Pages for whoever has a link: what they say, what their forms do, and that all can read them."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from omnisource.models.base import Unavailable
from omnisource.orchestrator.serve.markup import DARK, LIGHT, POLICY, STYLE
from omnisource.solvers.leadtime.table import LeadTimes

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Page(HTMLParser):
    """What of a page matters to somebody who cannot see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unlabelled: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "form":
            self.forms.append({})
        if tag == "input":
            self.forms[-1][given["name"] or ""] = given.get("value") or ""
            if given.get("type") != "hidden" and "label" not in self.open:
                self.unlabelled.append(given["name"] or "")
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def sound(answer: Any) -> Page:
    """A page that keeps to what everybody needs: returned."""
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    page = Page(answer.text)
    names = [name for name, _ in page.tags]
    assert page.open == []
    assert ("html", {"lang": "en"}) in page.tags
    assert names.count("title") == names.count("h1") == names.count("main") == 1
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert page.unlabelled == []
    assert not {"script", "img", "link", "iframe"} & set(names)
    assert not any("style" in given or any(k.startswith("on") for k in given)
                   for _, given in page.tags)  # fmt: skip
    assert names.count("table") == names.count("caption")
    assert any(given.get("name") == "viewport" for _, given in page.tags)
    return page


def link(shop: Any, what: str, subject: str, by: str = "admin") -> str:
    answer = shop.ask("GET", f"/v1/links?what={what}&subject={subject}", by=by)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["path"])


def place(shop: Any, words: Any, name: str, **basket: int) -> str:
    answer = shop.ask("POST", "/v1/orders", words.order(name, **basket))
    return str(answer.json()["shipments"][0])


def send(shop: Any, path: str, **given: str) -> Any:
    return shop.http.post(path, data=given, headers=FORM)


def test_a_customer_sees_when_it_comes_and_what_may_change(shop: Any, words: Any) -> None:
    place(shop, words, "<o&1>", A=2)
    page = sound(shop.http.get(link(shop, "tracking", "%3Co%261%3E", by="checkout")))
    assert "Order <o&1>" in page.words
    assert "Arrives by Wednesday, 8 January 2025." in page.words
    assert [form.get("do") for form in page.forms] == ["cancel", "quote", "quote", "quote"]


def test_a_form_that_is_sent_twice_is_one_request(shop: Any, words: Any) -> None:
    place(shop, words, "w", A=2)
    path = link(shop, "tracking", "w")
    form = sound(shop.http.get(path)).forms[0]
    said = [send(shop, path, **{**form, "units": "1"}) for _ in range(2)]
    assert all("Done." in sound(each).words for each in said)
    assert shop.ask("GET", "/v1/orders/w").json()["lines"][0]["units"] == 1


def test_a_change_is_shown_with_its_price_before_it_is_accepted(shop: Any, words: Any) -> None:
    place(shop, words, "w", A=2)
    path = link(shop, "tracking", "w")
    offer = sound(send(shop, path, do="quote", by="2025-01-20"))
    assert "It costs no more and no less." in offer.words
    assert "Done." in sound(send(shop, path, **offer.forms[0])).words
    assert "Nothing has changed" in sound(send(shop, path, do="quote", country="XXX")).words
    assert "Nothing has changed" in sound(send(shop, path)).words
    assert shop.http.post(path, content=b"\xff").status_code == 409


def test_a_page_does_no_more_than_its_forms_offer(shop: Any, words: Any) -> None:
    place(shop, words, "w", A=2)
    path = link(shop, "tracking", "w")
    free = {"order": "w", "line": "x", "sku": "B", "units": 1, "price_cents": 0}
    wish = {"add": [free]}
    offer = shop.ask("POST", "/v1/orders/w/quote", wish).json()
    before = shop.ask("GET", "/v1/orders/w").json()
    for asked in (
        {"do": "accept", "change": json.dumps(wish), "quote": offer["quote"]},
        {"do": "cancel"}, {"do": "cancel", "line": "A"}, {"do": "cancel", "units": "1"},
        *({"do": "cancel", "line": "A", "units": units} for units in ("-1", "0", "x", "1e9")),
    ):  # fmt: skip
        answer = send(shop, path, key="k" * 1_000, **asked)
        assert answer.status_code == 409, asked
        assert "Nothing has changed" in sound(answer).words
    assert shop.ask("GET", "/v1/orders/w").json() == before


def test_a_page_says_when_the_database_cannot_be_written(
    shop: Any, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise Unavailable("gone")

    place(shop, words, "w", A=2)
    path = link(shop, "tracking", "w")
    form = sound(shop.http.get(path)).forms[0]
    monkeypatch.setattr("omnisource.orchestrator.serve.track.cancel", lost)
    answer = send(shop, path, **form)
    assert answer.status_code == 503
    assert "Load this page again" in sound(answer).words


def test_the_parcel_is_followed_to_the_door(shop: Any, words: Any) -> None:
    shipment = place(shop, words, "w", B=2)
    for step in ("release", "pick", "pack", "ship"):
        shop.ask("POST", "/v1/orders/w/steps", {"step": step, "shipment": shipment}, by="admin")
    path = link(shop, "tracking", "w")
    page = sound(shop.http.get(path))
    assert "On its way (post)" in page.words
    assert "can be changed no more" in page.words
    late = {"order": "w", "shipment": shipment, "kind": "delayed", "due": "2025-01-20T12:00:00Z",
            "text": "snow"}  # fmt: skip
    shop.ask("POST", "/v1/carrier/events", {"events": [late]}, by="carrier")
    page = sound(shop.http.get(path))
    assert "The carrier says: snow." in page.words
    assert "The date has changed: 20 January 2025" in page.words
    seen = shop.ask("GET", "/v1/orders/w/tracking").json()
    assert seen["estimate"] == {"due": "2025-01-20T12:00:00Z", "probability": None, "early": None}


def test_staff_work_their_list_by_its_buttons(shop: Any, words: Any) -> None:
    place(shop, words, "w", B=2)
    path = link(shop, "work", "D", by="dropshipper")
    for label in ("Begin", "Pick", "Pack", "Hand to the carrier"):
        page = sound(shop.http.get(path))
        [form] = page.forms
        assert label in page.words
        assert "Done." in sound(send(shop, path, **form)).words
    assert "0 to do" in sound(shop.http.get(path)).words
    assert shop.ask("GET", "/v1/orders/w/tracking").json()["state"] == "shipped"


def test_a_node_works_nothing_of_another(shop: Any, words: Any) -> None:
    shipment = place(shop, words, "w", B=2)
    path = link(shop, "work", "S")
    said = send(shop, path, do="release", order="w", shipment=shipment, key="k")
    assert "nothing like that" in sound(said).words
    asked = shop.ask("GET", "/v1/links?what=work&subject=D", by="store")
    assert asked.status_code == 403
    assert shop.ask("GET", "/v1/work?node=D", by="store").status_code == 403
    assert shop.ask("GET", "/v1/work", by="planner").status_code == 422


def test_a_link_does_nothing_that_its_askers_key_may_not(shop: Any) -> None:
    given = {
        what: [
            scope
            for scope in ("checkout", "dropshipper", "planner", "admin")
            if shop.ask("GET", f"/v1/links?what={what}&subject=D", by=scope).is_success
        ]
        for what in ("tracking", "work", "desk")
    }
    assert given == {
        "tracking": ["checkout", "admin"],
        "work": ["dropshipper", "admin"],
        "desk": ["checkout", "planner", "admin"],
    }


def test_the_desk_sees_one_orders_whole_story(shop: Any, words: Any) -> None:
    place(shop, words, "w", B=2)
    page = sound(shop.http.get(link(shop, "desk", "w", by="planner")))
    assert "promised" in page.words
    assert page.forms == []
    assert shop.http.get(link(shop, "desk", "none")).status_code == 404
    assert shop.http.get(link(shop, "tracking", "none")).status_code == 404


def test_a_link_that_was_tampered_with_or_is_over_opens_nothing(shop: Any, words: Any) -> None:
    place(shop, words, "w", A=1)
    path = link(shop, "tracking", "w")
    other = path.replace("/see/t.", "/see/d.")
    ended = re.sub(r"\.(\d+)\.", lambda found: f".{int(found[1]) + 1}.", path)
    for wrong in (path[:-1], other, ended, "/see/x", "/see/....", "/see/" + "é" * 9):
        answer = shop.http.get(wrong)
        assert answer.status_code == 404
        assert "holds no more" in sound(answer).words
    assert shop.http.get(path).status_code == 200


def test_without_a_key_for_links_there_are_none(open_shop: Any) -> None:
    shop = open_shop(link_key="")
    assert shop.ask("GET", "/v1/links?what=tracking&subject=o1", by="admin").status_code == 422
    assert shop.http.get("/see/t.bzE.1.x").status_code == 404


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["day", "night"])
def test_text_stands_out_from_its_paper(colours: dict[str, str]) -> None:
    paper = luminance(colours["paper"])
    for name in ("ink", "soft", "link", "bad", "good"):
        light, dark = sorted((luminance(colours[name]), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name
    assert set(re.findall(r"var\(--(\w+)\)", STYLE)) <= set(colours)


def test_a_service_with_lead_times_says_how_surely_a_parcel_comes(shop: Any, words: Any) -> None:
    shop.ask("POST", "/v1/orders", words.order("w", A=1))
    assert shop.ask("GET", "/v1/orders/w/tracking").json()["estimate"]["probability"] is None
    times = LeadTimes(
        probability=np.array([0.5, 0.99]), edges_km=np.zeros(0),
        minutes=np.broadcast_to(np.array([1000.0, 1980.0]), (1, 1, 7, 2)), node_factor=np.ones(3),
        region=(), region_factor=np.ones((0, 2)), origins=(), origin=np.full(3, -1),
        route_factor=np.ones((0, 0)), week=np.ones(7),
    )  # fmt: skip
    shelf = shop.worker.shelf
    shelf.snapshot = replace(shelf.snapshot, lead_times=times)
    seen = shop.ask("GET", "/v1/orders/w/tracking").json()["estimate"]
    assert seen["probability"] == 0.9
    assert seen["due"].startswith("2025-01-07T18:0")  # 1,800 minutes later
