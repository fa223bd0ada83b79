"""Rows that changes are about: found by conditions, drawn at random, added and left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.chosen import SomeGoods, SomeNodes, SomeOrders, SomeServices
from omnisource.models.world import NODE_KINDS, ORDER_MODES, SERVICE_KINDS, Column, Table, World
from omnisource.orchestrator.folder.rejects import nearest
from omnisource.solvers.problem import Flags, Floats, Ints


@dataclass(frozen=True)
class Turn:
    """Which change it is, and of which seed: the same turn draws the same."""

    seed: int
    place: int  # among the changes of its scenario, from 0

    @property
    def random(self) -> np.random.Generator:
        """A stream of its own."""
        return np.random.default_rng([self.seed, self.place])

    def draws(self, rows: int) -> Floats:
        """Return a number in [0, 1) for each row."""
        return self.random.random(rows)

    def name(self, name: object, number: int) -> str:
        """Name a copy so that no other change names one alike.

        >>> Turn(seed=7, place=0).name("o1", 2)
        'o1+1.2'
        """
        return f"{name}+{self.place + 1}.{number}"


def row_of(column: Column, name: str, what: str) -> int:
    """Return the row of a name.

    Raises:
        UnusableInput: there is none.
    """
    found = np.flatnonzero(column == name)
    if not len(found):
        near = nearest(name, map(str, column))
        hint = f": is it {near!r}?" if near else ""
        raise UnusableInput(f"there is no {what} {name!r}{hint}")
    return int(found[0])


def some_nodes(world: World, chosen: SomeNodes) -> Flags:
    """Return which nodes are meant, (N,).

    Raises:
        UnusableInput: none is, or a name is not there.
    """
    nodes = world.nodes
    met = _named(nodes["node"], chosen.nodes, "node")
    met &= _chosen(nodes["kind"], chosen.node_kinds, NODE_KINDS)
    met &= _begins(nodes["postcode"], chosen.node_postcodes)
    return _some(met, "node")


def some_goods(world: World, chosen: SomeGoods) -> Flags:
    """Return which products are meant, (P,).

    Raises:
        UnusableInput: none is, or a name is not there.
    """
    products = world.products
    met = _named(products["sku"], chosen.skus, "sku")
    met &= _one_of(products["category"], chosen.categories)
    return _some(met, "product")


def some_orders(world: World, chosen: SomeOrders) -> Flags:
    """Return which orders are meant, (K,).

    Raises:
        UnusableInput: none is.
    """
    orders = world.orders
    met = _one_of(orders["channel"], chosen.channels) & _one_of(orders["tier"], chosen.tiers)
    met &= _chosen(orders["mode"], chosen.modes, ORDER_MODES)
    met &= goes_to(world, chosen.countries, chosen.postcodes)
    return _some(met, "order")


def some_services(world: World, chosen: SomeServices) -> Flags:
    """Return which services are meant, (V,).

    Raises:
        UnusableInput: none is, or a name is not there.
    """
    services = world.services
    met = _named(services["service"], chosen.services, "service")
    met &= _one_of(services["carrier"], chosen.carriers)
    met &= _chosen(services["kind"], chosen.service_kinds, SERVICE_KINDS)
    return _some(met, "service")


def goes_to(world: World, countries: Sequence[str], postcodes: Sequence[str]) -> Flags:
    """Return which orders go there, (K,): to their address, or where they are collected."""
    orders, nodes, pickup = world.orders, world.nodes, world.orders["pickup_node"]
    home = pickup < 0
    met = np.ones(orders.rows, bool)
    if countries:
        met &= _one_of(np.where(home, orders["country"], nodes["country"][pickup]), countries)
    if postcodes:
        met &= _begins(np.where(home, orders["postcode"], nodes["postcode"][pickup]), postcodes)
    return met


def _some(met: Flags, what: str) -> Flags:
    if not met.any():
        raise UnusableInput(f"its conditions meet no {what}: take some away, or mend them")
    return met


def _named(column: Column, names: Sequence[str], what: str) -> Flags:
    for name in names:
        row_of(column, name, what)
    return _one_of(column, names)


def _one_of(column: Column, values: Sequence[str]) -> Flags:
    if not values:
        return np.ones(len(column), bool)
    wanted = set(values)
    return np.fromiter((value in wanted for value in column), bool, len(column))


def _chosen(column: Column, kinds: Sequence[str], known: Sequence[str]) -> Flags:
    if not kinds:
        return np.ones(len(column), bool)
    return np.isin(column, [known.index(kind) for kind in kinds])


def _begins(column: Column, prefixes: Sequence[str]) -> Flags:
    if not prefixes:
        return np.ones(len(column), bool)
    wanted = tuple(prefixes)
    return np.fromiter((str(value).startswith(wanted) for value in column), bool, len(column))


def put(table: Table, rows: Flags | Ints, **values: object) -> Table:
    """Return the table with those values in those rows."""
    columns = {name: table[name].copy() for name in values}
    for name, value in values.items():
        columns[name][rows] = value
    return table.replace(**columns)


def stacked(table: Table, more: Table) -> Table:
    """Return the table with the rows of another below."""
    return Table({name: np.concatenate([table[name], more[name]]) for name in table})


def rounded(cents: Column, factor: float) -> Ints:
    """Return figures times a factor, rounded; a half goes up.

    >>> rounded(np.array([5, 10]), 1.25)
    array([ 6, 13])
    """
    return np.floor(cents * factor + 0.5).astype(np.int64)


def floored(units: Column, factor: float) -> Ints:
    """Return whole figures times a factor, rounded down; a hair below a whole one is that one.

    >>> floored(np.array([100, 3]), 0.29)
    array([29,  0])
    """
    return np.floor(units * factor + 1e-9).astype(np.int64)
