"""What a browser sends: fields and files out of the two forms in which forms are sent.

`multipart/form-data` (RFC 7578) is split by python-multipart, in memory: the door has bounded the
body. What is no such body, or has too many parts, holds nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

from python_multipart import FormParser
from python_multipart.multipart import Field as Part
from python_multipart.multipart import File as Upload
from python_multipart.multipart import parse_options_header

MOST_FIELDS: Final = 1_000
MULTIPART: Final = "multipart/form-data"
IN_MEMORY: Final = {"MAX_MEMORY_FILE_SIZE": float("inf")}


@dataclass(frozen=True)
class File:
    """A file as it was sent."""

    name: str  # what the browser called it; never a path of ours
    body: bytes


@dataclass(frozen=True)
class Form:
    """Fields and files by name."""

    fields: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Return a field's value without blanks around it; "" where it is not there."""
        return self.fields.get(name, [""])[0].strip()

    def all(self, name: str) -> list[str]:
        """Return all values of a field."""
        return self.fields.get(name, [])


def form_of(body: bytes, content_type: str) -> Form:
    """Return what a body holds.

    >>> form_of(b"a=1&b=x+y&a=2", "application/x-www-form-urlencoded").all("a")
    ['1', '2']
    """
    try:
        kind, said = parse_options_header(content_type)
        if kind == MULTIPART.encode():
            return _parts(body, said.get(b"boundary"))
        return Form(parse_qs(body.decode(), max_num_fields=MOST_FIELDS))
    except ValueError:  # its faults are such too
        return Form()


def _parts(body: bytes, boundary: bytes | None) -> Form:
    """Return the parts of a body.

    Raises:
        ValueError: it cannot be split, or into more than `MOST_FIELDS`.
    """
    fields: dict[str, list[str]] = {}
    files: dict[str, File] = {}
    left = iter(range(MOST_FIELDS))

    def on_field(part: Part) -> None:
        _count(left)
        fields.setdefault(_text(part.field_name), []).append(_text(part.value))

    def on_file(part: Upload) -> None:
        _count(left)
        if part.file_name:  # else none was chosen
            part.file_object.seek(0)
            files[_text(part.field_name)] = File(_text(part.file_name), part.file_object.read())

    FormParser(MULTIPART, on_field, on_file, boundary=boundary, config=IN_MEMORY).write(body)
    return Form(fields, files)


def _count(left: Iterator[int]) -> None:
    if next(left, None) is None:
        raise ValueError(f"a form has {MOST_FIELDS} parts at the most")


def _text(said: bytes | None) -> str:
    return (said or b"").decode("utf-8", "replace")
