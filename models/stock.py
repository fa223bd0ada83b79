"""What can be promised: stock cells, what channels are allotted, what is on its way in."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from omnisource.models.base import Count, Name, Share, SignedCents, Units
from omnisource.models.row import NodeRef, Row, SkuRef


class StockCell(Row):
    """The units of a product at a node."""

    KEY: ClassVar[tuple[str, ...]] = ("node", "sku")

    node: NodeRef = Field(description="Where; never a hub.")
    sku: SkuRef = Field(description="What.")
    on_hand: Count = Field(description="Units that lie there.")
    safety: Count | None = Field(
        None, description="Units kept back from sale; absent: the node's `safety`."
    )
    unit_cost_cents: SignedCents = Field(
        0,
        description="Extra cost of drawing a unit here, cents; may be negative: a dropshipper's "
        "price, a markdown avoided.",
    )
    counted_at: AwareDatetime | None = Field(None, description="When it was last counted.")
    accuracy: Share = Field(1.0, description="Share of counts that found what was recorded.")


class Allotment(Row):
    """Units of a stock cell that a channel may sell at most."""

    KEY: ClassVar[tuple[str, ...]] = ("node", "sku", "channel")

    node: NodeRef = Field(description="Where.")
    sku: SkuRef = Field(description="What.")
    channel: Name = Field(description="The channel, as in `orders`.")
    units: Count = Field(description="Units that the channel may sell.")


class Receipt(Row):
    """Units on their way in."""

    node: NodeRef = Field(description="Where they arrive.")
    sku: SkuRef = Field(description="What arrives.")
    units: Units = Field(description="How many units.")
    due: AwareDatetime = Field(description="When they can be sold.")
