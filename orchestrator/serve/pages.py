"""The pages: an order's tracking for its customer, a node's work list, the service desk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from omnisource.models.lifecycle import Event
from omnisource.models.told import ChangeQuote
from omnisource.models.tracking import Estimate, TrackedShipment, Tracking, WorkItem, WorkList
from omnisource.orchestrator.serve.markup import Html, page, table, tag, text

STATES: Final = {
    "placed": "Ordered", "held": "Ordered", "allocated": "Ordered", "declined": "Being rearranged",
    "backordered": "Waiting for goods", "released": "Being prepared", "picking": "Being prepared",
    "packed": "Packed", "shipped": "On its way", "ready": "Ready to be collected",
    "delivered": "Delivered", "collected": "Collected", "returned": "Returned",
    "cancelled": "Cancelled",
}  # fmt: skip
"""What a customer reads for a state."""
NEXT: Final = {
    "release": "Begin", "pick": "Pick", "pack": "Pack", "ship": "Hand to the carrier",
    "ready": "Lay out for collection", "collect": "Hand to the customer",
}  # fmt: skip
"""What staff reads for what is next."""
SURE: Final = 0.995
"""A probability that is not told as a number."""


def tracking_page(
    seen: Tracking, zone: ZoneInfo, *, key: str, said: str = "", is_bad: bool = False
) -> str:
    """Return the customer's page.

    Args:
        seen: where the order is.
        zone: whose clock times are told by.
        key: of what is asked for next: the same form sent twice is one request.
        said: what came of the last request.
        is_bad: whether that was a no.
    """
    notice = tag("p", said, role="status", class_="bad" if is_bad else "good") if said else ""
    return page(
        f"Order {seen.order}",
        notice,
        tag("p", STATES[seen.state], class_="big"),
        _date(seen.estimate, zone, over=seen.state in ("delivered", "collected", "returned")),
        _promise(seen, zone),
        *(_parcel(i, each, zone) for i, each in enumerate(seen.shipments, start=1)),
        _waiting(seen),
        _changes(seen, key),
        _history(seen, zone),
    )


def _date(estimate: Estimate, zone: ZoneInfo, *, over: bool) -> Html:
    """Say when the rest comes."""
    if over:
        return Html("")
    if estimate.due is None:
        return tag("p", "We cannot say yet when it comes.")
    sure = ""
    if estimate.probability is not None and estimate.probability < SURE:
        sure = f" We are {estimate.probability:.0%} sure of it."
    early = ""
    if estimate.early and estimate.early.astimezone(zone).date() < _day_of(estimate.due, zone):
        early = text(" It may come as early as ", day(estimate.early, zone), ".")
    return tag("p", "Arrives by ", tag("strong", day(estimate.due, zone)), ".", sure, early)


def _promise(seen: Tracking, zone: ZoneInfo) -> Html:
    if seen.promise_at is None:
        return Html("")
    return tag("p", "Promised by ", day(seen.promise_at, zone), ".", class_="soft")


def _parcel(number: int, sent: TrackedShipment, zone: ZoneInfo) -> Html:
    """Return what is told of a parcel."""
    name = f"Parcel {number}" if sent.service else f"Collection {number}"
    facts = [tag("p", STATES[sent.state], f" ({sent.service})" if sent.service else "")]
    if sent.left_at:
        facts.append(tag("p", "Left on ", moment(sent.left_at, zone), "."))
    if sent.carrier:
        facts.append(tag("p", f"The carrier says: {sent.carrier}."))
    if sent.arrived_at:
        facts.append(tag("p", "There since ", moment(sent.arrived_at, zone), "."))
    else:
        facts.append(_date(sent.estimate, zone, over=False))
    rows: list[tuple[object, ...]] = [(line.sku, line.units) for line in sent.lines]
    inside = table(f"What is in {name.lower()}", ("Product", "Units"), rows)
    return tag("section", tag("h2", name), *facts, inside)


def _waiting(seen: Tracking) -> Html:
    if not seen.waiting:
        return Html("")
    rows: list[tuple[object, ...]] = [
        (line.sku, line.units, STATES[line.state]) for line in seen.waiting
    ]
    inside = table("What is not on its way", ("Product", "Units", "State"), rows)
    return tag("section", tag("h2", "Still to come"), inside)


def _changes(seen: Tracking, key: str) -> Html:
    """Return a form for each change that is still possible."""
    if not seen.choices:
        return tag("section", tag("h2", "Changes"), tag("p", "This order can be changed no more."))
    forms = []
    for line in {each.line: each for each in seen.can_cancel}.values():
        most = sum(each.units for each in seen.can_cancel if each.line == line.line)
        units = field("units", "How many", type="number", value=most, min=1, max=most)
        hidden = {"do": "cancel", "line": line.line, "key": f"{key}-{line.line}"}
        forms.append(form(f"Cancel {line.sku}", hidden, units))
    if "day" in seen.choices:
        wish = field("by", "Not later than", type="date", required=True)
        forms.append(form("Ask for another day", {"do": "quote"}, wish))
    if "faster" in seen.choices:
        forms.append(form("Ask for it as fast as can be", {"do": "quote", "fastest": "yes"}))
    if "address" in seen.choices:
        where = (
            field("country", "Country, two letters", required=True, maxlength=2,
                  autocomplete="country"),
            field("postcode", "Postcode", required=True, autocomplete="postal-code"),
        )  # fmt: skip
        forms.append(form("Ask for another address", {"do": "quote"}, *where))
    if "pickup_node" in seen.choices:
        store = field("pickup_node", "Store", required=True)
        forms.append(form("Ask for another store", {"do": "quote"}, store))
    said = "What you cancel is cancelled at once. Of all else we first tell you what it comes to."
    note = tag("p", said, class_="soft")
    return tag("section", tag("h2", "Changes"), note, *forms)


def quote_page(offer: ChangeQuote, wish: Mapping[str, str], zone: ZoneInfo, *, key: str) -> str:
    """Return what a change would come to, to be accepted.

    Args:
        offer: what it comes to.
        wish: the fields of the form that asked for it.
        zone: whose clock times are told by.
        key: of what is asked for next.
    """
    by = day(offer.promise_at, zone) if offer.promise_at else "a day that we cannot name yet"
    hidden = {**wish, "do": "accept", "quote": offer.quote, "key": key}
    return page(
        f"Change order {offer.order}",
        tag("p", "Then all of it arrives by ", tag("strong", by), "."),
        tag("p", _price(offer.difference_cents)),
        form("Accept", hidden),
        tag("p", tag("a", "Leave it as it is", href="?")),
    )


def _price(cents: int) -> str:
    if not cents:
        return "It costs no more and no less."
    return f"You pay {cents / 100:.2f} more." if cents > 0 else f"You get {-cents / 100:.2f} back."


def _history(seen: Tracking, zone: ZoneInfo) -> Html:
    steps = [tag("li", moment(each.at, zone), ": ", each.text) for each in seen.moments]
    return tag("section", tag("h2", "What has happened"), tag("ol", *steps))


def work_page(work: WorkList, zone: ZoneInfo, *, key: str, said: str = "") -> str:
    """Return a node's work list, with a button for what is next."""
    notice = tag("p", said, role="status") if said else ""
    late = sum(item.late for item in work.items)
    head = f"{len(work.items)} to do, {late} of them late, as of {_clock(work.at, zone)}."
    rows = [_row(item, zone, f"{key}-{i}") for i, item in enumerate(work.items)]
    columns = ("Leave by", "Order", "What", "Next")
    inside = table("In the order of the cut-offs", columns, rows) if rows else ""
    return page(f"Work of {work.node}", notice, tag("p", head), inside, refresh=60)


