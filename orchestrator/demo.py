"""The demonstration: the bundled scenario by the joint solver and by every rule engine."""

import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.batch import Comparison, run_comparison
from omnisource.orchestrator.compare import COMPARED
from omnisource.orchestrator.runs import save_run, usable_folder
from omnisource.solvers.problem import Limits

OUT: Final = Path("out", "demo")


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demonstration found, and where its joint plan is kept."""

    compared: Comparison  # the joint plan first
    out: Path

    def document(self) -> dict[str, Any]:
        """Return the demonstration for JSON."""
        return self.compared.document() | {"out": str(self.out)}

    def example(self) -> str:
        """Return an order worth asking about: the dearest that travels in several shipments."""
        sent, orders = self.compared.plans[0].shipments, self.compared.world.orders
        cents = np.bincount(sent["order"], sent["cost_cents"], orders.rows)
        several = np.bincount(sent["order"], minlength=orders.rows) > 1
        return str(orders["order"][np.argmax(cents * several)])


def scenario_folder() -> Path:
    """Return the folder of the bundled scenario."""
    return Path(str(files("omnisource.scenarios") / "demo"))


def demo_folder(asked: Path | None) -> Path:
    """Return where to write: the folder asked for, else ./out/demo, else a temporary one.

    Raises:
        UnusableInput: the folder asked for cannot be written to.
    """
    if asked is not None:
        return usable_folder(asked)
    try:
        return usable_folder(OUT)
    except UnusableInput:
        return Path(tempfile.mkdtemp(prefix="omnisource-demo-"))


def run_demo(out: Path, limits: Limits | None = None) -> Demo:
    """Allocate the bundled scenario by all solvers but the exact one; keep the joint plan."""
    compared = run_comparison(scenario_folder(), limits or Limits(), solvers=COMPARED)
    save_run(compared.world, compared.plans[0], out, source=compared.opened.folder)
    return Demo(compared, out)
