"""What the command line says of orders: files and words made into values."""

from collections.abc import Sequence
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.money import Terms
from omnisource.models.reservation import Placed
from omnisource.models.told import OrderChange

Model = TypeVar("Model", bound=BaseModel)


def placed_of_file(file: Path) -> tuple[Placed, Terms]:
    """Return an order with its lines, and what it costs besides.

    The file is JSON: `order`, `lines`, and `terms`, which may be left out; lines need not name the
    order.

    Raises:
        UnusableInput: there is no such file, or it says something else.
    """
    said = _read(file)
    head = said.get("order")
    lines = _of_order(said.get("lines", []), head.get("order") if isinstance(head, dict) else None)
    placed = _made(Placed, {"order": head, "lines": lines}, file)
    return placed, _made(Terms, said.get("terms", {}), file)


def change_of_file(file: Path) -> OrderChange:
    """Return what shall be changed.

    Raises:
        UnusableInput: there is no such file, or it says something else.
    """
    said = _read(file)
    said["add"] = _of_order(said.get("add", []), "-")  # its name is put in later
    return _made(OrderChange, said, file)


def _of_order(lines: Any, order: Any) -> Any:
    """Return lines that name their order; what is no line is left for the model to refuse."""
    if not isinstance(lines, list):
        return lines
    return [{"order": order, **line} if isinstance(line, dict) else line for line in lines]


def _read(file: Path) -> dict[str, Any]:
    try:
        said = loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, JSONDecodeError) as error:
        raise UnusableInput(f"{file}: {error}; give a JSON document") from None
    if not isinstance(said, dict):
        raise UnusableInput(f"{file}: give a JSON object")
    return said


def _made(model: type[Model], said: Any, file: Path) -> Model:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        raise UnusableInput(f"{file}: {where}: {first['msg']}") from None


def units_by_line(words: Sequence[str]) -> dict[str, int]:
    """Return units of lines.

    >>> units_by_line(["a:2", "b"])
    {'a': 2, 'b': 1}

    Raises:
        UnusableInput: the units are no whole number above 0.
    """
    found = {}
    for word in words:
        line, units = word.rsplit(":", 1) if ":" in word else (word, "1")
        if not units.isdecimal() or int(units) < 1:
            raise UnusableInput(f"{word!r}: give LINE:UNITS, as in a:2")
        found[line] = int(units)
    return found


def pair_of(text: str) -> tuple[str, str]:
    """Return what stands before and after the last colon.

    >>> pair_of("warehouse:post")
    ('warehouse', 'post')

    Raises:
        UnusableInput: there is no colon.
    """
    first, colon, second = text.rpartition(":")
    if not colon:
        raise UnusableInput(f"{text!r}: two names are asked for, with a colon between them")
    return first, second
