"""The file format in words: every table and column of a scenario folder, read off the models."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from omnisource.models.policy import Fairness, Fence, HoldRule, LoadStep, Policy, Weights
from omnisource.models.row import Row
from omnisource.models.scenario import Scenario, WhatIf
from omnisource.models.simulation import Simulation
from omnisource.orchestrator.folder.columns import REQUIRED, TABLES, TO_DELIVER, Column, columns_of
from omnisource.orchestrator.lab.whatif import APPLIED

INTRODUCTION = """\
# Scenarios

A scenario is a folder: `scenario.toml` says what it is, when "now" is and which policy applies;
the tables say what there is, as `.csv` or `.parquet` files of these names (a table in one of
the two forms, not both). `omnisource validate FOLDER` checks one and lists every row that
cannot be used: such rows are rejected with file, row, column, value and reason, and the rest
goes on. A line whose order was rejected is rejected with it, and so is an order without lines;
of two rows with the same key the first counts. A missing file, an unknown column or a text that
is not UTF-8 concerns a whole table, and the folder is refused.

From a spreadsheet, save as "CSV UTF-8". Commas, semicolons or tabs separate the fields,
whichever the header uses; in files with semicolons a decimal comma is read as a point, and a
warning says so. Spaces around a value do not count, and an empty cell is an absent value. A
whole number may end in `.0`; thousands separators are refused. Times are ISO 8601 with an
offset or Z, such as `2025-01-06T18:00:00Z`. Row numbers are line numbers, the header being
line 1; in Parquet, the first row is row 1.

This page is written by `python -m omnisource.orchestrator.folder.describe > scenarios/README.md`.
"""

EXAMPLES = """\
`omnisource allocate FOLDER --policy FILE` puts the keys of a policy file in the place of the
scenario's: try `omnisource compare scenarios/demo --policy scenarios/policies/calm-stores.toml`.
The rule engines go by neither tiers nor thresholds; they are billed for what they cause.
"""

WHAT_IF = """\
## What-if files

`omnisource scenario run FILE…` runs a base and variants of it on the same orders and says what
differs, and why. A variant is a TOML file: a name, a base, and a list of `[[changes]]`, each of a
`kind`. Conditions choose what a change is about: those of one change are joined by "and", the
entries of one by "or", and one that is not given holds for all. Unknown keys and names are refused
with their place. [what-if](what-if/README.md) holds eight.
"""

SIMULATION = """\
## simulation.toml

What `omnisource simulate FOLDER` supposes; `--setup FILE` reads another file instead. Every key has
a default, and unknown keys are refused with their place. Conditions choose orders as those of a
what-if file do.