def _row(item: WorkItem, zone: ZoneInfo, key: str) -> tuple[object, ...]:
    lines = tag("ul", *(tag("li", f"{line.units} × {line.sku}") for line in item.lines))
    hidden = {"do": item.next, "order": item.order, "shipment": item.shipment, "key": key}
    when: object = "Waits for its customer"
    if item.leave_by:
        late = tag("strong", " late", class_="bad") if item.late else ""
        when = text(moment(item.leave_by, zone), late)
    label = f"{NEXT[item.next]}: order {item.order}"
    return when, item.order, lines, form(NEXT[item.next], hidden, label=label)


def desk_page(state: dict[str, Any], events: Sequence[Event], zone: ZoneInfo) -> str:
    """Return one order's whole story."""
    lines: list[tuple[object, ...]] = [
        (line["line"], line["sku"], line["units"], line["state"], f"{line['cents'] / 100:.2f}")
        for line in state["lines"]
    ]
    sent: list[tuple[object, ...]] = [
        (s["shipment"], s["node"], s["service"] or "counter", s["state"], s["arrives"] or "")
        for s in state["shipments"]
    ]
    told: list[tuple[object, ...]] = [
        (
            moment(event.at, zone), event.kind.replace("_", " "), event.node or "",
            event.cause, event.actor, f"{event.cents / 100:.2f}" if event.cents else "",
        )
        for event in events
    ]  # fmt: skip
    person = tag("p", "A person is to see to it.", class_="bad") if state["is_with_person"] else ""
    return page(
        f"Order {state['order']}",
        tag("p", state["state"], class_="big"),
        tag("p", f"Promised by {state['promise_at'] or 'no day'}."),
        person,
        table("Lines", ("Line", "Product", "Units", "State", "Due"), lines),
        table("Shipments", ("Shipment", "Node", "Service", "State", "Arrives"), sent),
        table("What has happened", ("At", "What", "Node", "Why", "Who", "Cents"), told),
    )


def sorry_page(title: str, why: str) -> str:
    """Return a page that says no."""
    return page(title, tag("p", why), tag("p", tag("a", "Back", href="?")))


def form(button: str, hidden: dict[str, str], *fields: Html, label: str | None = None) -> Html:
    """Return a form that is sent to its own page."""
    kept = [tag("input", type="hidden", name=k, value=v) for k, v in hidden.items()]
    press = tag("button", button, type="submit", aria_label=label)
    return tag("form", *kept, *fields, press, method="post")


def field(name: str, label: str, **attributes: object) -> Html:
    """Return a field in its label."""
    return tag("label", label, " ", tag("input", name=name, **attributes))


def day(at: datetime, zone: ZoneInfo) -> Html:
    """Return a day in words."""
    said = f"{at.astimezone(zone):%A, %d %B %Y}".replace(" 0", " ")
    return tag("time", said, datetime=at.isoformat())


def moment(at: datetime, zone: ZoneInfo) -> Html:
    """Return a time in words."""
    return tag("time", _clock(at, zone), datetime=at.isoformat())


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %d %b, %H:%M}"


def _day_of(at: datetime, zone: ZoneInfo) -> Any:
    return at.astimezone(zone).date()
