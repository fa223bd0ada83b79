"""What the command line says of orders: files and words made into values."""

from collections.abc import Sequence
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.money import Terms
from omnisource.models.reservation import Placed
from omnisource.models.returns import Grade
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
    name = said.get("order", {}).get("order")
    lines = [{"order": name, **line} for line in said.get("lines", [])]
    placed = _made(Placed, {"order": said.get("order"), "lines": lines}, file)
    return placed, _made(Terms, said.get("terms", {}), file)


def change_of_file(file: Path) -> OrderChange:
    """Return what shall be changed.

    Raises:
        UnusableInput: there is no such file, or it says something else.
    """
    said = _read(file)
    said["add"] = [{**line, "order": "-"} for line in said.get("add", [])]  # it is put in later
    return _made(OrderChange, said, file)


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


def grade_of(word: str) -> Grade:
    """Return how goods have come back.

    Raises:
        UnusableInput: nothing is called so.
    """
    for grade in get_args(Grade):
        if grade == word:
            return grade  # type: ignore[no-any-return]
    raise UnusableInput(f"--grade {word}: give {', '.join(get_args(Grade))}")


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
