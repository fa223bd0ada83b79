"""Where a product is to be had, how far away and from when, as data; a "no" says why."""

from enum import StrEnum

from pydantic import AwareDatetime

from omnisource.models.base import Kilometres, Name, Share, Text, Value
from omnisource.models.place import Place
from omnisource.models.policy import NodeKind


class Supply(StrEnum):
    """What the units asked for come out of."""

    STOCK = "in stock"
    BACKORDER = "backorder"  # the node has kept it, and waits for more
    PREORDER = "pre-order"  # no node has kept it yet
    NONE = "none"


class Inbound(Value):
    """Units on their way to a node."""

    units: int
    due: AwareDatetime


class NodeAvailability(Value):
    """What one node has of a product."""

    node: Name
    kind: NodeKind
    name: Text
    km: Kilometres  # great-circle
    pickup: bool  # customers may collect there
    units: int  # that can be had now
    supply: Supply  # of the units asked for
    there_at: AwareDatetime | None  # from when that many are there; None: not in sight
    collect_at: AwareDatetime | None  # from when they can be collected; None: not at all
    probability: Share | None  # that they are really there and the node does not decline
    receipts: tuple[Inbound, ...]
    reasons: tuple[str, ...]  # why they cannot be collected out of stock; empty if they can


class Availability(Value):
    """Whether units of a product can be collected near a place, and where."""

    sku: Name
    name: Text
    units: int  # asked for
    channel: Text
    near: Place
    within_km: Kilometres | None  # None: however far
    now: AwareDatetime
    available: bool  # a node of `nodes` has the units in stock, for collection
    nodes: tuple[NodeAvailability, ...]  # the nearest first
    reasons: tuple[str, ...]  # why not, and what comes nearest to it; empty if available
