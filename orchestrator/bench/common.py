"""What every bench shares: nights made up once, a process a measurement, goals, tables.

Each measurement runs in a process of its own, so that its peak memory is its own and nothing that
one has warmed up helps the next.
"""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.journal import Report, to_all
from omnisource.orchestrator.measures import to_json
from omnisource.orchestrator.report.words import share
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.problem import Limits, Round

Given = ParamSpec("Given")
Result = TypeVar("Result")

MAKERS: Final = ("generate", "geography", "country", "catalogue", "demand", "supply", "carriers")
"""Modules whose source decides what a made-up night looks like."""
USUAL: Final = 100_000
"""Orders of parts that look at one size."""
MARK: Final = "<!-- {} -->"
"""Begins and ends a table in a Markdown file that `into_markdown` keeps up to date."""


@dataclass(frozen=True)
class Case:
    """A made-up night: 225 nodes, and a product for every five orders, 200,000 at the most."""

    orders: int
    scarcity: float = 1.1  # units in stock a unit ordered, of contested products
    seed: int = 0


WARM: Final = Case(orders=300)
"""The night that warms up."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is measured, and how long it may take."""

    orders: int | None = None  # None: the sizes that the goals are set for
    scarcity: float = 1.1
    gap: float | None = None  # None: the gaps that the goals are set for
    seed: int = 0
    seconds: float = 600.0  # a solve
    rival_seconds: float = 600.0  # a rival's at the most
    threads: int = 0
    scratch: Path | None = None
    tell: Report = field(default_factory=to_all)

    @property
    def size(self) -> int:
        """The number of orders of parts that look at one size."""
        return self.orders or USUAL

    def limits(self, gap: float) -> Limits:
        """Return the limits of a solve; the gap where none was asked for."""
        asked = gap if self.gap is None else self.gap
        return Limits(asked, self.seconds, self.seed, self.threads)

    def folder(self, orders: int, scarcity: float | None = None) -> Path:
        """Return the folder of a night of that size."""
        self.tell(Round(f"a night of {orders:,} orders", 0))
        return night_folder(Case(orders, scarcity or self.scarcity, self.seed), self.scratch)

    def warm(self) -> Path:
        """Return the folder of the night that warms up."""
        return night_folder(WARM, self.scratch)


@dataclass(frozen=True)
class Goal:
    """A figure and the most that it may be."""

    value: float | None  # None: not reached at all
    most: float
    words: Callable[[float], str]

    def short(self) -> str:
        """Say by how much it falls short; nothing where it does not.

        >>> Goal(70.0, 60.0, "{:.0f} passes".format).short()
        '70 passes instead of 60 passes'
        >>> Goal(60.0, 60.0, "{:.0f} passes".format).short()
        ''
        """
        if self.value is None:
            return f"never {self.words(self.most)}"
        if self.value <= self.most:
            return ""
        return f"{self.words(self.value)} instead of {self.words(self.most)}"


def verdict(goals: Sequence[Goal]) -> str:
    """Say "met", or what falls short by how much."""
    return "; ".join(filter(None, (goal.short() for goal in goals))) or "met"


@dataclass(frozen=True)
class Sheet:
    """A table as text, and paragraphs that stand below it."""

    name: str  # by which a Markdown file knows its place
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """What one part found: rows for programs, and as tables."""

    rows: list[dict[str, Any]]
    sheets: list[Sheet]


def shown_gap(gap: float | None) -> str:
    """Return a gap in percent, or that there was none.

    >>> shown_gap(None)
    'none yet'
    """
    return "none yet" if gap is None else share(gap, 3)


def markdown(sheet: Sheet) -> str:
    """Return a table as Markdown, figures to the right.

    >>> print(markdown(Sheet("x", "Two", ("night", "s"), [("small", "1.0")])))
    ### Two
    <BLANKLINE>
    | night | s |
    | --- | ---: |
    | small | 1.0 |
    """
    head = [sheet.columns, ("---", *["---:"] * (len(sheet.columns) - 1))]
    lines = [f"| {' | '.join(cells)} |" for cells in (*head, *sheet.rows)]
    below = [line for note in sheet.notes for line in ("", note)]
    return "\n".join([f"### {sheet.title}", "", *lines, *below])


def keep(file: Path, document: Any, sheets: Sequence[Sheet]) -> None:
    """Write what was found to a file: tables where its name ends in .md, else JSON.

    Raises:
        UnusableInput: it cannot be written.
    """
    try:
        if file.suffix == ".md":
            into_markdown(file, sheets)
        else:
            file.write_text(to_json(document) + "\n", encoding="utf-8")
    except OSError as error:
        raise UnusableInput(
            f"{file}: cannot be written ({error.strerror}); name another file with --out"
        ) from None


def into_markdown(file: Path, sheets: Sequence[Sheet]) -> None:
    """Write tables into a Markdown file: in their places where it has them, else at its end."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    for sheet in sheets:
        begin, end = MARK.format(sheet.name), MARK.format(f"end of {sheet.name}")
        block = f"{begin}\n{markdown(sheet)}\n{end}"
        place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        found = place.search(text)
        before, after = (text[: found.start()], text[found.end() :]) if found else (text, "\n")
        text = before + ("" if found or not text else "\n") + block + after
    file.write_text(text, encoding="utf-8")


def in_own_process(
    work: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs
) -> Result:
    """Return `work(…)`, done by a fresh interpreter; what its solvers print goes to stderr.

    Raises:
        BrokenProcessPool: it died, for want of memory for instance.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_print_to_stderr) as pool:
        return pool.submit(work, *arguments, **named).result()


def _print_to_stderr() -> None:
    os.dup2(2, 1)


def night_folder(case: Case, scratch: Path | None = None) -> Path:
    """Return a case's scenario folder, in Parquet; made if it is not there.

    Args:
        case: which night.
        scratch: where nights are kept; by default among the system's temporary files.
    """
    scratch = scratch or Path(tempfile.gettempdir()) / "omnisource-bench"
    name = f"night-{case.orders}-{case.scarcity:g}-{case.seed}-{_makers_digest()}"
    folder, part = scratch / name, scratch / f".{name}.{os.getpid()}.part"
    if not folder.exists():
        in_own_process(_make, case, part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    return folder


def _make(case: Case, folder: Path) -> None:
    generate(
        folder, orders=case.orders, seed=case.seed, scarcity=case.scarcity, format="parquet"
    )  # fmt: skip


def _makers_digest() -> str:
    """Stand for the generator's source: another generator, another night."""
    digest = blake2b(digest_size=4)
    for name in MAKERS:
        file = import_module(f"omnisource.orchestrator.synthetic.{name}").__file__
        digest.update(Path(str(file)).read_bytes())
    return digest.hexdigest()


def machine() -> dict[str, Any]:
    """Return what the figures were made on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": _memory_gib(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def machine_words(of: dict[str, Any]) -> str:
    """Return the same in words."""
    memory = f", {of['memory_gib']} GiB" if of["memory_gib"] else ""
    cores = f"{of['cores']} cores ({of['processor']}){memory}"
    return f"{cores}, {of['system']}, Python {of['python']}"


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory_gib() -> int | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None
