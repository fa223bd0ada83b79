"""Changes in words."""

from typing import Any


def words_of(change: Any) -> str:
    """Say a change.

    >>> from omnisource.models.changes import Tariff
    >>> words_of(Tariff(kind="tariff", carriers=("DPD",), factor=1.1))
    'Tariff: carriers DPD, factor 1.1'
    """
    said = change.model_dump(mode="json", exclude_unset=True, exclude={"kind"})
    parts = [f"{key.replace('_', ' ')} {_value(value)}" for key, value in said.items()]
    return f"{named(change.kind)}: {', '.join(parts)}" if parts else named(change.kind)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{k.replace('_', ' ')} {_value(v)}" for k, v in value.items()) + ")"
    if isinstance(value, list):
        return " and ".join(map(_value, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def named(kind: str) -> str:
    """Return what a kind of change is called."""
    return kind.replace("_", " ").capitalize()
