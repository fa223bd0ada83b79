"""Uploads: a scenario folder as a zip file, a what-if file as TOML.

Nothing is unpacked but the files that a scenario folder has, each under the name that it has there,
so no path of an archive ever becomes a path of ours. Bytes are counted as they come out, whatever
the archive says of itself.
"""

import re
import shutil
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from secrets import token_hex
from struct import error as StructError
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from omnisource.models.base import UnusableInput
from omnisource.models.scenario import WhatIf
from omnisource.orchestrator.folder.columns import TABLES
from omnisource.orchestrator.folder.head import HEAD, read_toml, validated
from omnisource.orchestrator.serve.planner.forms import File
from omnisource.orchestrator.serve.planner.library import Library

TAKEN: Final = frozenset(
    (HEAD, *(f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")))
)
"""Files that a scenario folder has."""
MEMBERS: Final = 200
"""Entries of an archive at the most."""
UNPACKED: Final = 8
"""Times the bytes of an upload that it may come to unpacked."""
CHUNK: Final = 2**16
TOML_BYTES: Final = 200_000
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")
KEPT: Final = 50
"""Scenarios that may be uploaded."""
BROKEN: Final = (
    BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, StructError, ValueError,
    zlib.error,
)  # fmt: skip
"""What an archive that is none may raise."""


def unpack(file: File, name: str, library: Library, most: int) -> Path:
    """Unpack a scenario folder; return where it lies.

    Args:
        file: a zip file.
        name: of the scenario; "": that of the file.
        library: where it is added.
        most: bytes that it may come to.

    Raises:
        UnusableInput: it is no zip file, too large, holds no scenario folder or a path that leaves
            it, or the name is taken or none.
    """
    name = name or re.sub(r"[^a-z0-9]+", "-", file.name.lower().removesuffix(".zip")).strip("-")
    if not NAME.fullmatch(name):
        raise UnusableInput("name: use small letters, figures and hyphens, 60 at the most")
    if name in library.folders():
        raise _taken_already(name)
    if sum(map(library.is_uploaded, library.folders().values())) >= KEPT:
        raise UnusableInput(f"{KEPT} scenarios were uploaded: delete some first")
    made = library.uploads / f".{token_hex(8)}"
    made.mkdir(parents=True)
    try:
        _write(file.body, made, most)
        return _named(made, name)
    except BROKEN:
        raise UnusableInput("this is no zip file that can be read: pack it anew") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _named(made: Path, name: str) -> Path:
    """Give a folder its name, unless another has come to it meanwhile."""
    try:
        return made.rename(made.with_name(name))
    except OSError:
        raise _taken_already(name) from None


def _taken_already(name: str) -> UnusableInput:
    return UnusableInput(f"name: there is a scenario {name!r}: choose another")


def _write(body: bytes, folder: Path, most: int) -> None:
    with ZipFile(BytesIO(body)) as archive:
        for member in _taken(archive.infolist()):
            path = folder / PurePosixPath(member.filename).name
            with archive.open(member) as packed, path.open("xb") as out:
                while chunk := packed.read(CHUNK):
                    most -= len(chunk)
                    if most < 0:
                        raise UnusableInput("it is too large, unpacked: leave out some orders")
                    out.write(chunk)


def _taken(members: list[ZipInfo]) -> Iterator[ZipInfo]:
    """Yield the files of the one scenario folder in an archive.

    Raises:
        UnusableInput: there is none, or more than one, or a path leaves it.
    """
    if len(members) > MEMBERS:
        raise UnusableInput(f"it holds more than {MEMBERS} files: pack the scenario folder alone")
    for member in members:
        _refuse_unsafe(member)
    paths = {PurePosixPath(member.filename): member for member in members if not member.is_dir()}
    heads = [path.parent for path in paths if path.name == HEAD]
    if len(heads) != 1:
        said = "more than one" if heads else "none"
        raise UnusableInput(f"a scenario folder has one {HEAD}: there is {said} in it")
    for path, member in paths.items():
        if path.parent == heads[0] and path.name in TAKEN:
            yield member


def _refuse_unsafe(member: ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    leaves = path.is_absolute() or ".." in path.parts or "\\" in member.filename
    is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
    if leaves or is_link or ":" in member.filename:
        raise UnusableInput("it holds a path that leaves its folder: pack it anew")
    if member.flag_bits & 1:
        raise UnusableInput("it is encrypted: pack it without a password")
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise UnusableInput("it is packed in an unusual way: pack it with deflate")


def read_whatif(file: File, scratch: Path) -> WhatIf:
    """Read a what-if file; what it is based on does not count.

    Args:
        file: TOML.
        scratch: a folder to read it from.

    Raises:
        UnusableInput: it is too large, no TOML, or has a key or value that is wrong.
    """
    if len(file.body) > TOML_BYTES:
        raise UnusableInput(f"a what-if file has {TOML_BYTES:,} bytes at the most")
    scratch.mkdir(parents=True, exist_ok=True)
    at = scratch / f".{token_hex(8)}.toml"
    try:
        at.write_bytes(file.body)
        return validated(WhatIf, {"base": "-"} | read_toml(at), "what-if")
    except UnusableInput as error:
        raise UnusableInput(str(error).replace(at.name, "what-if")) from None
    finally:
        at.unlink(missing_ok=True)
