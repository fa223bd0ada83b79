"""The tables of a scenario folder, and what each of their columns may hold.

Everything here is read off the row models, so that a bound is written down once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal

import polars as pl
from pydantic import AfterValidator

from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Delivery, Line, Order
from omnisource.models.product import BundlePart, Product
from omnisource.models.row import Row
from omnisource.models.stock import Allotment, Receipt, StockCell

TABLES: Final[Mapping[str, type[Row]]] = MappingProxyType(
    {
        "nodes": Node,
        "services": Service,
        "tariffs": TariffStep,
        "zones": ZoneRule,
        "lanes": Lane,
        "products": Product,
        "bundles": BundlePart,
        "stock": StockCell,
        "allotments": Allotment,
        "receipts": Receipt,
        "orders": Order,
        "lines": Line,
        "deliveries": Delivery,
    }
)
"""Row model of each table; a table stands behind those that it refers to."""

REQUIRED: Final = ("nodes", "products", "stock", "orders", "lines")
"""Tables that every folder has; a header is enough."""

TO_DELIVER: Final = ("services", "zones", "tariffs")
"""Tables that a folder has too where an order is to be delivered."""

ROW: Final = "#row"
"""Column of a frame: where the row stands in its file."""

Kind = Literal["text", "choice", "integer", "real", "flag", "time", "clock"]

DTYPES: Final[Mapping[Kind, pl.DataType]] = MappingProxyType(
    {
        "text": pl.String(),
        "choice": pl.String(),
        "clock": pl.String(),
        "integer": pl.Int64(),
        "real": pl.Float64(),
        "flag": pl.Boolean(),
        "time": pl.Datetime("us", "UTC"),
    }
)
"""What a checked column of that kind is made of."""


@dataclass(frozen=True)
class Column:
    """What one column may hold."""

    name: str
    kind: Kind
    required: bool
    default: Any
    description: str
    low: float | None = None
    high: float | None = None
    shortest: int = 0  # characters
    longest: int | None = None  # characters
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    refers: str | None = None  # table
    checks: tuple[Callable[[str], object], ...] = ()  # raise ValueError on a bad text

    @property
    def dtype(self) -> pl.DataType:
        """What the checked column is made of."""
        return DTYPES[self.kind]

    @property
    def is_reference(self) -> bool:
        """Tell whether the world holds row numbers of another table here."""
        return self.refers is not None and len(TABLES[self.refers].KEY) == 1


@cache
def columns_of(table: str) -> Mapping[str, Column]:
    """Return the columns of a table by name, in the order in which they are documented."""
    model = TABLES[table]
    properties = model.model_json_schema()["properties"]
    return MappingProxyType(
        {name: _column(model, name, flat) for name, flat in map(_flatten, properties.items())}
    )


def _flatten(item: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Lift what stands within "this type or null" to the top."""
    name, schema = item
    inner = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    return name, {**schema, **(inner[0] if inner else {})}


def _column(model: type[Row], name: str, schema: Mapping[str, Any]) -> Column:
    info = model.model_fields[name]
    return Column(
        name=name,
        kind=_kind(schema),
        required=info.is_required(),
        default=None if info.is_required() else info.default,
        description=info.description or "",
        low=schema.get("minimum"),
        high=schema.get("maximum"),
        shortest=schema.get("minLength", 0),
        longest=schema.get("maxLength"),
        pattern=schema.get("pattern"),
        choices=tuple(schema.get("enum", ())),
        refers=schema.get("refers"),
        checks=tuple(_plain(m.func) for m in info.metadata if isinstance(m, AfterValidator)),
    )


def _plain(check: Any) -> Callable[[str], object]:
    def run(text: str) -> object:
        return check(text)

    return run


def _kind(schema: Mapping[str, Any]) -> Kind:
    formats: dict[str, Kind] = {"date-time": "time", "clock": "clock"}
    types: dict[str, Kind] = {
        "integer": "integer", "number": "real", "boolean": "flag", "string": "text"
    }  # fmt: skip
    if "enum" in schema:
        return "choice"
    return formats.get(schema.get("format", "")) or types[schema["type"]]


@cache
def dtypes_of(table: str) -> Mapping[str, pl.DataType]:
    """Return what the checked columns of a table are made of, by name."""
    return MappingProxyType({c.name: c.dtype for c in columns_of(table).values()})


def empty(table: str) -> pl.DataFrame:
    """Return a checked frame of that table without rows."""
    return pl.DataFrame(schema={ROW: pl.Int64, **dtypes_of(table)})


def completed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame in all columns of its table; those that it lacks are absent."""
    return frame.select(
        frame[name] if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in dtypes_of(table).items()
    )
