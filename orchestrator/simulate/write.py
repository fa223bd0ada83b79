"""All measures of a simulation as a table: a row for each policy, replication and day."""

from pathlib import Path

import polars as pl

from omnisource.orchestrator.measures import to_json
from omnisource.orchestrator.runs import usable_folder
from omnisource.orchestrator.simulate.outcome import Simulated
from omnisource.orchestrator.write import replacing, write_frame

TABLE = "days"


def frame_of(found: Simulated) -> pl.DataFrame:
    """Return all measures by policy, replication and day; what a policy does not have is null."""
    parts = [
        pl.DataFrame(
            {
                "policy": [policy] * found.days,
                "replication": [number] * found.days,
                "day": range(found.days),
                "counted": [day >= found.warm for day in range(found.days)],
                **dict(run[policy].by_day),
            }
        )
        for number, run in enumerate(found.runs)
        for policy in found.asked.policies
    ]
    return pl.concat(parts, how="diagonal")


def write_simulation(found: Simulated, folder: Path, *, format: str = "csv") -> list[Path]:
    """Write days.csv (or .parquet) and simulation.json into a folder; return the files."""
    usable_folder(folder)
    table, document = folder / f"{TABLE}.{format}", folder / "simulation.json"
    with replacing(table) as temporary:
        write_frame(frame_of(found), temporary, format)
    with replacing(document) as temporary:
        temporary.write_text(to_json(found.document()) + "\n", encoding="utf-8")
    return [table, document]
