"""What a decision was made from comes back as it was, or is refused with what is wrong."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.seen import pack, unpack


def test_a_world_comes_back_as_it_was(shop: Path) -> None:
    world = om.load(shop)
    back = unpack(pack(world)).world
    assert back.scenario == world.scenario
    assert back.orders["order"].tolist() == world.orders["order"].tolist()
    assert pack(back) == pack(world)


def test_a_record_of_which_a_part_is_missing_is_refused(shop: Path) -> None:
    part = BytesIO()
    with ZipFile(BytesIO(pack(om.load(shop)))) as whole, ZipFile(part, "w") as some:
        for name in whole.namelist():
            if name not in ("lanes.parquet", "facts.json"):
                some.writestr(name, whole.read(name))
    with pytest.raises(UnusableInput, match=r"lacks facts\.json, lanes"):
        unpack(part.getvalue())


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(UnusableInput, match="no record"):
        unpack(b"nothing")
