"""Every example in a docstring runs, and every module is loaded under one name only."""

import doctest
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ["models", "solvers", "orchestrator", "scenarios", "cli"]


def modules() -> dict[str, Path]:
    """Dotted name and file of every module of the package."""
    files = [
        *ROOT.glob("*.py"),
        *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py")),
    ]
    return {
        ".".join(["omnisource", *file.relative_to(ROOT).with_suffix("").parts]).removesuffix(
            ".__init__"
        ): file
        for file in sorted(files)
    }


@pytest.mark.parametrize(("name", "file"), modules().items(), ids=modules())
def test_the_examples_in_docstrings_hold(name: str, file: Path) -> None:
    module = importlib.import_module(name)
    assert Path(str(module.__file__)).resolve() == file, "another checkout or a wheel is imported"
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_every_module_is_loaded_under_one_name() -> None:
    for name in modules():
        importlib.import_module(name)
    loaded = [
        (name, Path(module.__file__).resolve())
        for name, module in sys.modules.items()
        if getattr(module, "__file__", None)
    ]
    names = {
        file: [name for name, origin in loaded if origin == file] for file in modules().values()
    }
    assert names == {file: [name] for name, file in modules().items()}
