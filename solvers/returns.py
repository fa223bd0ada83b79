"""Where should goods go that come back? Where a unit is worth most, less what it takes.

Of a product with list price p, at node i, with λ_n the shadow price of a unit at n (last night's:
what one more unit there would have saved), h_n the handling a unit, t_in the transport a unit:

    (1)  restock at i:            worth p + λ_i  −  h_i                          as new, i sells it
    (2)  send to n:               worth p + λ_n  −  h_n − t_in                   as new
    (3)  refurbish at n:          refurbished (worth p + λ_n)  −  cost − h_n − t_in     not broken
    (4)  clear at i:              salvage p  −  h_i

The best is taken; of equals the one that stands first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omnisource.models.returns import Grade, ReturnRules, Way


@dataclass(frozen=True)
class Place:
    """A node as goods that come back see it."""

    node: str
    handling: int  # cents a unit
    shadow: int  # cents: one more unit of the product there
    transport: int  # cents a unit from where the goods are; 0: they are there
    sells: bool  # units there can be sold


def best_way(
    places: Iterable[Place], here: str, price: int, *, grade: Grade, rules: ReturnRules
) -> Way:
    """Return what to do with a unit that is at `here`, (1) to (4).

    Args:
        places: where it may go; `here` is one of them.
        here: the node that it is at.
        price: its list price, cents.
        grade: how it has come back.
        rules: of the business.
    """
    by_name = {place.node: place for place in places}
    found = list(_ways(by_name, here, price, grade=grade, rules=rules))
    return max(found, key=lambda way: way.value)


def _ways(
    places: Mapping[str, Place], here: str, price: int, *, grade: Grade, rules: ReturnRules
) -> Iterable[Way]:
    worth, at = int(rules.worth * price), places[here]
    for place in sorted(places.values(), key=lambda place: place.node != here):
        cost = place.handling + place.transport
        if grade == "new" and place.sells:
            what = "restock" if place.node == here else "send"
            yield Way(what=what, node=place.node, worth_cents=worth + place.shadow, cost_cents=cost)
    for name in rules.refurbishers if grade != "broken" else ():
        if name in places:
            place = places[name]
            yield Way(
                what="refurbish", node=name,
                worth_cents=int(rules.refurbished * (worth + place.shadow)),
                cost_cents=rules.refurbish_cents + place.handling + place.transport,
            )  # fmt: skip
    salvage = int(rules.salvage * price)
    yield Way(what="clear", node=here, worth_cents=salvage, cost_cents=at.handling)
