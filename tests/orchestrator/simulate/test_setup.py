"""What a simulation supposes is read from a file, and refused with its place."""

from pathlib import Path

import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Simulation
from omnisource.orchestrator.simulate.setup import read_setup


def written(folder: Path, text: str) -> Path:
    (folder / "simulation.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_that_says_nothing_has_the_defaults(tmp_path: Path) -> None:
    assert read_setup(tmp_path) == Simulation()


def test_the_folders_file_is_read_and_another_instead_of_it(tmp_path: Path) -> None:
    written(tmp_path, "night_hour = 23\n[chances]\nlost = 0.01\n")
    assert read_setup(tmp_path).chances.lost == 0.01
    other = tmp_path / "other.toml"
    other.write_text("night_hour = 1", encoding="utf-8")
    assert read_setup(tmp_path, other) == Simulation(night_hour=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[chances]\nlots = 0.1", "simulation.toml: chances.lots: there is no such key: is it"),
        ("[arrivals]\nby_hour = [1, 2]", "arrivals.by_hour: 2 weights: give 24"),
        (f"[arrivals]\nby_weekday = {[0] * 7}", "7 weights: give 7, not all of them 0"),
        ("[[arrivals.promotions]]\nfrom_day = 2", "arrivals.promotions.0.factor: it is missing"),
        ("[choice]\nconversion = 1", "choice.conversion"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UnusableInput) as refused:
        read_setup(written(tmp_path, text))
    assert said in str(refused.value)


def test_a_file_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="there is no such file"):
        read_setup(tmp_path, tmp_path / "none.toml")
