"""CSV files as people and spreadsheets write them: every cell as text, with its line number.

A row's number is that of the line on which it starts, the header being line 1, whatever line
breaks stand inside quotation marks. Lines without any value are passed over. A file is UTF-8,
with or without byte order mark; its fields are separated by commas, semicolons or tabs,
whichever its header uses.

A plain file without faults takes the fast lane: its cells are read in the types that they are to
have, names of another table as positions in it. The first cell that does not fit sends the whole
file back to the slow lane, which reads text and can say what is wrong, and where.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl
import polars.selectors as cs

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.folder.columns import ROW
from omnisource.orchestrator.folder.csv_bytes import survey
from omnisource.orchestrator.folder.rejects import none, reject

SEPARATORS = ",;\t"
STRAY = (
    "a quotation mark stands where none may, or is never closed: put the whole field in "
    "quotation marks and double those inside"
)
NUL = "it contains a NUL character: save the file as UTF-8 text"


@dataclass(frozen=True)
class Read:
    """A file as it was read, before any cell is looked at."""

    frame: pl.DataFrame  # `ROW` and the file's columns
    rejects: pl.DataFrame
    rows: int
    separator: str = ","
    is_tidy: bool = False  # no text has spaces around it or is empty
    is_typed: bool = False  # its cells were read in the types that were asked for


Dtypes = Mapping[str, pl.DataType]


def read_csv(path: Path, dtypes: Dtypes = MappingProxyType({})) -> Read:
    """Read a CSV file as text; in other types where every cell of the file has a value of them.

    Args:
        path: the file.
        dtypes: the types asked for, by column; columns not named are text.

    Raises:
        UnusableInput: it has no header, is not UTF-8, or its separator cannot be told.
    """
    header, separator = _header(path)
    try:
        return _read(path, header, separator, dtypes)
    except pl.exceptions.PolarsError:
        _refuse_bad_bytes(path)
        raise


def _read(path: Path, header: list[str], separator: str, dtypes: Dtypes) -> Read:
    plain, tidy = survey(path, separator, len(header))
    typed = None
    if plain and tidy and separator != ";" and dtypes:  # with ";", commas may be decimal
        typed = _parse_typed(path, header, separator, dtypes)
    if plain:
        frame = _parse(path, header, separator) if typed is None else typed
        numbers = pl.int_range(2, frame.height + 2, eager=True).alias(ROW)
        rejects = none()
    else:
        frame, numbers, rejects = _read_by_records(path, header, separator)
    frame = _without_blanks(frame.insert_column(0, numbers))
    return Read(
        frame,
        rejects,
        frame.height + rejects.height,
        separator=separator,
        is_tidy=tidy,
        is_typed=typed is not None,
    )


def _read_by_records(
    path: Path, header: list[str], separator: str
) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    """Read a file with quotation marks, or with records that have to be left out."""
    lines = pl.read_lines(path, name="text", row_index_name=ROW, row_index_offset=1).slice(1)
    lines = lines.with_columns(pl.col("text").str.strip_suffix("\r"), pl.col(ROW).cast(pl.Int64))
    records = _records(lines, separator).with_columns(_fault(len(header), separator))
    bad = records.filter(pl.col("fault") != "")
    good = records.filter(pl.col("fault") == "")
    frame = _parse(good["text"], header, separator)
    rejects = reject(bad, file=path.name, column="", value="text", reason=pl.col("fault"))
    return frame, good[ROW], rejects


def _without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop rows without any value, as spreadsheets leave them behind."""
    if frame.width < 2 or not frame.to_series(1).null_count():
        return frame
    return frame.filter(~pl.all_horizontal(pl.all().exclude(ROW).is_null()))


def _refuse_bad_bytes(path: Path) -> None:
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnusableInput(
            f"{path.name}, line {line}: byte {data[error.start]:#04x} (the {error.start + 1}th "
            "of the file) is not UTF-8: save the file as UTF-8"
        ) from None


def _header(path: Path) -> tuple[list[str], str]:
    """Return the names in the first line, and what separates them."""
    with path.open("rb") as file:
        head = file.readline(1 << 20)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head:
        raise UnusableInput(f"{path.name}: this is UTF-16 text, not UTF-8: save it as UTF-8")
    text = head.decode("utf-8-sig", errors="replace").strip("\n").removesuffix("\r")
    if not text.strip():
        raise UnusableInput(f"{path.name}: no header; the first line names the columns")
    if "\r" in text:
        raise UnusableInput(f"{path.name}: its lines end in CR alone: save it with LF or CRLF")
    separator = _separator(path, text)
    names = [name.strip() for name in next(csv.reader([text], delimiter=separator))]
    for name in names:
        if names.count(name) > 1:
            what = f"two columns are named {name!r}" if name else "columns without a name"
            raise UnusableInput(f"{path.name}, line 1: {what}: give each a name of its own")
    return names, separator


