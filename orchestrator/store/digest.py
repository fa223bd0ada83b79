"""What stands for all that a run was made from: its digest."""

from hashlib import blake2b
from typing import Final

import numpy as np
import polars as pl
import polars.selectors as cs

from omnisource.models.scenario import Scenario
from omnisource.orchestrator.folder.link import Frames

PART: Final = 500_000
"""Rows that are made text at a time."""


def digest_of(scenario: Scenario, raw: Frames) -> str:
    """Return 16 characters that stand for all that was read, names and positions of names alike."""
    digest = blake2b(scenario.model_dump_json().encode(), digest_size=8)
    names = cs.enum().cast(pl.String)
    for table in sorted(raw):
        digest.update(f"{table} {raw[table].columns}".encode())
        for part in raw[table].iter_slices(PART):
            rows = part.with_columns(names).hash_rows(seed=0).to_numpy()
            digest.update(np.ascontiguousarray(rows).tobytes())
    return digest.hexdigest()
