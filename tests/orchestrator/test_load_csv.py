"""What Python's own CSV module writes is read back; other bytes are refused or accounted for."""

import contextlib
import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.folder import csv_bytes
from omnisource.orchestrator.folder.columns import ROW
from omnisource.orchestrator.folder.csv_bytes import survey
from omnisource.orchestrator.folder.csv_files import read_csv

CELLS = st.text('ab ",;\t\nä', max_size=6)
ROWS = st.lists(st.tuples(st.sampled_from(["x", 'x"', "x,\n"]), CELLS, CELLS), max_size=8)
shared_folder = settings(
    deadline=None,  # it is wall time, and the cores may be shared
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(rows=ROWS, separator=st.sampled_from(",;\t"), ending=st.sampled_from(["\n", "\r\n"]))
@shared_folder
def test_what_was_written_is_read(
    tmp_path: Path, rows: list[tuple[str, ...]], separator: str, ending: str
) -> None:
    path = tmp_path / "table.csv"
    lines = [1]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=ending)
        for row in [("one", "two", "three"), *rows]:
            writer.writerow(row)
            lines.append(lines[-1] + "".join(row).count("\n") + 1)
    read = read_csv(path)
    assert read.rejects.is_empty()
    found = [tuple(cell or "" for cell in row) for row in read.frame.drop(ROW).rows()]
    assert found == rows
    assert read.frame[ROW].to_list() == lines[1:-1]


@given(text=st.text('xy,"\n\r ;\0é', max_size=60))
@shared_folder
def test_any_text_is_read_or_rejected_row_by_row(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"one,two,three\n" + text.encode())
    read = read_csv(path)
    rows = {*read.frame[ROW], *read.rejects["row"]}
    assert len(rows) == read.rows == read.frame.height + read.rejects.height
    assert rows <= set(range(2, text.count("\n") + 3))


@given(data=st.binary(max_size=40))
@shared_folder
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    with contextlib.suppress(UnusableInput):  # any other exception is a fault
        read_csv(path)


@pytest.mark.parametrize("size", [1, 3, 7, 1 << 20])
def test_blocks_do_not_part_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(csv_bytes, "BLOCK", size)
    path = tmp_path / "table.csv"
    for text, expected in [
        ("a,b\n1,2\n3,4", (True, True)),
        ("a,b\n1,2\n3 3,4\n", (True, True)),
        ("a,b\n1, 2\n3,4\n", (True, False)),
        ("a,b\n1,2\n 3,4\n", (True, False)),
        ("a,b\n1,2 \r\n3,4\r\n", (True, False)),
        ("a,b\n1,ä\n", (True, True)),
        ("a,b\n1,ä\xa0\n", (True, False)),
        ("a,b\n1,\u2003ä\n", (True, False)),
        ("a,b\n1,2,\n3\n", (False, False)),
        ("a,b\n1\n2,3,4\n", (False, False)),
        ('a,b\n1,"2"\n', (False, False)),
        ("a,b\n1,2\n\n", (False, False)),
    ]:
        path.write_text(text, newline="")
        assert survey(path, ",", 2) == expected, text


SPACES = [chr(code) for code in range(0x3001) if chr(code).isspace()]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"U+{ord(space):04X}")
def test_a_file_with_any_white_space_around_a_value_is_not_tidy(tmp_path: Path, space: str) -> None:
    """Python counts four control characters as white space that are none in Unicode, nor here."""
    path = tmp_path / "table.csv"
    path.write_text(f"a,b\n1,{space}ä\n", newline="")
    stripped = pl.Series([f"{space}ä"]).str.strip_chars().item() == "ä"
    assert not (stripped and survey(path, ",", 2)[1])
