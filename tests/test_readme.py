"""The README tells the truth: its commands run, its Python runs, its links and picture hold."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnisource.orchestrator.demo import OUT, Demo
from omnisource.orchestrator.report.picture import FILE, picture

Omnisource = Callable[..., Any]
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = ("models", "solvers", "orchestrator", "scenarios", "tests/benchmarks")
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name / "README.md" for name in FOLDERS),
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_commands_and_python_run_as_they_stand(
    omnisource: Omnisource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in blocks("toml"):
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text, encoding="utf-8")
    commands = [line for text in blocks("sh") for line in text.splitlines()]
    assert len(commands) >= 5
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "omnisource"
        said = omnisource(*words)
        assert said.code == 0, f"{command}\n{said.err}"
    for text in blocks("python"):
        exec(compile(text, "README.md", "exec"), {})


def test_make_has_the_targets_that_are_named() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^    make (\w+)", README, flags=re.MULTILINE)
    assert named == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("folder", ["models", "solvers", "orchestrator"])
def test_modules_that_a_folders_readme_names_are_there(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"[\w/]+\.py\b", text) if name != "module.py"}
    assert len(named) > 5
    missing = [n for n in named if not ((ROOT / folder / n).exists() or (ROOT / n).exists())]
    assert missing == []


def words(svg: str) -> list[str]:
    """Every line of text in a picture, as words."""
    found = re.findall(r"<text [^>]*>([^<]*)</text>", svg)
    return " ".join(found).replace("&#160;", " ").split()


def test_the_picture_loads_nothing_from_the_net() -> None:
    drawn = FILE.read_text(encoding="utf-8")
    assert "url(http" not in drawn
    assert "@font-face" not in drawn


def test_the_picture_is_of_todays_demo(shown: Demo) -> None:
    drawn = words(FILE.read_text(encoding="utf-8"))
    today = words(picture(Demo(shown.compared, OUT)))
    again = "run: .venv/bin/python -m omnisource.orchestrator.report.picture"
    assert without_figures(drawn) == without_figures(today), again
    for found in shown.compared.measures:
        cost = float(drawn[drawn.index(found.solver, drawn.index("solver")) + 1].replace(",", ""))
        exact = found.solver != "joint"  # which may stop elsewhere on another machine
        assert cost == pytest.approx(found.cost_cents / 100, rel=1e-9 if exact else 0.01), again


def without_figures(found: list[str]) -> list[str]:
    return [re.sub(r"\d[\d.,]*", "#", word) for word in found]
