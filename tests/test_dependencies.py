"""What is locked is hashed, unique, installed as locked, free to use, and not known to be broken.

No network: what is known is in advisories.toml. That a version was withdrawn later cannot be seen
from here.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
FREE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Zlib|CC0)"
)
"""Licences under which we may use and pass on what we are built on."""
NOT_FREE = re.compile(r"(?<!L)\bA?GPL|Affero|Commercial|Proprietary")


@cache
def locked(lock: str) -> dict[str, list[tuple[Requirement, int]]]:
    """The requirements of a lock, each with the number of its hashes, by name."""
    found: dict[str, list[tuple[Requirement, int]]] = {}
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement = Requirement(line.partition(" --hash")[0])
            name = canonicalize_name(requirement.name)
            found.setdefault(name, []).append((requirement, line.count("--hash=sha256:")))
    return found


def here(lock: str) -> dict[str, str]:
    """The versions that a lock has for this interpreter."""
    return {
        name: str(requirement.specifier).removeprefix("==")
        for name, each in locked(lock).items()
        for requirement, _ in each
        if requirement.marker is None or requirement.marker.evaluate()
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_one_version_with_its_hashes(lock: str) -> None:
    requirements = [each for group in locked(lock).values() for each in group]
    assert len(requirements) > 20
    for requirement, hashes in requirements:
        assert re.fullmatch(r"==[\w.!+]+", str(requirement.specifier)), requirement
        assert hashes >= 1, requirement
        assert requirement.url is None, requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_locked_twice_for_one_interpreter(lock: str) -> None:
    for name, each in locked(lock).items():
        assert len({str(requirement.marker) for requirement, _ in each}) == len(each), name
        mine = [r for r, _ in each if r.marker is None or r.marker.evaluate()]
        assert len(mine) <= 1, name


def test_both_locks_have_the_same_versions() -> None:
    used, developed = (here(lock) for lock in LOCKS)
    assert {name: developed.get(name) for name in used} == used


def test_what_is_installed_is_what_is_locked() -> None:
    wanted = here("requirements-dev.txt")
    found = {}
    for name in wanted:
        try:
            found[name] = distribution(name).version
        except PackageNotFoundError:
            pytest.skip(f"{name} is not installed: make setup")
    assert found == wanted


def test_everything_is_free_to_use() -> None:
    said = {name: licence(name) for name in here("requirements-dev.txt")}
    assert {name: text for name, text in said.items() if not FREE.search(text)} == {}
    assert {name: text for name, text in said.items() if NOT_FREE.search(text)} == {}


def licence(name: str) -> str:
    """What a package says of its licence: an expression, else classifiers, else its first line."""
    about = distribution(name).metadata
    classified = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    text = about.get("License") or ""
    return about.get("License-Expression") or " ".join(classified) or text.partition("\n")[0]


def advisories() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = tomllib.loads((ROOT / "tests/advisories.toml").read_text())[
        "advisory"
    ]
    return rows


@pytest.mark.parametrize("lock", LOCKS)
def test_no_version_is_locked_that_is_known_to_be_vulnerable(lock: str) -> None:
    bad = [
        f"{requirement}: {row['id']}, {row['about']}"
        for row in advisories()
        for requirement, _ in locked(lock).get(row["package"], ())
        if SpecifierSet(row["affected"]).contains(str(requirement.specifier)[2:])
    ]
    assert bad == []


def test_the_table_of_advisories_is_about_what_we_lock_and_has_no_row_twice() -> None:
    known = locked("requirements-dev.txt")
    rows = advisories()
    assert [row for row in rows if row["package"] not in known] == []
    assert [row for row in rows if not re.fullmatch(r"CVE-\d{4}-\d{4,7}", row["id"])] == []
    twice = Counter((row["package"], row["affected"], row["id"]) for row in rows)
    assert max(twice.values()) == 1


def test_what_is_installed_fits_together() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
