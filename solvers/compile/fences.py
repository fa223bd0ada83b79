"""Fences as bits: a rule excludes where its line side and its way side both hold.

Every fence of the policy and every size limit of a service is one bit. A line carries the bits
whose conditions on order and product hold; a way (node, service, distance) carries the bits
whose conditions on node, service and distance hold. A parcel is excluded from a way exactly if
line bits & way bits ≠ 0, and the common bits name the rules.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnisource.models.base import UnusableInput
from omnisource.models.policy import Fence, LoadStep
from omnisource.models.world import ABSENT, NODE_KINDS, ORDER_MODES, Column, Table, World
from omnisource.solvers.problem import Flags, Floats

Bits = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Fences:
    """The rules of a world as bits; `names[i]` is the rule of bit i."""

    names: tuple[str, ...]
    order: Bits  # (K,) rules whose conditions on the order hold
    product: Bits  # (SKU,) rules whose conditions on the product hold
    node: Bits  # (N,) rules whose conditions on the node hold
    service: Bits  # (V+1,) rules whose conditions on the service hold; last: the counter
    beyond_km: Floats  # (F,) a way meets rule i only beyond this distance; −1: at any


def fences(world: World, countries: Column) -> Fences:
    """Turn policy fences and the services' size limits into bits.

    Args:
        world: network, products and orders.
        countries: (K,) country of each order's destination.

    Raises:
        UnusableInput: more than 64 rules.
    """
    rules = world.policy.fences
    sized = [v for v in range(world.services.rows) if _limited(world, v)]
    if len(rules) + len(sized) > 64:
        raise UnusableInput(
            f"policy: {len(rules)} fences and {len(sized)} services with size limits make more "
            "than 64 rules; join fences that differ in one condition only"
        )
    anywhere = np.ones(world.nodes.rows, bool)
    product = [_on_product(world, rule) for rule in rules] + [_unfit(world, v) for v in sized]
    node = [on_node(world, rule) for rule in rules] + [anywhere] * len(sized)
    service = [_on_service(world, rule) for rule in rules] + [_is(world, v) for v in sized]
    limits = [-1.0 if rule.beyond_km is None else rule.beyond_km for rule in rules]
    names = [rule.name for rule in rules]
    names += [f"does not fit {world.services['service'][v]}" for v in sized]
    return Fences(
        names=tuple(names),
        order=order_bits(world, world.orders, countries),
        product=_bits(product, world.products.rows),
        node=_bits(node, world.nodes.rows),
        service=_bits(service, world.services.rows + 1),
        beyond_km=np.array(limits + [-1.0] * len(sized)),
    )


def order_bits(world: World, orders: Table, countries: Column) -> Bits:
    """Return, (K,), the rules of a world whose conditions hold on orders, its own or others.

    Size limits hold on every order.
    """
    sides = [_on_order(orders, rule, countries) for rule in world.policy.fences]
    sized = sum(_limited(world, v) for v in range(world.services.rows))
    return _bits([*sides, *[np.ones(orders.rows, bool)] * sized], orders.rows)


def _bits(sides: list[Flags], rows: int) -> Bits:
    bits = np.zeros(rows, np.uint64)
    for i, side in enumerate(sides):
        bits |= side.astype(np.uint64) << np.uint64(i)
    return bits


def _among(column: Column, wanted: tuple[str, ...]) -> Flags:
    if not wanted:
        return np.ones(len(column), bool)
    inside = map(frozenset(wanted).__contains__, column.tolist())
    return np.fromiter(inside, bool, len(column))


def _named(codes: Column, choices: tuple[str, ...], wanted: tuple[str, ...]) -> Flags:
    return _among(np.array(choices, object), wanted)[codes]


def _on_order(orders: Table, rule: Fence, countries: Column) -> Flags:
    return (
        _among(orders["channel"], rule.channels)
        & _among(orders["tier"], rule.tiers)
        & _named(orders["mode"], ORDER_MODES, rule.modes)
        & _among(countries, rule.countries)
    )


def _on_product(world: World, rule: Fence) -> Flags:
    products = world.products
    return (
        _among(products["sku"], rule.skus)
        & _among(products["category"], rule.categories)
        & _among(products["hazard"], rule.hazards)
    )


def on_node(world: World, rule: Fence | LoadStep) -> Flags:
    """Say, (N,), which nodes a rule's conditions on the node hold for."""
    kinds = _named(world.nodes["kind"], NODE_KINDS, rule.node_kinds)
    return _among(world.nodes["node"], rule.nodes) & kinds


def _on_service(world: World, rule: Fence) -> Flags:
    return np.append(_among(world.services["service"], rule.services), not rule.services)


def _is(world: World, service: int) -> Flags:
    its_own: Flags = np.arange(world.services.rows + 1) == service
    return its_own


def _limited(world: World, service: int) -> bool:
    columns = ("max_length_mm", "max_girth_mm")
    return any(world.services[name][service] != ABSENT for name in columns)


def _unfit(world: World, service: int) -> Flags:
    """Say, (SKU,), what is longer than the service takes, or longer and more around in all.

    As carriers measure: the girth is what a tape around the parcel shows, across its longest side.
    """
    products = world.products
    names = ("length_mm", "width_mm", "height_mm")
    sides = np.sort(np.stack([products[name] for name in names]), axis=0)
    length, girth = sides[2], sides[2] + 2 * (sides[0] + sides[1])
    unfit = np.zeros(products.rows, bool)
    for size, name in ((length, "max_length_mm"), (girth, "max_girth_mm")):
        limit = world.services[name][service]
        if limit != ABSENT:
            unfit |= size > limit
    return unfit
