"""Where a simulation's suppositions are read: `simulation.toml`, or the file that is named."""

from datetime import datetime
from pathlib import Path

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Simulation
from omnisource.models.world import World
from omnisource.orchestrator.folder.head import read_toml, validated

SETUP = "simulation.toml"


def read_setup(folder: Path, file: Path | None = None, *, warm_up: int | None = None) -> Simulation:
    """Read what a simulation supposes; the defaults where a folder says nothing.

    Args:
        folder: of the scenario.
        file: instead of the folder's own.
        warm_up: days, instead of those that it states.

    Raises:
        UnusableInput: the named file is not there, no TOML, or a key or a value in it is wrong.
    """
    path = file or folder / SETUP
    stated = read_toml(path) if file is not None or path.exists() else {}
    if warm_up is not None:
        stated["warm_up_days"] = warm_up
    return validated(Simulation, stated, path.name)


def share_of(text: str) -> float:
    """Return a share that people write: 0.5% or 0.005.

    Raises:
        UnusableInput: it is no share between 0 and 1.

    >>> share_of("0.5%"), share_of("0.005")
    (0.005, 0.005)
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise UnusableInput(f"--until {text}: give a share, such as 0.5% or 0.005")
    return share


def begin_of(world: World, day: datetime | None) -> int | None:
    """Return when a day begins by the scenario's clock, a minute since 1970."""
    if day is None:
        return None
    return int(day.replace(tzinfo=world.scenario.now.tzinfo).timestamp()) // 60
