"""What joins the rows of several tables: references, duplicates, orders without lines.

Tables are taken in the order of `TABLES`, so that what a row refers to has been settled
before. A reference becomes the row number in the table that it refers to, −1 for none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.columns import TABLES, Column, columns_of
from omnisource.orchestrator.folder.rejects import nearest, none, reject, together, without

Frames = dict[str, pl.DataFrame]
PIECE = 1_000_000
"""Rows whose flags are set at a time."""
FLAGS = 64
"""Flags a row that telling pairs apart may take."""


@dataclass(frozen=True)
class Checked:
    """A table whose rows are sound, each taken for itself."""

    frame: pl.DataFrame  # `ROW` and the columns of the table
    file: str
    names: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    """Names given to rows, of rejected ones too: tells "rejected" from "unknown"."""


@dataclass(frozen=True)
class _Site:
    """Where `link` is: a table, and what is settled so far."""

    table: str
    tables: Mapping[str, Checked]
    frames: Frames

    @property
    def file(self) -> str:
        return self.tables[self.table].file


def link(tables: Mapping[str, Checked]) -> tuple[Frames, pl.DataFrame]:
    """Settle what joins the tables.

    Returns:
        The frames in which references are row numbers (int32, −1 for none), and the rejects.
    """
    frames: Frames = {}
    rejects = []
    for table in TABLES:
        frame = tables[table].frame
        for step in (_refer, _no_duplicates, _across):
            frame, bad = step(frame, _Site(table, tables, frames))
            rejects.append(bad)
            frame = without(frame, bad)
        frames[table] = frame
    rejects.append(_drop_childless(frames, tables))
    return frames, together(rejects)


Outcome = tuple[pl.DataFrame, pl.DataFrame]
"""A frame, and the rejects among its rows."""


def _refer(frame: pl.DataFrame, site: _Site) -> Outcome:
    rejects = []
    for column in columns_of(site.table).values():
        if column.refers is not None and frame[column.name].null_count() < frame.height:
            frame, bad = _resolve(frame, column, site)
            rejects.append(bad)
        elif column.is_reference:
            frame = frame.with_columns(pl.lit(-1, pl.Int32).alias(column.name))
    return frame, together(rejects)


def _resolve(frame: pl.DataFrame, column: Column, site: _Site) -> Outcome:
    """Turn names into row numbers of the table referred to; the unknown ones are rejects."""
    known = site.frames[str(column.refers)][TABLES[str(column.refers)].KEY[0]]
    values = frame[column.name]
    at = _positions(values, known)
    bad = frame.filter(at.is_null() & values.is_not_null())
    rejects = _unknown(bad, column, known, site)
    return frame.with_columns(at.fill_null(-1)) if column.is_reference else frame, rejects


def _positions(values: pl.Series, known: pl.Series) -> pl.Series:
    """Return where each value first stands among the known ones; null where it does not.

    Runs of one value, as the lines of an order are, are looked up once.
    """
    if isinstance(values.dtype, pl.Enum):
        names = _positions(values.dtype.categories, known)
        return names.gather(values.to_physical()).alias(values.name)
    run = values.rle_id()
    heads = values.filter(run.ne_missing(run.shift()))
    at = pl.int_range(len(known), dtype=pl.Int32, eager=True)
    if not heads.equals(known):
        keys = pl.DataFrame({"key": known, "at": at}).unique("key", keep="first")
        looked_up = heads.to_frame("key").join(keys, on="key", how="left", maintain_order="left")
        at = looked_up["at"]
    return at.gather(run).alias(values.name)


def _unknown(bad: pl.DataFrame, column: Column, known: pl.Series, site: _Site) -> pl.DataFrame:
    table = str(column.refers)
    bad = bad.with_columns(pl.col(column.name).cast(pl.String))
    what, names = TABLES[table].KEY[0], site.tables[table].names
    values = bad[column.name].unique()
    given = set(names.filter(names.is_in(values.implode())).to_list()) if len(values) else set()
    hints = known.head(5_000).to_list() if len(values) <= 100 else []
    reasons = {
        value: f"its {what} was rejected" if value in given else _no_such(what, table, value, hints)
        for value in values.to_list()
    }
    reason = pl.col(column.name).replace_strict(reasons, return_dtype=pl.String)
    return reject(bad, file=site.file, column=column.name, reason=reason)


def _no_such(what: str, table: str, value: str, known: list[str]) -> str:
    near = nearest(value, known)
    return f"no {what} of that name in {table}" + (f": is it {near!r}?" if near else "")


def _no_duplicates(frame: pl.DataFrame, site: _Site) -> Outcome:
    key = TABLES[site.table].KEY
    if not key or frame.is_empty():
        return frame, none()
    one = pl.col(key[0]) if len(key) == 1 else pl.struct(key)
    if _are_different_pairs(frame, site):
        return frame, none()
    if frame.select(one.hash().n_unique()).item() == frame.height:  # a third of the time
        return frame, none()
    bad = _named(frame.filter(~one.is_first_distinct()), site)
    reason = f"the same {' and '.join(key)} as in an earlier row"
    return frame, reject(bad, file=site.file, column=key[-1], reason=reason)


def _are_different_pairs(frame: pl.DataFrame, site: _Site) -> bool:
    """Tell whether the key is a pair of row numbers, and no pair stands in two rows.

    A flag for each possible pair; false, too, where there were too many of them.
    """
    columns = [columns_of(site.table)[name] for name in TABLES[site.table].KEY]
    if len(columns) != 2 or not all(column.is_reference for column in columns):
        return False
    first, second = (frame[column.name].to_numpy() for column in columns)
    high, wide = int(first.max()) + 1, int(second.max()) + 1
    if high * wide > FLAGS * frame.height or min(first.min(), second.min()) < 0:
        return False
    met = np.zeros(high * wide, np.bool_)
    for at in range(0, frame.height, PIECE):
        met[first[at : at + PIECE].astype(np.int64) * wide + second[at : at + PIECE]] = True
    return bool(np.count_nonzero(met) == frame.height)


def _named(frame: pl.DataFrame, site: _Site) -> pl.DataFrame:
    """Show names again where references have become row numbers."""
    for column in columns_of(site.table).values():
        if column.is_reference and not frame.is_empty():
            target = str(column.refers)
            names = site.frames[target][TABLES[target].KEY[0]]
            at = frame[column.name].replace(-1, None)
            frame = frame.with_columns(names.gather(at).alias(column.name))
    return frame


def _across(frame: pl.DataFrame, site: _Site) -> Outcome:
    checks = {"stock": _not_at_hubs, "zones": _zone_has_tariff}
    if site.table not in checks:
        return frame, none()
    bad, column, reason = checks[site.table](frame, site.frames)
    return frame, reject(_named(bad, site), file=site.file, column=column, reason=reason)


Bad = tuple[pl.DataFrame, str, str]


def _not_at_hubs(stock: pl.DataFrame, frames: Frames) -> Bad:
    is_hub = frames["nodes"]["kind"] == "hub"
    bad = stock.filter(is_hub.gather(stock["node"])) if is_hub.any() else stock.clear()
    return bad, "node", "a hub keeps no stock"


def _zone_has_tariff(zones: pl.DataFrame, frames: Frames) -> Bad:
    bad = zones.join(frames["tariffs"], on=["service", "zone"], how="anti", maintain_order="left")
    return bad, "zone", "the service has no tariff step in that zone"


def _drop_childless(frames: Frames, tables: Mapping[str, Checked]) -> pl.DataFrame:
    """Take out orders without lines, and renumber the others in the lines."""
    orders, lines = frames["orders"], frames["lines"]
    if not lines["order"].is_sorted():
        lines = lines.sort("order", maintain_order=True)
    has = np.zeros(orders.height, np.bool_)
    has[lines["order"].to_numpy()] = True
    frames["lines"] = lines
    if has.all():
        return none()
    bad = orders.filter(pl.Series(~has))
    frames["orders"] = orders.filter(pl.Series(has))
    at = pl.Series(has.cumsum() - 1, dtype=pl.Int32)
    frames["lines"] = lines.with_columns(at.gather(lines["order"]).alias("order"))
    reason = pl.when(pl.col("order").is_in(tables["lines"].names.implode()))
    said = reason.then(pl.lit("no line of it can be used")).otherwise(pl.lit("it has no line"))
    return reject(bad, file=tables["orders"].file, column="order", reason=said)


def warnings(frames: Frames) -> Iterator[str]:
    """Say what is sound but strange: services that deliver nowhere."""
    services = frames["services"].with_row_index("#at").filter(pl.col("kind") != "transfer")
    served = frames["zones"]["service"].unique()
    for name in services.filter(~pl.col("#at").is_in(served.implode()))["service"].to_list():
        yield f"service {name!r} delivers nowhere: no rule in zones names it"
