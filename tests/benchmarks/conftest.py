"""One run of each part of `bench night` for all benchmarks; its tables are shown."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from rich.console import Console

from omnisource.orchestrator.bench.common import Bench
from omnisource.orchestrator.bench.night import bench_night
from omnisource.orchestrator.report.plans import sheet_report

ORDERS = int(os.environ.get("OMNISOURCE_BENCH_ORDERS", "20000"))
SECONDS = 120.0


@pytest.fixture(scope="session")
def part(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Measure a part, once; returns its rows."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    @cache
    def measured(name: str) -> Any:
        asked = Bench(orders=ORDERS, seconds=SECONDS, rival_seconds=SECONDS)
        document, sheets = bench_night(asked, [name])
        with capture.global_and_fixture_disabled():
            for sheet in sheets:
                Console().print("\n", sheet_report(sheet))
        return document[name]

    return measured
