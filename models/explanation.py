"""Why an order is served as it is: its bill, verdicts, alternatives and prices, as data."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from omnisource.models.base import Name, Value


class Verdict(StrEnum):
    """What was found of a line and a node that keeps its product."""

    ELIGIBLE = "eligible"
    NO_STOCK = "no stock"
    NO_ROUTE = "no route"
    TOO_LATE = "too late"
    FENCED = "fenced"
    TOO_HEAVY = "too heavy"
    CLOSED = "node closed"
    ELSEWHERE = "not the pick-up node"


class Content(Value):
    """Units of a line in a shipment, or short."""

    line: Name
    sku: Name
    units: int


class ExplainedShipment(Value):
    """A shipment of the order, with its bill by term, cents."""

    node: Name
    service: str  # empty: handed over at the counter
    contents: tuple[Content, ...]
    arrives: AwareDatetime
    days_late: int
    bill: dict[str, int]


class LineVerdict(Value):
    """Whether a node could send a line, and the rules that forbid it."""

    line: Name
    sku: Name
    node: Name
    verdict: Verdict
    rules: tuple[str, ...] = ()


class Alternative(Value):
    """Another plan of the order.

    `extra_cents` is what it costs above the chosen plan. `extra_priced_cents` is the same with
    the prices of what each takes from other orders put in: that is what the choice went by.
    """

    what: str
    nodes: tuple[Name, ...]
    shipments: int
    short_units: int
    cost_cents: int
    extra_cents: int
    extra_priced_cents: float


class BindingPrice(Value):
    """A scarce thing that the order's plan or an alternative takes, and what a unit is worth."""

    resource: Literal["stock", "shipments", "units"]
    node: Name
    sku: str  # empty for a node's day
    cents: float


class WhyNot(Value):
    """What it would take to serve the order from a node: the best such plan, or what forbids it.

    `rules` is the smallest set of rules that would have to go; empty where nothing forbids it.
    """

    node: Name
    alternative: Alternative | None
    verdicts: tuple[LineVerdict, ...]
    reason: str
    rules: tuple[str, ...] = ()


class Decision(Value):
    """A decision that was recorded: when, by what, under which policy, how good it was."""

    at: AwareDatetime
    what: str  # why it was taken: placed, declined, a reservation, a night
    run: str = ""  # of a night
    event: int | None = None  # of the order, that told it
    policy: str = ""  # digest of the policy; empty where the record has only been named
    version: int = 0  # of the policy, as it says itself
    comment: str = ""
    cost_cents: int | None = None  # of the whole run
    bound_cents: int | None = None
    gap: float | None = None


class Explanation(Value):
    """Why one order is served as it is.

    Its bill has no load and no unfair: these are costs of the night as a whole. `exact` is false
    for an order too large for its alternatives to be priced exactly: it has none here.
    """

    order: Name
    cost_cents: int
    priced_cents: float
    bill: dict[str, int]
    shipments: tuple[ExplainedShipment, ...]
    short: tuple[Content, ...]
    verdicts: tuple[LineVerdict, ...]
    alternatives: tuple[Alternative, ...]
    prices: tuple[BindingPrice, ...]
    why_not: WhyNot | None = None
    exact: bool = True
    decision: Decision | None = None  # where it is told from a record
    decisions: tuple[Decision, ...] = ()  # all that were recorded of the order
