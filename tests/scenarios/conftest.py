import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the real data, which lie outside the repository."""
    folder = Path(os.environ.get("OMNISOURCE_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "plz_de.csv.gz").exists():
        pytest.skip("needs the real data, which are not here: set OMNISOURCE_DATA to their folder")
    return folder
