"""The fields of a form, made of a model: what may be written where, within which bounds.

A model's own JSON schema says it, so what the models learn the form knows. A value within another
has its fields in the same form, under `outer.inner`; what no field can hold is written as TOML.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, get_args

from omnisource.models.base import UnusableInput, Value
from omnisource.models.changes import Change
from omnisource.orchestrator.serve.planner.forms import Form

Entry = Literal["number", "text", "clock", "date", "one", "many", "names", "flag", "toml"]
"""How a field is filled in."""
KINDS: Final[Mapping[str, type[Value]]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in get_args(get_args(Change)[0])
}
"""Kind of change: its model."""


@dataclass(frozen=True)
class Field:
    """One field."""

    path: str
    entry: Entry
    about: str = ""
    options: Sequence[str] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False
    needed: bool = False
    default: str = ""

    @property
    def label(self) -> str:
        """Its name in words.

        >>> Field("node.cents_per_unit", "number").label
        'Cents per unit'
        """
        words = self.path.rpartition(".")[2].replace("_", " ")
        return words[:1].upper() + words[1:]

    @property
    def group(self) -> str:
        """What it is a part of; "" for the change itself."""
        return self.path.rpartition(".")[0]


@cache
def fields_of(kind: str) -> tuple[Field, ...]:
    """Return the fields of a kind of change."""
    schema = KINDS[kind].model_json_schema()
    return tuple(_fields(schema, schema.get("$defs", {}), ""))


def _fields(schema: Mapping[str, Any], known: Mapping[str, Any], within: str) -> Iterator[Field]:
    needed = schema.get("required", ())
    for name, said in schema["properties"].items():
        if "const" in said:
            continue
        shape = _resolved(said, known)
        path = f"{within}{name}"
        if shape.get("type") == "object" and "properties" in shape:
            yield from _fields(shape, known, path + ".")
        else:
            yield _field(path, shape, said, needed=name in needed and not within.count("."))


def _resolved(said: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a shape without null beside it, and without a reference."""
    for one in said.get("anyOf", ()):
        if one.get("type") != "null":
            return _resolved(one, known)
    if "$ref" in said:
        return dict(known[said["$ref"].rpartition("/")[2]])
    return said


def _field(path: str, shape: Mapping[str, Any], said: Mapping[str, Any], *, needed: bool) -> Field:
    default = said.get("default")
    items = shape.get("items", {})
    entry = _entry(shape, items)
    return Field(
        path=path,
        entry=entry,
        about=" ".join(said.get("description", "").split()),
        options=shape.get("enum", items.get("enum", ())),
        least=shape.get("minimum", shape.get("exclusiveMinimum")),
        most=shape.get("maximum", shape.get("exclusiveMaximum")),
        whole=shape.get("type") == "integer",
        needed=needed,
        default=_shown(default),
    )


def _entry(shape: Mapping[str, Any], items: Mapping[str, Any]) -> Entry:
    if "enum" in shape:
        return "one"
    if shape.get("type") == "array" and items.get("type") == "string":
        return "many" if "enum" in items else "names"
    known: dict[Any, Entry] = {"boolean": "flag", "integer": "number", "number": "number"}
    if shape.get("type") == "string":
        written: dict[Any, Entry] = {"clock": "clock", "date": "date"}
        return written.get(shape.get("format"), "text")
    return known.get(shape.get("type"), "toml")


def _shown(default: Any) -> str:
    """Return what a field that is left empty stands for."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "" if default is None or isinstance(default, (list, dict)) else str(default)


def change_of(kind: str, form: Form) -> dict[str, Any]:
    """Return the change that a form describes; fields that are empty are left out.

    Raises:
        UnusableInput: the change has no such kind, or what is written as TOML is none.
    """
    if kind not in KINDS:
        raise UnusableInput("kind: there is no such kind of change")
    found: dict[str, Any] = {"kind": kind}
    for field in fields_of(kind):
        value = _written(field, form)
        if value not in ("", [], None):
            at = found
            for step in field.path.split(".")[:-1]:
                at = at.setdefault(step, {})
            at[field.path.rpartition(".")[2]] = value
    return found


def _written(field: Field, form: Form) -> Any:
    if field.entry in ("many", "names"):
        lines = (line.strip() for text in form.all(field.path) for line in text.splitlines())
        return [line for line in lines if line]
    text = form.one(field.path)
    return _toml(field.path, text) if text and field.entry == "toml" else text


def _toml(path: str, text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError) as error:
        raise UnusableInput(f"{path}: this is no TOML: {error}") from None
