"""What a browser sends: fields and files out of the two forms in which forms are sent.

`multipart/form-data` (RFC 7578) is split at its boundary; what is no such body holds nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from typing import Final
from urllib.parse import parse_qs

MOST_FIELDS: Final = 1_000
MULTIPART: Final = "multipart/form-data"


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
    said = Message()
    said["content-type"] = content_type.encode("ascii", "replace").decode()
    if said.get_content_type() == MULTIPART:
        boundary = said.get_boundary()
        return _parts(body, boundary.encode()) if boundary else Form()
    try:
        return Form(parse_qs(body.decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        return Form()


def _parts(body: bytes, boundary: bytes) -> Form:
    fields: dict[str, list[str]] = {}
    files: dict[str, File] = {}
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_FIELDS)
    for part in parts[1:]:
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name, file = _named(head) if found else ("", None)
        if name and file is None:
            fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
        elif name and file:
            files[name] = File(file, content)
    return Form(fields, files)


def _named(head: bytes) -> tuple[str, str | None]:
    """Return the name of a part, and that of its file; None where it is none."""
    said = HeaderParser().parsestr(head.decode("utf-8", "replace"))
    name = said.get_param("name", "", "content-disposition")
    file = said.get_param("filename", None, "content-disposition")
    return str(name), None if file is None else str(file)
