"""Promises of a made-up national network: exact, within memory, and faster than what rivals do."""

from pathlib import Path
from tempfile import gettempdir

import pytest

from omnisource.orchestrator.bench.promise import Asked, PromiseBench, bench_promise


@pytest.fixture(scope="module")
def figures() -> PromiseBench:
    scratch = Path(gettempdir()) / "omnisource-bench"
    found = bench_promise(None, Asked(carts=1_000, exact=100, rivals=10), scratch)
    print(found.document())
    return found


def test_the_cheapest_and_the_fastest_are_the_best_there_are(figures: PromiseBench) -> None:
    assert (figures.cheapest_differs, figures.priced_differs, figures.fastest_differs) == (0, 0, 0)


def test_memory_keeps_within_its_goal(figures: PromiseBench) -> None:
    assert figures.peak_mb is None or figures.peak_mb <= 1_536


def test_all_modes_take_less_than_one_question_by_a_solver(figures: PromiseBench) -> None:
    assert figures.cpsat_ms is not None
    assert figures.cpsat_ms >= 5 * figures.cpu_milliseconds["p50"]
