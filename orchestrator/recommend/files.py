"""Recommendations as scenario files, which `omnisource scenario run` takes as they are."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnisource.models.base import UnusableInput
from omnisource.models.changes import Change, PolicyChange
from omnisource.models.scenario import WhatIf
from omnisource.orchestrator.folder.head import read_scenario
from omnisource.orchestrator.recommend.idea import CHANGES, Advice
from omnisource.orchestrator.recommend.verb import Recommendations
from omnisource.orchestrator.report.words import money
from omnisource.orchestrator.runs import Run, source_of, usable_folder
from omnisource.orchestrator.write import replacing


def write_files(found: Recommendations, folder: Path) -> list[Path]:
    """Write each recommendation as a scenario file, based on the folder that the run was made of.

    What the run itself was different in comes first: its changes, by its seed, and its policy.

    Raises:
        UnusableInput: as `writable`.
    """
    source, run = writable(found.run, folder), found.run
    base = os.path.relpath(source, folder.resolve())
    before, files = _before(run, source), []
    for number, each in enumerate(found.advice, 1):
        files.append(folder / f"{number:02d}-{each.idea.kind}.toml")
        what = WhatIf(
            name=f"{number}: {each.idea.name}"[:100],
            summary=_summary(each),
            base=Path(base).as_posix(),
            seed=None if run.what is None else run.what.seed,
            changes=(*before, *each.idea.changes),
        )
        with replacing(files[-1]) as temporary:
            temporary.write_text(to_toml(what), encoding="utf-8")
    return files


def writable(run: Run, folder: Path) -> Path:
    """Return the scenario folder that files would be based on; make the folder that they go to.

    Raises:
        UnusableInput: nothing can be written there, the run's scenario folder is gone, or the run
            has as many changes as a scenario may.
    """
    source = source_of(run.folder)
    if not source.is_dir():
        raise UnusableInput(f"{run.folder}: its scenario folder {source} is gone")
    if run.what is not None and len(run.what.changes) >= CHANGES:
        raise UnusableInput(
            f"{run.folder}: this run has {CHANGES} changes, as many as a scenario may: no file "
            "can have one more; leave --out away"
        )
    usable_folder(folder)
    return source


def _before(run: Run, source: Path) -> tuple[Change, ...]:
    """Return the changes that lead from the scenario folder to the run's world."""
    what, policy = run.what, run.world.policy
    changes: tuple[Change, ...] = () if what is None else what.changes
    if what is None and read_scenario(source).policy != policy:
        changes = (PolicyChange(kind="policy", policy=policy),)
    return changes


def _summary(each: Advice) -> str:
    said = f"By the night's prices {money(each.idea.net_cents)} are saved"
    if each.saving is None:
        return f"{said}; it was not run."
    return f"{said}; a re-run saves {money(each.saving)}: {each.verdict}."


def to_toml(what: WhatIf) -> str:
    """Return a scenario file as text."""
    head = what.model_dump(mode="json", exclude_defaults=True, exclude={"changes"})
    lines = [f"{key} = {_value(value)}" for key, value in head.items()]
    for change in what.changes:
        stated = change.model_dump(mode="json", exclude_unset=True)
        lines += ["", "[[changes]]", *_table(stated, "changes")]
    return "\n".join(lines) + "\n"


def _table(values: Mapping[str, Any], path: str) -> Iterator[str]:
    """Give the lines of a table: plain keys first, then the tables in it."""
    known = {key: value for key, value in values.items() if value is not None}
    for key, value in known.items():
        if not isinstance(value, dict):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in known.items():
        if isinstance(value, dict):
            yield f"[{path}.{_key(key)}]"
            yield from _table(value, f"{path}.{_key(key)}")


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case dict():
            inner = ((k, v) for k, v in value.items() if v is not None)
            return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in inner) + "}"
        case _:
            return _list(value)


def _list(values: Sequence[Any]) -> str:
    return "[" + ", ".join(_value(value) for value in values) + "]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    """Return a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # which JSON allows