| key | type | default | bounds | meaning |
|---|---|---|---|---|"""

KINDS = {
    "text": "text", "integer": "whole number", "real": "number", "flag": "true or false",
    "time": "time with offset", "clock": "HH:MM",
}  # fmt: skip


def scenario_format() -> str:
    """Return scenarios/README.md: what `scenario.toml` and each table may hold."""
    tables = ("\n".join(_table(name, model)) for name, model in TABLES.items())
    return "\n".join([INTRODUCTION, *_head(), *tables, *_what_if(), *_simulation()])


def _words(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _head() -> Iterator[str]:
    yield f"## scenario.toml\n\n`[policy]`: {_words(Policy)}\n"
    yield f"`[[policy.fences]]`: {_words(Fence)}\n"
    yield f"`[policy.weights]`: {_words(Weights)}\n"
    yield f"`[[policy.fairness]]`: {_words(Fairness)}\n"
    yield f"`[[policy.load]]`: {_words(LoadStep)}\n"
    yield f"`[[policy.hold]]`: {_words(HoldRule)}\n"
    yield from _examples()
    yield "| key | type | default | bounds | meaning |\n|---|---|---|---|---|"
    yield from _keys("", Scenario.model_json_schema())
    yield from _keys("policy.", Policy.model_json_schema())
    definitions = Policy.model_json_schema()["$defs"]
    yield from _keys("policy.fences[].", definitions["Fence"])
    yield from _keys("policy.weights.", definitions["Weights"])
    yield from _keys("policy.fairness[].", definitions["Fairness"])
    yield from _keys("policy.load[].", definitions["LoadStep"])
    yield from _keys("policy.hold[].", definitions["HoldRule"])
    yield ""


def _what_if() -> Iterator[str]:
    """Describe scenario files, and every kind of change that may stand in one."""
    yield WHAT_IF
    yield "| key | type | default | bounds | meaning |\n|---|---|---|---|---|"
    yield from _keys("", WhatIf.model_json_schema())
    yield ""
    for change in APPLIED:
        schema = change.model_json_schema()
        kind = schema["properties"].pop("kind")["const"]
        yield f"### {kind}\n\n{_words(change)}\n"
        yield "| key | type | default | bounds | meaning |\n|---|---|---|---|---|"
        yield from _keys("", schema)
        yield ""


def _simulation() -> Iterator[str]:
    """Describe what a simulation supposes."""
    yield SIMULATION
    schema = Simulation.model_json_schema()
    yield from _keys("", schema)
    parts = {
        "arrivals.": "Arrivals", "arrivals.mix[].": "Mix",
        "arrivals.promotions[].": "Surge", "replenish.": "Replenish", "choice.": "Choice",
        "chances.": "Chances",
    }  # fmt: skip
    for prefix, part in parts.items():
        yield from _keys(prefix, schema["$defs"][part])
    yield ""


def _examples() -> Iterator[str]:
    """Write the policy files out that lie beside the scenarios."""
    yield EXAMPLES
    for file in policy_files():
        text = file.read_text(encoding="utf-8").rstrip()
        yield f"[policies/{file.name}](policies/{file.name}):\n\n```toml\n{text}\n```\n"


def policy_files() -> list[Path]:
    """Return the bundled policy files, by name."""
    folder = Path(str(files("omnisource.scenarios") / "policies"))
    return sorted(folder.glob("*.toml"))


def _keys(prefix: str, schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, entry in schema["properties"].items():
        inner = [part for part in entry.get("anyOf", ()) if part.get("type") != "null"]
        flat = {**entry, **(inner[0] if inner else {})}
        default = "**needed**" if name in required else _default(flat.get("default"))
        cells = (f"`{prefix}{name}`", _type(flat), default, _limits(flat))
        yield f"| {' | '.join(cells)} | {flat.get('description', '')} |"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema or "oneOf" in schema:
        return "table"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}s"
    if schema.get("format") == "date-time":
        return "time with offset"
    if schema.get("format") == "date":
        return "date"
    if "enum" in schema:
        return "choice"
    if "additionalProperties" in schema:
        return f"table of {_type(schema['additionalProperties'])}s"
    names = {"integer": "whole number", "number": "number", "boolean": "true or false"}
    return names.get(schema.get("type", ""), "text")


def _limits(schema: dict[str, Any]) -> str:
    schema = schema.get("additionalProperties") or schema
    choices = schema.get("enum") or schema.get("items", {}).get("enum", ())
    low, high, longest = (schema.get(key) for key in ("minimum", "maximum", "maxLength"))
    return ", ".join(choices) or _range(low, high) or _longest(longest)


def _table(name: str, model: type[Row]) -> Iterator[str]:
    needed = "Needed; a header alone will do." if name in REQUIRED else "Optional."
    if name in TO_DELIVER:
        needed = "Needed where an order is to be delivered."
    yield f"## {name}\n\n{_words(model)} {needed}\n"
    if model.KEY:
        yield f"Unique: {', '.join(model.KEY)}.\n"
    yield from (f"Rule: {rule.reason}.\n" for rule in model.RULES)
    yield "| column | type | default | bounds | meaning |\n|---|---|---|---|---|"
    yield from map(_row, columns_of(name).values())
    yield ""


def _row(column: Column) -> str:
    default = "**needed**" if column.required else _default(column.default)
    cells = (f"`{column.name}`", _kind(column), default, _bounds(column), column.description)
    return f"| {' | '.join(cells)} |"


def _kind(column: Column) -> str:
    if column.refers is not None:
        return f"`{TABLES[column.refers].KEY[0]}` of `{column.refers}`"
    return "choice" if column.kind == "choice" else KINDS[column.kind]


def _default(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "absent"
    if isinstance(value, dict):
        return "as below"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bounds(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    return _range(column.low, column.high) or _longest(column.longest)


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "" if low is None else f"≥ {low:,}"
    return f"{low:,} … {high:,}".replace("-", "−")


def _longest(longest: int | None) -> str:
    return f"up to {longest} characters" if longest else ""


if __name__ == "__main__":
    print(scenario_format(), end="")
