"""More than one machine: two Ray nodes on loopback, one of them killed; no order lost or twice."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.distribute import Engine, OnRay, allocate_in_shards
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.problem import Limits, Round
from omnisource.solvers.shards.shard import Served, Sparse

Omnisource = Callable[..., Any]
HEAD, OTHER = "127.0.0.2", "127.0.0.3"
LIMITS = Limits(gap=0.0, seconds=300.0, threads=1)
SHARDS = 3
SMALL = ("--num-cpus=2", "--object-store-memory=100000000", "--disable-usage-stats", "--block")
PATIENCE = 40.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> om.World:
    folder = tmp_path_factory.mktemp("distributed") / "night"
    generate(folder, orders=2_000, nodes=40, seed=11)
    return om.load(folder)


@pytest.fixture(scope="module")
def local(world: om.World) -> om.Plan:
    return allocate_in_shards(world, Engine("local", SHARDS), limits=LIMITS)


@dataclass(frozen=True)
class Cluster:
    """A head node, to which others may be added."""

    address: str
    environment: dict[str, str]
    log: Path

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *words, *SMALL]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def add(self) -> "subprocess.Popen[bytes]":
        """Start another node, and wait until it belongs to the cluster."""
        import ray

        before = _alive()
        node = self.start(f"--address={self.address}", f"--node-ip-address={OTHER}")
        _until(lambda: _alive() > before, self.log)
        assert ray.cluster_resources()["CPU"] >= 2 * SHARDS - 2
        return node


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A Ray cluster of our own, with a secret of its own, to which this process belongs."""
    if sys.platform != "linux":
        pytest.skip("needs Linux: 127.0.0.2 and 127.0.0.3 are there without setting them up")
    if find_spec("ray") is None:
        pytest.skip("needs Ray: pip install 'omnisource[ray]'")
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # its sockets want a short path
    with socket.socket() as free:
        free.bind((HEAD, 0))
        port = free.getsockname()[1]
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    soon = {"initial_delay_ms": "0", "period_ms": "500", "timeout_ms": "1000",
            "failure_threshold": "3"}  # fmt: skip
    soon = {f"RAY_health_check_{name}": value for name, value in soon.items()}
    path = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, **secret, **soon, "PYTHONPATH": path}
    made = Cluster(f"{HEAD}:{port}", environment, folder / "log")
    head = made.start(
        "--head", f"--port={port}", f"--node-ip-address={HEAD}", f"--temp-dir={folder}",
        "--include-dashboard=false",
    )  # fmt: skip
    patch = pytest.MonkeyPatch()
    for name, value in secret.items():
        patch.setenv(name, value)
    import ray  # reads the secret once, when it is imported

    try:
        _until(lambda: "Ray runtime started" in made.log.read_text(), made.log)
        ray.init(made.address, _node_ip_address=HEAD, log_to_driver=False, logging_level="error")
        _until(lambda: _alive() > 0, made.log)
        yield made
    finally:
        ray.shutdown()
        kill(head)
        patch.undo()
        shutil.rmtree(folder, ignore_errors=True)


def _alive() -> int:
    import ray

    return sum(node["Alive"] for node in ray.nodes())


