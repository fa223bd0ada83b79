"""What a replication comes to by day; this holds its place."""

from collections.abc import Mapping
from dataclasses import dataclass

from omnisource.solvers.problem import Ints


@dataclass(frozen=True, eq=False)
class Tally:
    """Measures by name, (D,) each."""

    by_day: Mapping[str, Ints]
