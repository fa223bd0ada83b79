"""Write a scenario folder: `scenario.toml` and tables, the same bytes for the same content."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Format = Literal["csv", "parquet"]


def picked(names: Sequence[str | None], index: NDArray[np.integer]) -> pl.Series:
    """Return the names at those positions as a column of text; −1 gives None.

    >>> picked(["a", "b"], np.array([1, -1])).to_list()
    ['b', None]
    """
    known = pl.Series([*names, None], dtype=pl.String)
    return known.gather(np.where(index < 0, len(names), index))


def write_folder(
    folder: Path,
    tables: Mapping[str, pl.DataFrame],
    *,
    head: Mapping[str, object],
    policy: Mapping[str, object],
    format: Format = "csv",
) -> None:
    """Write each table as `<name>.csv` or `.parquet`, and the head with its policy."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        for old in (folder / f"{name}.csv", folder / f"{name}.parquet"):
            old.unlink(missing_ok=True)
        if format == "csv":
            table.write_csv(folder / f"{name}.csv")
        else:
            table.write_parquet(folder / f"{name}.parquet", statistics=False)
    (folder / "scenario.toml").write_text(scenario_toml(head, policy), encoding="utf-8")


def scenario_toml(head: Mapping[str, object], policy: Mapping[str, object]) -> str:
    """Return the text of `scenario.toml`; entries that are None are left out.

    >>> print(scenario_toml({"name": "x"}, {"late_cents": None, "fences": [{"name": "no"}]}))
    name = "x"
    <BLANKLINE>
    [policy]
    <BLANKLINE>
    [[policy.fences]]
    name = "no"
    <BLANKLINE>
    """
    fences = policy.get("fences", ())
    assert isinstance(fences, list | tuple)
    plain = {key: value for key, value in policy.items() if key != "fences"}
    blocks = [_entries(head), "[policy]\n" + _entries(plain)]
    blocks += ["[[policy.fences]]\n" + _entries(fence) for fence in fences]
    return "\n".join(blocks)


def _entries(values: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_literal(v)}\n" for key, v in values.items() if v is not None)


def _literal(value: object) -> str:
    """Return a TOML literal: JSON's are valid TOML for text, numbers, flags and lists."""
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
