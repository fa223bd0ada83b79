"""The checks of columns and the row models say the same about any row."""

import functools
import operator
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from omnisource.models.row import Row
from omnisource.orchestrator.folder.cells import trimmed
from omnisource.orchestrator.folder.check import check
from omnisource.orchestrator.folder.columns import ROW, TABLES, Column, columns_of, empty
from omnisource.orchestrator.folder.encode import encode_table

WORDS = st.text("aZ0 -:,ä😀", max_size=4) | st.sampled_from(["x" * 16, "x" * 17, "x" * 200])
TEXTS: dict[str, st.SearchStrategy[str]] = {
    "country": st.sampled_from(["DE", "de", "DEU", "Ö1", ""]),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Mars", ""]),
    "calendar": st.sampled_from(["DE", "DE-BY", "XX", ""]),
    "departs": st.sampled_from(["daily 18:00", "Mon-Fri 6:30", "Mon,Tue", "never", ""]),
    "pauses": st.sampled_from(["2026-12-24", "2026-12-02/2026-12-04", "2026-12-04/2026-12-02", ""]),
    "weekdays": st.sampled_from(["daily", "Mon-Sat", "Sat-Mon,Thu", "Mon-Wed-Fri", "Mo", ""]),
    "hours": st.sampled_from(
        ["daily 0:00-24:00", "Mon 9:00-12:00; Mon 11:00-13:00", "Mon 9:00", "22:00-2:00", ""]
    ),
    "windows": st.sampled_from(["17:00-19:00,19:00-21:00", "9:00-8:00", "17-19", "1:00-2:00", ""]),
}
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([
    UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8)),
]))  # fmt: skip
JUNK = st.sampled_from(["x", "1,5", "--1", "2025-13-01T00:00:00Z", "2025-01-01", "12:60", "maybe"])


def cells(column: Column) -> st.SearchStrategy[str]:
    """Draw what may stand in a cell, near the bounds of its column as often as not."""
    low, high = column.low or 0, column.high or 100
    edges = st.sampled_from([low - 1, low, low + 1, high - 1, high, high + 1])
    kinds: dict[str, st.SearchStrategy[str]] = {
        "text": TEXTS.get(column.name, WORDS | st.sampled_from(["x" * n for n in (201, 501)])),
        "choice": st.sampled_from([*column.choices, "other"]),
        "integer": (st.integers(-5, 10**10) | edges).map(lambda n: str(int(n))),
        "real": (st.floats(-400, 400) | edges | st.sampled_from(["nan", "inf", "1e999"])).map(str),
        "flag": st.sampled_from(["true", "False", "1", "no", "2"]),
        "time": TIMES.map(lambda t: t.isoformat(timespec="seconds"))
        | st.sampled_from(["2025-01-01T00:00:00Z", "2025-01-01T00:00:00"]),
        "clock": st.sampled_from(["00:00", "9:30", "23:59:59", "24:00", "noon"]),
    }
    good = kinds[column.kind]
    often = functools.reduce(operator.or_, [good] * 6)
    return often | st.just("") | (good if column.kind == "text" else JUNK)


SOUND = {
    "text": "ab", "integer": "3", "real": "0.5", "flag": "yes", "time": "2025-01-01T00:00:00Z",
    "clock": "09:30",
}  # fmt: skip
SOUND_TEXTS = {
    "country": "DE", "timezone": "UTC", "calendar": "DE", "departs": "daily 18:00",
    "weekdays": "Mon-Sat", "hours": "Mon 09:00-20:00", "windows": "17:00-19:00",
    "pauses": "2026-12-02/2026-12-04",
}  # fmt: skip


def sound(column: Column) -> str:
    """Return a cell that is accepted, whatever stands beside it; differs from column to column."""
    if column.choices:
        return column.choices[-1]
    text = f"{column.name} {SOUND[column.kind]}"[:16] if column.kind == "text" else ""
    return SOUND_TEXTS.get(column.name, text or SOUND[column.kind])


@st.composite
def rows_of(draw: st.DrawFn, table: str) -> dict[str, str]:
    """Draw a sound row in which some cells are drawn anew or left out."""
    columns = columns_of(table)
    row = {name: sound(column) for name, column in columns.items()}
    changed = draw(st.lists(st.sampled_from(sorted(columns)), max_size=4, unique=True))
    return row | {name: draw(cells(columns[name])) for name in changed}


def judged(table: str, row: dict[str, str]) -> tuple[pl.DataFrame, bool]:
    raw = pl.DataFrame({ROW: [1], **{name: [text] for name, text in row.items()}})
    frame, rejects = check(table, trimmed(raw), "file")
    return frame, rejects.is_empty()


def one_row(table: str, row: dict[str, str]) -> Row | None:
    try:
        return TABLES[table].model_validate(row)
    except ValidationError:
        return None


@pytest.mark.parametrize("table", TABLES)
def test_a_row_without_odd_cells_is_accepted(table: str) -> None:
    row = {name: sound(column) for name, column in columns_of(table).items()}
    assert judged(table, row)[1]
    assert one_row(table, row) is not None


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
@settings(deadline=None)  # a deadline is wall time, and the cores may be shared
def test_columns_accept_what_the_model_accepts(table: str, data: st.DataObject) -> None:
    row = data.draw(rows_of(table))
    frame, accepted = judged(table, row)
    model = one_row(table, row)
    assert accepted == (model is not None)
    assert model is None or frame.drop(ROW).row(0) == tuple(dict(model).values())


def test_frames_without_rows_encode_to_the_types_of_the_contract() -> None:
    table = encode_table("services", empty("services"))
    kinds = [table[name].dtype.kind for name in ("carrier", "grams_co2_per_kg_km", "kind")]
    assert kinds == ["O", "f", "i"]
