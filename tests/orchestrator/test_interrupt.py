"""The first signal asks, and whoever listened before listens again afterwards."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from omnisource.orchestrator.interrupt import TOGETHER, heeding
from omnisource.solvers.problem import Limits
from omnisource.solvers.watch import ending

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


def until_asked(asked: Callable[[], bool]) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    deadline = time.monotonic() + 10
    while not asked() and time.monotonic() < deadline:
        time.sleep(0.01)
    return "the best so far" if asked() else "too late"


def test_work_is_asked_and_handlers_are_put_back() -> None:
    before, said = signal.getsignal(signal.SIGINT), list[str]()
    assert heeding(until_asked, said.append) == "the best so far"
    assert signal.getsignal(signal.SIGINT) is before
    assert len(said) == 1


STUBBORN = """
import time
from omnisource.orchestrator.interrupt import heeding
def work(asked):
    print("busy", flush=True)
    time.sleep(60)
heeding(work, lambda text: print(text, flush=True))
"""


def test_a_second_signal_ends_the_process() -> None:
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        process.send_signal(signal.SIGTERM)
        assert "Once more ends without it." in process.stdout.readline()
        time.sleep(TOGETHER + 0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == -signal.SIGINT


def test_what_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        heeding(lambda asked: 1 / asked(), print)


def test_in_another_thread_work_is_just_done() -> None:
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(heeding(lambda asked: asked(), print)))
    thread.start()
    thread.join()
    assert done == [False]


def test_a_solver_is_interrupted_while_it_is_asked_to_stop() -> None:
    woken = threading.Event()
    with ending(Limits(stop=lambda: True), woken.set):
        assert woken.wait(5)
