"""Where a simulation's suppositions are read: `simulation.toml`, or the file that is named."""

from pathlib import Path

from omnisource.models.simulation import Simulation
from omnisource.orchestrator.folder.head import read_toml, validated

SETUP = "simulation.toml"


def read_setup(folder: Path, file: Path | None = None) -> Simulation:
    """Read what a simulation supposes; the defaults where a folder says nothing.

    Raises:
        UnusableInput: the named file is not there, no TOML, or a key or a value in it is wrong.
    """
    path = file or folder / SETUP
    if file is None and not path.exists():
        return Simulation()
    return validated(Simulation, read_toml(path), path.name)
