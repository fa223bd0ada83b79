"""What comes in is shared out at once, beside the answer to who said so: one look at a time.

A worker that ends before leaves it to the next start, which looks for all that is waited for.
"""

from collections.abc import Iterable
from secrets import token_hex
from typing import Any, Final

from omnisource.models.http_feeds import FeedAnswer
from omnisource.models.told import Denied
from omnisource.orchestrator.life.backorder import share_out, waited_for
from omnisource.orchestrator.life.doing import Doing
from omnisource.orchestrator.serve.log import log
from omnisource.orchestrator.serve.state import Service

ACTOR: Final = "stock"
"""Who is said to have given what came to who waited."""


def begin_sharing(here: Service) -> None:
    """Share out what came while no service ran, or what one that ended had not shared yet."""
    _come(here, waited_for(here.desk.database))


def came(here: Service, messages: Iterable[Any], answer: FeedAnswer) -> None:
    """Share out what messages have brought that counted: units that came, counts, receipts."""
    pairs = zip(messages, answer.outcomes, strict=True)
    some = {each.sku for each, outcome in pairs if outcome == "counted" and _may_bring(each)}
    _come(here, some)


def _come(here: Service, skus: set[str]) -> None:
    if here.settings.backorders == "at-once":
        here.sharing.come(skus, here.threads.submit, lambda some: _share(here, some))


def _may_bring(message: Any) -> bool:
    return bool(message.kind == "snapshot" or getattr(message, "units", 1) > 0)


def _share(here: Service, skus: set[str]) -> None:
    doing = Doing("", f"share {token_hex(8)}", here.now(), ACTOR)
    said = share_out(here.life, doing, skus).said
    denied = sum(isinstance(each, Denied) for each in said)
    if said:
        log("shared out", skus=len(skus), orders=len(said) - denied, denied=denied)
