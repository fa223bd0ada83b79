"""The head of a scenario folder: `scenario.toml`."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.scenario import Scenario
from omnisource.orchestrator.folder.rejects import nearest

HEAD = "scenario.toml"
T = TypeVar("T", bound=BaseModel)


def read_scenario(folder: Path) -> Scenario:
    """Read the head of a scenario folder.

    Raises:
        UnusableInput: there is none, it is no TOML, or a key or a value in it is wrong.
    """
    if not (folder / HEAD).exists():
        raise UnusableInput(f"{folder}: no {HEAD}; a scenario folder has one, with a name at least")
    return validated(Scenario, read_toml(folder / HEAD), HEAD)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        UnusableInput: it is not there, or no TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise UnusableInput(f"{path}: there is no such file") from None
    except (ValueError, RecursionError) as error:
        raise UnusableInput(f"{path.name}: this is no TOML: {error}") from None


def validated(model: type[T], data: Any, file: str) -> T:
    """Return the value that the data of a file describe.

    Raises:
        UnusableInput: says for every fault where it is, what is wrong and what to do.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        said = [f"{file}: {where}: {what}" for where, what in faults(model, error)]
        raise UnusableInput("\n".join(said)) from None


def faults(model: type[BaseModel], error: ValidationError) -> list[tuple[str, str]]:
    """Return for every fault where it is, and what is wrong and what to do."""
    return [
        (".".join(map(str, fault["loc"])) or "the whole", _sentence(model, dict(fault)))
        for fault in error.errors()
    ]


def _sentence(model: type[BaseModel], fault: dict[str, Any]) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return f"there is no such key{_hint(model, fault['loc'])}"
        case "missing":
            return "it is missing, and is needed"
        case "timezone_aware":
            return "the time has no offset from UTC: write 2025-01-06T18:00:00Z"
        case "union_tag_not_found":
            key = fault["ctx"]["discriminator"].strip("'")
            return f"{key} is missing, and is needed to tell what this is"
        case "union_tag_invalid":
            return _unknown_tag(fault["ctx"])
        case "value_error":  # of several keys together: the input is all of them
            return str(fault["ctx"]["error"])
    return f"{fault['msg']}, not {fault['input']!r}"


def _unknown_tag(said: dict[str, Any]) -> str:
    known = [tag.strip(" '") for tag in said["expected_tags"].split(",")]
    near = nearest(said["tag"], known)
    hint = f": is it {near!r}?" if near else f"; there are {', '.join(known)}"
    return f"there is no {said['discriminator'].strip(chr(39))} {said['tag']!r}{hint}"


def _hint(model: type[BaseModel], place: tuple[str | int, ...]) -> str:
    keys = _keys(model.model_json_schema(), place[:-1])
    near = nearest(str(place[-1]), keys)
    if near:
        return f": is it {near!r}?"
    return f"; there are {', '.join(keys)}" if keys else ""


def _keys(schema: dict[str, Any], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a JSON schema knows at a place; none where it cannot tell."""
    here = schema
    for step in place:
        here = here.get("items", {}) if isinstance(step, int) else _property(here, step)
        here = _resolved(schema, here)
    return list(here.get("properties", {}))


def _property(here: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what stands under a key, or, of one of several kinds, the kind of that name."""
    kinds = here.get("discriminator", {}).get("mapping", {})
    found = {"$ref": kinds[name]} if name in kinds else here.get("properties", {}).get(name, {})
    return dict(found)


def _resolved(schema: dict[str, Any], here: dict[str, Any]) -> dict[str, Any]:
    reference = here.get("$ref", "")
    return dict(schema["$defs"][reference.rsplit("/", 1)[-1]]) if reference else here
