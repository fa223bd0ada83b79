"""What must not stand in the files of the repository, and what must be packed."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A letter in brackets keeps a pattern from matching its own source.
FORBIDDEN = {
    "machine path": re.compile(r"(?<![\w.-])/(?:work|root|home|Users)/|[A-Z]:\\Users\\"),
    "registry host": re.compile(
        r"python[h]osted|[\w-]*pyp[i][\w-]*\.[a-z]|[a-z]\.[\w.-]*pyp[i]\b|https?://\S+/simple\b",
        re.IGNORECASE,
    ),
    "unfinished work": re.compile(r"\b(?:TO[D]O|FIX[M]E)\b"),
}


@cache
def repository_files() -> list[Path]:
    """Every file that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs git and a checkout: {error}")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return sorted({path for path in paths if path.is_file() and not path.is_symlink()})


def text_of(path: Path) -> str:
    """The file's text; empty when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def hits(pattern: re.Pattern[str], text: str) -> list[str]:
    return [
        f"{number}: {line.strip()[:120]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_holds(kind: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{hit}"
        for path in repository_files()
        for hit in hits(FORBIDDEN[kind], text_of(path))
    ]
    assert found == []


def test_no_lock_file_with_download_addresses_is_tracked() -> None:
    assert [path for path in repository_files() if path.name == "uv.lock"] == []


def test_every_folder_of_the_package_goes_into_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = [
        path.parent.relative_to(ROOT) for path in repository_files() if path.name == "__init__.py"
    ]
    packages = {".".join(["omnisource", *folder.parts]) for folder in folders}
    assert packages == set(project["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("machine path", "see /" + "home/ann/orders.csv"),
        ("machine path", "file:///" + "root/.venv"),
        ("machine path", "path='/" + "work/x'"),
        ("registry host", "https://py" + "pi.org/project/x"),
        ("registry host", "mirror.py" + "pi.example"),
        ("registry host", "files.python" + "hosted.org"),
        ("registry host", "--index-url https://mirror.example/" + "simple"),
        ("unfinished work", "# TO" + "DO: later"),
    ],
)
def test_a_violation_is_noticed(kind: str, text: str) -> None:
    assert hits(FORBIDDEN[kind], text)


@pytest.mark.parametrize("text", ["a/work/b", "https://example.org/home/", "todo", "simple/"])
def test_harmless_text_passes(text: str) -> None:
    assert [kind for kind, pattern in FORBIDDEN.items() if hits(pattern, text)] == []