def _until(true: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, log.read_text(errors="replace")[-2_000:]
        time.sleep(0.1)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def kill(node: "subprocess.Popen[bytes]") -> None:
    """End all processes of a node at once, and no other."""
    for pid in family(node.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    node.wait()


@pytest.mark.parametrize(("step", "at"), [("prices", 25), ("finish", 63)])
def test_a_node_killed_in_the_middle_changes_nothing(
    cluster: Cluster, world: om.World, local: om.Plan, *, step: str, at: int
) -> None:
    node, homes = cluster.add(), []

    def strike(now: Round) -> None:
        if now.step == step and now.done == at and not homes:
            homes.append(_alive())
            kill(node)

    try:
        engine = Engine("ray", SHARDS, cluster.address)
        plan = allocate_in_shards(world, engine, limits=replace(LIMITS, report=strike))
    finally:
        kill(node)
    assert homes == [2]
    assert plan.facts["notes"]["shards_made_again"] >= 1
    assert plan.cost_cents == local.cost_cents
    assert plan.bound_cents == local.bound_cents
    for ours, theirs in ((plan.shipments, local.shipments), (plan.allocations, local.allocations)):
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    asked = np.bincount(world.lines["order"], world.lines["units"], world.orders.rows)
    for table in (plan.allocations, plan.shortages):
        asked -= np.bincount(table["order"], table["units"], world.orders.rows)
    assert (asked == 0).all()


def served(cost: int, rows: list[int]) -> Served:
    return Served(cost, Sparse(np.array(rows, np.int32), np.ones(len(rows), np.int32)))


class Fickle:
    """An actor that dies in its second life's first call, and whose plans come out otherwise."""

    def __init__(self, asked: list[Any], life: int) -> None:
        self.asked, self.life, self.call = asked, life, self
        self.calls = 0

    def remote(self, method: str, *arguments: Any) -> Any:
        self.asked.append((self.life, method, *arguments))
        self.calls += 1
        dead = (self.life, self.calls) in ((0, 2), (1, 1))
        return RuntimeError() if dead else served(100 + self.life, [self.life])


@pytest.fixture
def toy_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ray whose actors live in this process, and fail by RuntimeError."""

    def get(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    toy: Any = ModuleType("ray")
    toy.get, toy.put, toy.kill = get, lambda value: value, lambda _: None
    errors: Any = ModuleType("ray.exceptions")
    errors.ObjectLostError = errors.RayActorError = RuntimeError
    monkeypatch.setitem(sys.modules, "ray", toy)
    monkeypatch.setitem(sys.modules, "ray.exceptions", errors)


@pytest.mark.usefixtures("toy_ray")
def test_a_shard_whose_plans_come_out_otherwise_keeps_within_what_it_was_known_to_use() -> None:
    asked: list[Any] = []
    lives = iter(range(9))
    shards = OnRay(lambda _: Fickle(asked, next(lives)), [Fickle(asked, next(lives))], [[]])
    shards.call("served", [("room", 0.1, 9.0)])
    (answer,) = shards.call("improved", [("prices", "more room")])
    assert shards.lost == 2
    known = asked[4][2]
    assert asked == [
        (0, "served", "room", 0.1, 9.0),
        (0, "improved", "prices", "more room"),  # it dies
        (1, "served", "room", 0.1, 9.0),  # and again
        (2, "served", "room", 0.1, 9.0),  # it lives, with other plans
        (2, "served", known, 0.1, 9.0),
        (2, "improved", "prices", "more room"),
    ]
    assert known.rows.tolist() == [0]
    assert answer.cost == 102
    assert [method for method, *_ in shards.history[0]] == ["served", "improved"]


@pytest.mark.usefixtures("toy_ray")
def test_a_shard_that_cannot_be_kept_alive_ends_the_night_with_the_reason() -> None:
    dying = SimpleNamespace(call=SimpleNamespace(remote=lambda *_: RuntimeError("no memory")))
    with pytest.raises(UnusableInput, match="Ray lost shard 0 5 times, last by: no memory"):
        OnRay(lambda _: dying, [dying], [[]]).call("priced", [("prices",)])


def test_the_local_engine_is_there_from_the_command_line(
    omnisource: Omnisource, shop: Path
) -> None:
    found = omnisource("allocate", shop, "--shards", 2, "--json", "--quiet").document
    assert (found["solver"], found["notes"]["shards"]) == ("sharded", 2)
    assert found["bound_cents"] <= found["cost_cents"]
    assert found["verdicts"]["eligible"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shards", 2, "--solver", "nearest"), "--solver nearest cannot work in shards"),
        (("--engine", "ray", "--db", "x.db"), "give a scenario folder DIR, or --db"),
        (("--engine", "dask"), "'dask' is not one of 'local', 'ray'"),
    ],
)
def test_what_cannot_be_distributed_is_refused(
    omnisource: Omnisource, shop: Path, words: tuple[object, ...], said: str
) -> None:
    result = omnisource("allocate", shop, *words)
    assert result.code == 2
    assert said in " ".join(result.err.split())


def test_without_ray_it_says_what_to_install(
    omnisource: Omnisource, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    said = omnisource("allocate", shop, "--engine", "ray")
    assert said.code == 2
    assert "pip install 'omnisource[ray]'" in said.err
