"""Money after a split: every unit of an order has its own cents, from the moment it is placed.

Indices: l line, q_l its units, k = 0 … q_l − 1 a unit of it. All is in integer cents.

Over lines, the method of the largest remainder (Hamilton): of a total T and weights w_l,

    (1)  t_l = ⌊T w_l / Σ w⌋, and one cent more for the Σ-missing lines with the largest remainders,
         of equal ones the first; of T < 0 the same with −T. So Σ t_l = T, and |t_l| ≤ w_l where
         |T| ≤ Σ w.

For each line, in this order,

    (2)  goods_l = q_l price_l;  net_l = goods_l − q_l discount_l
    (3)  charges that take off, one after the other: net_l += t_l with w = net of the lines that
         they name; a charge may not take off more than is there. discount_l = net_l − goods_l
    (4)  fees: fee_l = Σ t_l with w = net
    (5)  tax, by rate r: T = (net + fee) r of all lines of that rate, rounded half up once (in the
         prices: (net + fee) r / (1 + r)); tax_l = t_l with w = net + fee

Over the units of a line, whose weights are equal, the largest remainder is what is gained when
what the first k units come to is rounded down:

    (6)  A(k) = ⌊A k / q_l⌋ for A in goods, net, fee, tax;  units k … m − 1 have A(m) − A(k)

Sums telescope: whatever is split, cancelled, sent or taken back, in whatever order, the parts come
to the whole, each of the four; and no unit costs less than nothing, as net ≥ 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from omnisource.models.base import UnusableInput
from omnisource.models.lifecycle import OrderState, Piece
from omnisource.models.money import Amount, Charge, Invoice, InvoiceLine, Terms
from omnisource.models.order import Line

WHOLE: Final = 10_000
"""Basis points of one."""


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """Share a total out by weights, (1); equally, where all of these are 0.

    >>> shared(100, [1, 1, 1])
    [34, 33, 33]
    >>> shared(-10, [599, 101])
    [-9, -1]
    """
    if total < 0:
        return [-cents for cents in shared(-total, weights)]
    base = list(weights) if sum(weights) else [1] * len(weights)
    whole = sum(base)
    found = [total * weight // whole for weight in base]
    turn = sorted(range(len(base)), key=lambda i: (-(total * base[i] % whole), i))
    for i in turn[: total - sum(found)]:
        found[i] += 1
    return found


def amounts(lines: Sequence[Line], terms: Terms) -> dict[str, Amount]:
    """Return what each line comes to, (2) to (5).

    Raises:
        UnusableInput: a charge names a line that is not there, or takes off more than there is.
    """
    goods = {line.line: line.units * line.price_cents for line in lines}
    net = {line.line: goods[line.line] - line.units * line.discount_cents for line in lines}
    if min(net.values(), default=0) < 0:
        raise UnusableInput("a line's discount_cents is above its price_cents")
    fee = dict.fromkeys(goods, 0)
    for charge in sorted(terms.charges, key=lambda charge: charge.cents > 0):
        _charge(charge, net, net if charge.cents < 0 else fee)
    tax = _taxes(terms, {line: net[line] + fee[line] for line in goods})
    off = {line: net[line] - goods[line] for line in goods}
    return {
        line: Amount(goods=goods[line], discount=off[line], fee=fee[line], tax=tax[line])
        for line in goods
    }


def _charge(charge: Charge, net: Mapping[str, int], onto: dict[str, int]) -> None:
    """Share a charge out over its lines, (3) or (4)."""
    names = charge.lines or tuple(net)
    if strange := [name for name in names if name not in net]:
        raise UnusableInput(f"a {charge.kind} names line {strange[0]}, which the order has not")
    weights = [net[name] for name in names]
    if -charge.cents > sum(weights):
        raise UnusableInput(f"a {charge.kind} takes {-charge.cents} cents off {sum(weights)}")
    for name, cents in zip(names, shared(charge.cents, weights), strict=True):
        onto[name] += cents


def _taxes(terms: Terms, taxable: Mapping[str, int]) -> dict[str, int]:
    """Return the tax of each line, (5)."""
    found = dict.fromkeys(taxable, 0)
    rate = {line: terms.taxes.get(line, terms.tax) for line in taxable}
    for points, group in groupby(sorted(taxable, key=rate.__getitem__), key=rate.__getitem__):
        names = list(group)
        of = WHOLE + points if terms.tax_included else WHOLE
        total = (2 * sum(taxable[name] for name in names) * points + of) // (2 * of)
        found |= zip(names, shared(total, [taxable[name] for name in names]), strict=True)
    return found


def part(amount: Amount, start: int, stop: int, units: int) -> Amount:
    """Return what units start … stop − 1 of a line come to, (6).

    >>> thirds = [part(Amount(goods=100), k, k + 1, 3) for k in range(3)]
    >>> [third.goods for third in thirds]
    [33, 33, 34]
    """

    def between(total: int) -> int:
        return total * stop // units - total * start // units

    goods = between(amount.goods)
    return Amount(
        goods=goods,
        discount=between(amount.net) - goods,
        fee=between(amount.fee),
        tax=between(amount.tax),
    )


def invoice(
    state: OrderState, pieces: Iterable[Piece], shipment: str | None = None, *, fees: bool = True
) -> Invoice:
    """Return what some units of an order come to.

    Args:
        state: of the order.
        pieces: the units.
        shipment: that they are in.
        fees: whether their share of the fees counts: it need not when goods are taken back.
    """
    lines = []
    for name, some in groupby(sorted(pieces, key=lambda p: (p.line, p.start)), lambda p: p.line):
        mine, line, whole = list(some), state.lines[name], state.amounts[name]
        amount = sum((part(whole, p.start, p.stop, line.units) for p in mine), Amount())
        if not fees:
            amount = amount.model_copy(update={"fee": 0})
        units = sum(piece.units for piece in mine)
        lines.append(InvoiceLine(line=name, sku=line.sku, units=units, amount=amount))
    cents = sum(line.amount.due(state.tax_included) for line in lines)
    return Invoice(order=state.name, shipment=shipment, lines=tuple(lines), cents=cents)


def some_free(line: Line, bought: int = 3, paid: int = 2) -> Charge:
    """Return what "3 for 2" takes off a line.

    >>> some_free(Line(order="o", line="a", sku="A", units=7, price_cents=500)).cents
    -1000
    """
    free = line.units // bought * (bought - paid)
    off = -free * (line.price_cents - line.discount_cents)
    return Charge(kind="multibuy", cents=off, lines=(line.line,), text=f"{bought} for {paid}")


def bundle_price(lines: Sequence[Line], cents: int, bundles: int = 1) -> Charge:
    """Return what is taken off lines that are sold together for a price.

    Args:
        lines: the parts, with the units of all bundles.
        cents: the price of one bundle.
        bundles: how many.
    """
    apart = sum(line.units * (line.price_cents - line.discount_cents) for line in lines)
    names = tuple(line.line for line in lines)
    return Charge(kind="bundle", cents=cents * bundles - apart, lines=names)
