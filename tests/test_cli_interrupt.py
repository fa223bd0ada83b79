"""`omnisource allocate` while it runs: a line a round, and an end by signal."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnisource.orchestrator.synthetic.generate import generate

Omnisource = Callable[..., Any]
COMMAND = [sys.executable, "-c", "from omnisource.cli import main; main()"]
LONG = ("--gap", "0", "--time", "600", "--json")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders enough to be busy with for many seconds."""
    folder = tmp_path_factory.mktemp("long") / "night"
    generate(folder, orders=3_000, seed=1, scarcity=0.9, format="parquet")
    return folder


@pytest.fixture
def running(night: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The real command, in the midst of its rounds."""
    log = tmp_path / "log.jsonl"
    words = ["allocate", str(night), *LONG, "--out", "out", "--json-log", str(log)]
    with subprocess.Popen(
        COMMAND + words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (log.exists() and '"round": 3,' in log.read_text()):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        yield process
        process.kill()


@posix
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_search_with_the_best_plan_so_far(
    running: subprocess.Popen[str], tmp_path: Path, sent: signal.Signals
) -> None:
    for _ in range(2):  # as a program that passes on what the terminal has sent to all
        running.send_signal(sent)
    out, err = running.communicate(timeout=120)
    found = json.loads(out)
    assert (running.returncode, found["status"]) == (0, "interrupted")
    assert 0 < found["bound_cents"] <= found["cost_cents"]
    assert "Asked to end: the best plan so far comes next." in err
    assert "interrupted: this is the best plan so far" in err
    assert pl.read_csv(tmp_path / "out" / "shipments.csv").height == found["shipments"]


def test_the_log_has_a_line_a_round(omnisource: Omnisource, shop: Path, here: Path) -> None:
    said = omnisource("allocate", shop, "--json-log", "log.jsonl", "--time", 60, "--json")
    rounds = [json.loads(line) for line in (here / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in rounds][:3] == ["load", "compile", "solve"]
    last = [r for r in rounds if r["gap"] is not None][-1]
    assert last["round"] > 0
    assert last["cost_cents"] >= said.document["cost_cents"]
    assert last["bound_cents"] <= said.document["cost_cents"]
    assert 0 < last["seconds_left"] < 60
    assert [r["seconds"] for r in rounds] == sorted(r["seconds"] for r in rounds)
    assert all(r["time"].endswith("+00:00") for r in rounds)


def test_a_log_that_cannot_be_written_is_refused(
    omnisource: Omnisource, shop: Path, here: Path
) -> None:
    said = omnisource("allocate", shop, "--json-log", here)
    assert said.code == 2
    assert "name another file with --json-log" in said.err


@pytest.mark.parametrize("solver", ["joint", "exact", "nearest", "monolith-highs"])
def test_no_time_at_all_still_gives_a_plan(omnisource: Omnisource, shop: Path, solver: str) -> None:
    found = omnisource("allocate", shop, "--solver", solver, "--time", 0, "--json").document
    assert found["cost_cents"] > 0
    assert found["bound_cents"] is None or found["bound_cents"] <= found["cost_cents"]
