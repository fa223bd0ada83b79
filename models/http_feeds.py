"""What nodes say over HTTP of their stock and of what is on its way to them."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from omnisource.models.base import Name, Units, Value
from omnisource.models.reservation import StockMessage

MOST: Final = 1_000
"""Messages of a feed that come in one request at the most."""
Outcome = Literal["counted", "late", "repeated", "contradicts"]
"""Counted: it has changed what we know. Late: a later snapshot had seen it. Repeated: it is known.
Contradicts: its number was used for something else, and nothing is done."""


class StockFeed(Value):
    """What a node says of its stock; a message of each number counts once."""

    messages: Annotated[tuple[StockMessage, ...], Field(min_length=1, max_length=MOST)]


class Expected(Value):
    """Units on their way."""

    units: Units
    due: AwareDatetime


class ReceiptMessage(Value):
    """What a node says of the receipts of a stock cell.

    A snapshot says all that is expected; a delta what has come to it. What is called off is called
    off by a snapshot. Numbered by the sender, apart from its stock messages.
    """

    node: Name
    sku: Name
    sequence: Annotated[int, Field(ge=0, le=2**62)]
    kind: Literal["delta", "snapshot"]
    expected: Annotated[tuple[Expected, ...], Field(max_length=100)]


class ReceiptFeed(Value):
    """What a node says of its receipts."""

    messages: Annotated[tuple[ReceiptMessage, ...], Field(min_length=1, max_length=MOST)]


class FeedAnswer(Value):
    """What has come of each message, in their order."""

    outcomes: tuple[Outcome, ...]
