"""The world in columns: what the solvers read instead of a million objects.

A `World` is a validated scenario. Each table is a set of read-only numpy columns, in which

- a reference is the row number in the table that it refers to, −1 for none (int32);
- a choice (`kind`, `mode`) is the position in the tuple of its choices (int8);
- a time is integer minutes since 1970-01-01 UTC (int64), a time of day is minutes since
  midnight (int64);
- an absent integer or time is `ABSENT`, an absent real number is NaN, an absent text is "";
- money, units, grams, millimetres and minutes are int64, real numbers float64, flags bool,
  names and other text are object arrays of `str`.

Long columns of names become objects when they are first asked for (`Later`), and a long column
that no row states is one value, broadcast.

The tables and their columns are those of a scenario folder (scenarios/README.md). Row i of
`lines` belongs to the order `lines["order"][i]`, and lines stand in the order of their orders.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from omnisource.models.policy import Policy
from omnisource.models.scenario import Scenario

Column = NDArray[Any]

ABSENT: Final = int(np.iinfo(np.int64).min)
"""An integer or a time that is not known."""

NODE_KINDS: Final = ("warehouse", "store", "dropshipper", "hub")
SERVICE_KINDS: Final = ("parcel", "express", "same_day", "freight", "transfer")
ORDER_MODES: Final = ("delivery", "collect", "ship_to_store", "reserve")


@dataclass(frozen=True)
class Later:
    """A column that is made when it is asked for: names of a million orders, for instance."""

    rows: int
    make: Callable[[], Column]

    def __len__(self) -> int:
        """Count the rows."""
        return self.rows


class Table(Mapping[str, Column]):
    """Named columns of one length, read-only."""

    def __init__(self, columns: Mapping[str, Column | Later], rows: int | None = None) -> None:
        """Take columns of one length; `rows` is needed only where there is no column.

        Raises:
            ValueError: the columns differ in length.
        """
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        self.rows = lengths.pop() if lengths else (rows or 0)
        self._columns = {
            name: column if isinstance(column, Later) else _frozen(column)
            for name, column in columns.items()
        }

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        column = self._columns[name]
        if isinstance(column, Later):
            column = self._columns[name] = _frozen(column.make())
        return column

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the columns."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Count the columns; `rows` counts the rows."""
        return len(self._columns)

    def take(self, rows: Column) -> "Table":
        """Return the table of those rows (positions or flags)."""
        return Table({name: column[rows] for name, column in self.items()})

    def replace(self, **columns: Column) -> "Table":
        """Return a copy in which those columns are new."""
        return Table({**self._columns, **columns})


def _frozen(column: Column) -> Column:
    view = column.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class World:
    """A validated scenario in columns: network, products, stock and open orders."""

    scenario: Scenario
    nodes: Table
    services: Table
    zones: Table
    tariffs: Table
    lanes: Table
    products: Table
    bundles: Table
    stock: Table
    allotments: Table
    receipts: Table
    orders: Table
    lines: Table
    deliveries: Table

    @property
    def policy(self) -> Policy:
        """The rules and weights of the business."""
        return self.scenario.policy

    @cached_property
    def now(self) -> int:
        """The scenario's clock, minutes since 1970-01-01 UTC."""
        return int(self.scenario.now.timestamp()) // 60

    def replace(self, **changes: Any) -> "World":
        """Return a copy with other tables or another scenario."""
        return replace(self, **changes)
