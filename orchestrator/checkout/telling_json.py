"""An offer as JSON, straight from the plans that were found: what a service writes all day.

It is what `Offer.document` says, letter by letter, without a value made for each parcel on the way.
Names and times are written once and remembered. What is asked rarely is written from the values: an
offer of goods that are awaited, or that travel over lanes, and why modes are refused.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from pydantic_core import to_json

from omnisource.models.promise import Cart, quote_of
from omnisource.orchestrator.checkout.promise import Promiser
from omnisource.orchestrator.checkout.telling import Offered, Telling
from omnisource.solvers.quote.asked import ROW_MODES

NUMBERS: Final = tuple(map(str, range(1, 10_001)))
"""Of the parcels of a plan: more than any has."""
QUOTED: Final = 1 << 16
"""Names that are remembered as JSON."""


def offer_json(by: Promiser, cart: Cart, now: datetime, *, refused: bool = False) -> bytes:
    """Return what can be promised for a cart at a time, as JSON.

    Args:
        by: a world, prepared.
        cart: what is asked for.
        now: when.
        refused: say why other modes are not offered, even where there is an option.

    Raises:
        UnusableInput: as for `Promiser.promise`.
    """
    ask = by.ask(cart, now)
    plans = by.plans(ask)
    told = None if refused else _plain(plans)
    if told is not None and (options := told.offered()):
        writer = _writer(told)
        said = ",".join([writer.option(each) for each in options])
        return f'{{"now":"{by.text(ask.now)}","options":[{said}]}}'.encode()
    offer = by.offer_of(ask, plans)
    document = offer.document() if refused or not offer.options else {
        "now": offer.now.isoformat(), "options": [each.document() for each in offer.options],
    }  # fmt: skip
    return to_json(document)


@dataclass(frozen=True, eq=False, slots=True)
class _Writer:
    """Writes the options of one question."""

    told: Telling
    now: str
    parcels: list[str]  # of `Quotes`, each

    def option(self, row: Offered) -> str:
        """Return an option."""
        told, by, text = self.told, self.told.by, self.told.by.text
        plan = f"[{','.join(map(_numbered, self.parcels[row.shipments], NUMBERS))}]"
        at, node = text(row.arrives), by.names["node"]
        return (
            f'{{"mode":"{row.mode}","service":{quoted(told.services(row.services))},'
            f'"promise_at":"{at}","probability":{round(row.likely, 6)},'
            f'"cost_cents":{row.cents},"priced_cents":{round(row.priced, 3)},'
            f'"fee_cents":{told.fee(row.services)},"parcels":{row.parcels},'
            f'"grams_co2":{row.grams},"nodes":[{",".join([quoted(node[n]) for n in row.nodes])}],'
            f'"quote":"{quote_of(row.mode, (self.now, at), row.cents, plan)}",'
            f'"expires_at":"{text(told.expires(row))}","awaits":null,'
            f'"tags":{_tags(row.tags)},"shipments":{plan}}}'
        )


def _writer(told: Telling) -> _Writer:
    return _Writer(told, told.by.text(told.ask.now), _parcels(told))


def _parcels(told: Telling) -> list[str]:
    """Return every parcel of the plans, up to the number that it has in its plan."""
    by, desk, now = told.by, told.by.desk, told.ask.now
    node, service, text = by.names["node"], by.names["service"], by.text
    known, sort = desk.of_minute(now), desk.sorts(now)
    units: dict[int, str] = {}
    stores = [quoted(told.to(row)) for row in range(len(ROW_MODES))]
    parcels = []
    for sent in told.sent:
        n, v, row, _, content, due, cents, grams, *_ = sent
        if content not in units:
            units[content] = _units(told, content)
        key = "leaves", sort[n], v, due if v < 0 else 0
        if key not in known:
            known[key] = by.told(told.leaves(sent)).astimezone(told.clock(n)).isoformat()
        parcels.append(
            f'{{"node":{quoted(node[n])},"service":{quoted(service[v]) if v >= 0 else EMPTY},'
            f'"to":{stores[row]},"via":[],"units":{units[content]},'
            f'"leaves":"{known[key]}","arrives":"{text(due)}",'
            f'"cost_cents":{cents},"grams_co2":{grams},"parcel":'
        )
    return parcels


def _numbered(parcel: str, number: str) -> str:
    return f'{parcel}{number},"legs":[]}}'


def _plain(plans: tuple[Telling, list[Telling]] | None) -> Telling | None:
    """Return the plans from what is there; None where something is awaited, or goes over lanes."""
    if plans is None or plans[1]:
        return None
    here = plans[0]
    return here if here.by.desk.lanes is None or (here.found.path < 0).all() else None


def _units(told: Telling, content: int) -> str:
    name = told.by.names["sku"]
    units = [f"{quoted(name[sku])}:{held}" for sku, held in told.contents(content)]
    return f"{{{','.join(units)}}}"


@lru_cache(QUOTED)
def quoted(name: str) -> str:
    """Return a name as JSON."""
    return to_json(name).decode()


@lru_cache(64)
def _tags(tags: tuple[str, ...]) -> str:
    return to_json(tags).decode()


EMPTY: Final = quoted("")
