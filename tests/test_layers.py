"""The walls of the house: who imports whom, and what importing costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A layer may import itself and what stands before it. "omnisource" is the root __init__.py.
FLOORS = ["models", "solvers", "orchestrator", "scenarios", "omnisource", "commands", "cli"]
BARE = {*FLOORS, "tests"} - {"omnisource"}
HEAVY = {"numba", "ortools", "polars", "sqlalchemy", "sqlmodel"}


def sources() -> list[Path]:
    folders = [ROOT / floor for floor in FLOORS if (ROOT / floor).is_dir()]
    return sorted([*ROOT.glob("*.py"), *(path for f in folders for path in f.rglob("*.py"))])


def floor_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "omnisource" if first == "__init__" else first


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import; a relative one keeps its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            dot = "" if origin.endswith(".") else "."
            yield from ((node.lineno, f"{origin}{dot}{alias.name}") for alias in node.names)


def target_floor(name: str) -> str:
    second = name.split(".")[1] if "." in name else ""
    return second if second in FLOORS else "omnisource"


def breaches(source: str, floor: str) -> list[str]:
    """Every import in the source of a module on this floor that the house forbids."""
    found = []
    for line, name in imports(ast.parse(source)):
        top = name.split(".")[0]
        if top == "":
            found.append(f"{line}: relative import {name}")
        elif top in BARE:
            found.append(f"{line}: {name} instead of omnisource.{name}")
        elif top == "omnisource" and FLOORS.index(target_floor(name)) > FLOORS.index(floor):
            found.append(f"{line}: {floor} imports {name}, which stands above it")
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_and_are_absolute(path: Path) -> None:
    assert floor_of(path) in FLOORS, "a new top-level module needs a floor in FLOORS"
    assert breaches(path.read_text(encoding="utf-8"), floor_of(path)) == []


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("models", "from omnisource.solvers.oracle.plain import best_plan"),
        ("models", "from omnisource import allocate"),
        ("solvers", "import omnisource.orchestrator.folder.load"),
        ("solvers", "from omnisource import cli"),
        ("orchestrator", "def late():\n    from omnisource.cli import main"),
        ("omnisource", "from omnisource.commands.bench import bench"),
        ("omnisource", "import omnisource.cli"),
        ("solvers", "from . import oracle"),
        ("solvers", "from ..models import Order"),
        ("cli", "import models"),
        ("cli", "from orchestrator.load import load"),
    ],
)
def test_a_forbidden_import_is_noticed(floor: str, source: str) -> None:
    assert len(breaches(source, floor)) == 1


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("cli", "from omnisource import __version__, orchestrator"),
        ("orchestrator", "from omnisource.solvers.joint.prices import ascend"),
        ("solvers", "from omnisource.models import Order\nfrom omnisource.solvers import oracle"),
        ("models", "import modelsmith, json"),
    ],
)
def test_an_allowed_import_passes(floor: str, source: str) -> None:
    assert breaches(source, floor) == []


def loaded_after(code: str, folder: Path) -> set[str]:
    """Top-level names of the modules that a fresh interpreter has loaded after the code."""
    report = "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    program = f"import sys, atexit\natexit.register(lambda: {report})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import omnisource, omnisource.cli",
        "from omnisource.cli import main\nsys.argv = ['omnisource', '--help']\nmain()",
    ],
    ids=["import", "help"],
)
def test_importing_and_help_load_no_solver_and_no_database(code: str, tmp_path: Path) -> None:
    loaded = loaded_after(code, tmp_path)
    assert "omnisource" in loaded
    assert loaded & HEAVY == set()
