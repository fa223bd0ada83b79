"""The service beside an empty route, on a made-up network; no second is asserted."""

from pathlib import Path

from omnisource.orchestrator.bench.serve import Asked, bench_serve
from omnisource.orchestrator.synthetic.generate import generate


def test_nothing_fails_every_unit_is_sold_once_and_memory_is_level(tmp_path: Path) -> None:
    generate(tmp_path / "net", orders=2_000, nodes=100)
    found = bench_serve(tmp_path / "net", Asked(seconds=2.0, soak=20.0), tmp_path)
    print(found.document())
    assert (found.rush.sold, found.rush.refused, found.rush.broken) == (500, 1_500, 0)
    assert [speed.failed for speed in found.speeds] == [0, 0, 0]
    assert found.memory.peak <= 1.5 * 1024
    assert found.memory.end <= 1.1 * found.memory.begin
