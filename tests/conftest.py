"""What tests of the verbs share: the command line in this process, and a small scenario."""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from numba.core.dispatcher import Dispatcher

from omnisource.cli import main
from omnisource.orchestrator.demo import Demo, run_demo
from omnisource.orchestrator.synthetic.generate import generate

LONGEST_COMPILE = 60.0
"""Seconds that one process waits for another to compile; then it compiles itself."""


def pytest_configure() -> None:
    """Let processes that test side by side compile what they share once, not each for itself."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    compile_alone = Dispatcher.compile

    def compile_in_turn(self: Dispatcher, signature: Any) -> Any:
        if not self.py_func.__module__.startswith("omnisource."):  # a library's, within one of ours
            return compile_alone(self, signature)
        with turn(f"{self.py_func.__module__} {self.py_func.__qualname__} {signature}"):
            return compile_alone(self, signature)  # it looks on disk first

    Dispatcher.compile = compile_in_turn


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Have others wait who want the same."""
    digest = blake2b(name.encode(), digest_size=16).hexdigest()
    end = time.monotonic() + LONGEST_COMPILE
    folder = Path(tempfile.gettempdir()) / "omnisource-compiled-in-turn"
    folder.mkdir(exist_ok=True)
    with (folder / digest).open("w") as file:
        while time.monotonic() < end:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.05)
        yield
    # closing the file gives the lock back


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


Omnisource = Callable[..., Said]


@pytest.fixture
def omnisource(capsys: pytest.CaptureFixture[str]) -> Omnisource:
    """The command line, run in this process."""

    def run(*words: object) -> Said:
        arguments: Sequence[str] = [str(word) for word in words]
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(arguments)
        said = capsys.readouterr()
        return Said(int(left.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated scenario with scarce stock; read only."""
    folder = tmp_path_factory.mktemp("scenario") / "shop"
    generate(folder, orders=60, nodes=6, seed=5, scarcity=0.8, contested=0.4, large=0.0)
    return folder


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demonstration, run once."""
    return run_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def flawed(shop: Path, tmp_path: Path) -> Path:
    """The shop with a line of a product that nobody knows, and one that lacks its units."""
    folder = tmp_path / "flawed"
    shutil.copytree(shop, folder)
    with (folder / "lines.csv").open("a") as lines:
        lines.write("o01,x,NO-SUCH-SKU,1,0,0,\no02,y,S000001,,0,0,\n")
    return folder