def _separator(path: Path, header: str) -> str:
    used = [separator for separator in SEPARATORS if separator in header]
    if len(used) > 1:
        raise UnusableInput(
            f"{path.name}, line 1: {' and '.join(map(repr, used))} both stand in the header: "
            "separate the columns by one of them only"
        )
    return used[0] if used else ","


def _records(lines: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Join lines that a quoted line break parts, and drop lines without any value."""
    quoted = lines["text"].str.contains('"', literal=True)
    if quoted.any():
        lines = _join(lines.with_columns(_breaks(lines, separator)))
    return lines.filter(pl.col("text").str.strip_chars(f'{separator} "') != "")


def _breaks(lines: pl.DataFrame, separator: str) -> pl.Series:
    """Return how many lines before each its record starts (0 for most).

    Only lines with an odd number of quotation marks open or close a record of several lines;
    one that cannot open any (a stray mark), or whose mark is never closed, stands alone.
    """
    odd = (lines["text"].str.count_matches('"', literal=True) % 2 == 1).arg_true()
    opens = lines["text"].gather(odd).str.contains(_opening(separator)).to_list()
    back = np.zeros(lines.height, np.int64)
    for first, last in _spans(odd.to_list(), opens):
        back[first + 1 : last + 1] = np.arange(1, last - first + 1)
    return pl.Series("#back", back)


def _spans(odd: list[int], opens: list[bool]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line of each record of several lines."""
    start: int | None = None
    for at, can_open in zip(odd, opens, strict=True):
        if start is not None:
            yield start, at
            start = None
        elif can_open:
            start = at


def _opening(separator: str) -> str:
    """Return the pattern of a line that ends inside a quoted field."""
    return f'^({_field(separator)}{separator})*"([^"]|"")*$'


def _field(separator: str) -> str:
    return f'("([^"]|"")*"|[^"{separator}]*)'


def _join(lines: pl.DataFrame) -> pl.DataFrame:
    if not (lines["#back"] > 0).any():
        return lines.drop("#back")
    start = pl.col(ROW) - pl.col("#back")
    return lines.group_by(start.alias(ROW), maintain_order=True).agg(pl.col("text").str.join("\n"))


def _fault(fields: int, separator: str) -> pl.Expr:
    """Return why a record cannot be read; empty where it can."""
    text = pl.col("text")
    field = _field(separator)
    quoted = text.str.contains('"', literal=True)
    plain = pl.when(quoted).then(text.str.replace_all('"([^"]|"")*"', "")).otherwise(text)
    found = plain.str.count_matches(separator, literal=True) + 1
    ragged = pl.format(f"it has {{}} fields where the header has {fields}", found)
    well_formed = text.str.contains(f"^{field}({separator}{field})*$")
    return (
        pl.when(text.str.contains("\0", literal=True))
        .then(pl.lit(NUL))
        .when(quoted & ~well_formed)
        .then(pl.lit(STRAY))
        .when(found != fields)
        .then(ragged)
        .otherwise(pl.lit(""))
        .alias("fault")
    )


def _parse_typed(
    path: Path, header: list[str], separator: str, dtypes: Dtypes
) -> pl.DataFrame | None:
    """Read the cells of a plain and tidy file in those types; None where one has no such value."""
    try:
        frame = _parse(path, header, separator, dtypes)
    except pl.exceptions.PolarsError:
        return None
    is_finite = (bool(column.is_finite().all()) for column in frame.select(cs.float()))
    return frame if all(is_finite) else None


def _parse(
    source: Path | pl.Series,
    header: list[str],
    separator: str,
    dtypes: Dtypes = MappingProxyType({}),
) -> pl.DataFrame:
    """Read the cells of a plain file, or of sound records."""
    schema = {name: dtypes.get(name, pl.String()) for name in header}
    text = source if isinstance(source, Path) else "\n".join(["", *source, ""]).encode()
    return pl.read_csv(text, has_header=False, skip_lines=1, schema=schema, separator=separator)
