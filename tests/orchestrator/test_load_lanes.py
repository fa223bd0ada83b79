"""A file read in its types and one read as text say the same, of sound rows and of bad ones."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnisource.orchestrator.folder import cells, encode, files, load
from omnisource.orchestrator.folder.load import Loaded
from omnisource.orchestrator.folder.rejects import SCHEMA
from omnisource.orchestrator.write import write_frame

CHANGES = {
    "nothing": ("lines", "units", None),
    "a number that is none": ("lines", "units", "x"),
    "a number written oddly, and too small": ("stock", "on_hand", "-007"),
    "a whole number with a point": ("lines", "units", "2.0"),
    "more than a number may be": ("lines", "units", "99999999999999999999"),
    "no real number": ("stock", "accuracy", "nan"),
    "a real number out of bounds": ("stock", "accuracy", "1.50"),
    "an unknown product": ("lines", "sku", "NO-SUCH"),
    "a product with spaces around it": ("lines", "sku", " S000001 "),
    "an unknown node": ("stock", "node", "nowhere"),
    "an unknown mode": ("orders", "mode", "teleport"),
    "a name that is missing": ("stock", "sku", ""),
    "a number that is missing": ("lines", "units", ""),
    "a time without its offset": ("orders", "placed_at", "2025-01-06T18:00:00"),
    "a time in another form": ("orders", "placed_at", "2025-01-06 18:00+0100"),
}


def in_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Load a folder by the slow lane only."""
    with monkeypatch.context() as patch:
        patch.setattr(load, "read_table", lambda path, table, _=None: files.read_table(path, table))
        return load.load(folder)


def change(folder: Path, table: str, column: str, text: str | None) -> None:
    """Put a text into the second row of a table."""
    path = folder / f"{table}.csv"
    frame = pl.read_csv(path, infer_schema=False)
    if text is not None:
        second = pl.int_range(pl.len()) == 1
        frame = frame.with_columns(
            pl.when(second).then(pl.lit(text)).otherwise(column).alias(column)
        )
    frame.write_csv(path, quote_style="never")


def same(one: Loaded, other: Loaded) -> bool:
    worlds = [
        {name: (t.rows, {c: v.tolist() for c, v in t.items()}) for name, t in tables(each).items()}
        for each in (one, other)
    ]
    return bool(
        repr(worlds[0]) == repr(worlds[1])
        and one.rejects.equals(other.rejects)
        and one.counts == other.counts
    )


def tables(loaded: Loaded) -> dict[str, load.World]:
    return {name: getattr(loaded.world, name) for name in load.TABLES}


@pytest.fixture(params=[1, 10_000], ids=["as if long", "short"])
def _sample(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every table for a long one, and then none."""
    for module in (cells, encode, files):
        monkeypatch.setattr(module, "SAMPLE", request.param)


@pytest.mark.usefixtures("_sample")
@pytest.mark.parametrize("changed", CHANGES)
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_both_lanes_find_the_same(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, changed: str, format: str
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    table, column, text = CHANGES[changed]
    change(folder, table, column, text)
    if format == "parquet":
        as_parquet(folder, table)
    assert same(load.load(folder), in_text(folder, monkeypatch))


def as_parquet(folder: Path, table: str) -> None:
    """Write a table as a Parquet file of text."""
    frame = pl.read_csv(folder / f"{table}.csv", infer_schema=False)
    (folder / f"{table}.csv").unlink()
    write_frame(frame, folder / f"{table}.parquet", "parquet")


def test_a_bad_row_shows_what_stands_in_the_file(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    change(folder, "stock", "on_hand", "-007")
    found = load.load(folder).rejects.row(0)
    assert list(SCHEMA) == ["file", "row", "column", "value", "reason"]
    assert found == ("stock.csv", 3, "on_hand", "-007", "it is below 0")


def test_what_no_row_states_is_kept_once(monkeypatch: pytest.MonkeyPatch, shop: Path) -> None:
    monkeypatch.setattr(encode, "SAMPLE", 1)
    stock = load.load(shop).world.stock
    assert [stock[name].strides for name in ("counted_at", "accuracy")] == [(0,), (0,)]
    assert np.unique(stock["accuracy"]).tolist() == [1.0]


def test_names_are_made_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, shop: Path
) -> None:
    monkeypatch.setattr(encode, "SAMPLE", 40)  # 60 orders of other names each
    made = []
    monkeypatch.setattr(encode, "_objects", partial(_noted, encode._objects, made))
    orders = load.load(shop).world.orders
    assert "order" not in made
    assert len(set(orders["order"])) == orders.rows
    assert orders["order"] is orders["order"]
    assert made.count("order") == 1


def _noted(objects, made, values):
    made.append(values.name)
    return objects(values)
