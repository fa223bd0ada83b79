"""Files that say what an order is, or what shall be changed of it: what they lack is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.life.form import change_of_file, placed_of_file

HEAD = {"order": "o", "placed_at": "2025-01-06T12:00:00Z", "country": "DE", "postcode": "1"}
LINE = {"line": "a", "sku": "A", "units": 2}


def written(folder: Path, said: Any) -> Path:
    file = folder / "said.json"
    file.write_text(json.dumps(said))
    return file


def test_lines_need_not_name_their_order(tmp_path: Path) -> None:
    placed, terms = placed_of_file(written(tmp_path, {"order": HEAD, "lines": [LINE]}))
    assert [(line.order, line.units) for line in placed.lines] == [("o", 2)]
    assert terms.charges == ()
    change = change_of_file(written(tmp_path, {"add": [LINE], "cancel": {"b": 1}}))
    assert [line.sku for line in change.add] == ["A"]


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ([], "give a JSON object"),
        ({"order": "o", "lines": [LINE]}, "order: "),
        ({"order": HEAD, "lines": LINE}, "lines: "),
        ({"order": HEAD, "lines": ["a"]}, r"lines\.0: "),
        ({"order": HEAD, "lines": [LINE], "terms": [1]}, "give a JSON object|Input should be"),
    ],
)
def test_an_order_of_another_shape_is_refused_with_the_place(
    tmp_path: Path, said: Any, where: str
) -> None:
    with pytest.raises(UnusableInput, match=where):
        placed_of_file(written(tmp_path, said))


@pytest.mark.parametrize(("add", "where"), [("a", "add: "), (["a"], r"add\.0: ")])
def test_a_change_of_another_shape_is_refused_with_the_place(
    tmp_path: Path, add: Any, where: str
) -> None:
    with pytest.raises(UnusableInput, match=where):
        change_of_file(written(tmp_path, {"add": add}))
