"""Loading and writing beside polars' own time for the same files, in the same run.

OMNISOURCE_BENCH_ORDERS=1000000 measures the full size; below 500,000 orders the files are too small
to tell anything but what calling polars costs. A ceiling above the goal of three times is what is
reached, with some room for a busy machine.
"""

import os

import pytest
from rich.console import Console

from omnisource.orchestrator.bench.load import LoadBench, bench_load

ORDERS = max(500_000, int(os.environ.get("OMNISOURCE_BENCH_ORDERS", "0")))
AT_MOST = {
    ("csv", "load"): 3.0, ("csv", "write"): 3.0,
    ("parquet", "load"): 12.0, ("parquet", "write"): 3.0,
}  # fmt: skip
AFTER = 15.0
"""Times polars' own writing of a plan that judging, measuring and writing it may take together."""


@pytest.fixture(scope="module", params=["csv", "parquet"])
def bench(request: pytest.FixtureRequest) -> LoadBench:
    """The figures, printed."""
    figures = bench_load(orders=ORDERS, format=request.param, repeats=3)
    Console().print(figures.table())
    return figures


@pytest.mark.parametrize("step", ["load", "write"])
def test_a_file_takes_little_longer_than_polars_alone(bench: LoadBench, step: str) -> None:
    times = bench[step].times
    assert times is not None
    assert times <= AT_MOST[bench.format, step]


def test_what_comes_after_the_solver_takes_a_few_times_the_writing(bench: LoadBench) -> None:
    taken = sum(bench[step].seconds for step in ("judge", "measure", "write"))
    plain = bench["write"].polars
    assert plain is not None
    assert taken <= AFTER * plain
