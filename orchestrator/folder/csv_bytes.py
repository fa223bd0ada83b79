"""A look at the bytes of a CSV file: may polars read it as it is?"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

BLOCK = 1 << 18
"""Bytes that are looked at in one go: they stay in the cache."""


RARE_SPACES = [
    *(space.encode() for space in ("\v", "\f", "\x85", "\xa0", "\u1680", "\u205f", "\u3000")),
    b"\xe2\x80",  # and all of U+2000 … U+203F
]
"""White space other than space, tab and line breaks."""


def survey(path: Path, separator: str, fields: int) -> tuple[bool, bool]:
    """Look at the bytes of a file before it is parsed.

    Returns:
        Whether it is plain: free of quotation marks, NULs and lines of other lengths, so that it
        has one row a line and polars can read it as it is. And whether it is tidy too: no spaces
        stand around values.
    """
    tidy = True
    for block in _blocks(path):
        if not _is_plain(block, separator, fields):
            return False, False
        tidy = tidy and _is_tidy(block, separator)
    return True, tidy


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks of whole lines."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            whole, end, part = block.rpartition(b"\n")
            if end:
                yield rest + whole + end
            rest = part if end else rest + part
    if rest:
        yield rest + b"\n"


def _is_tidy(block: bytes, separator: str) -> bool:
    """Tell whether text has no spaces around values; of text with rare ones nothing is known."""
    if any(space in block for space in (RARE_SPACES[:2] if block.isascii() else RARE_SPACES)):
        return False
    if block.count(b"\r") > block.count(b"\r\n"):
        return False
    if b" " not in block and (separator == "\t" or b"\t" not in block):
        return True
    ends = np.frombuffer(f"{separator}\n\r".encode(), np.uint8)
    data = np.frombuffer(b"\n" + block, np.uint8)
    at = np.flatnonzero((data == ord(" ")) | (data == ord("\t")))
    return not (np.isin(data[at - 1], ends).any() or np.isin(data[at + 1], ends).any())


def _is_plain(block: bytes, separator: str, fields: int) -> bool:
    """Tell whether lines have so many fields each: every `fields`-th mark ends one, no other."""
    if b'"' in block or b"\0" in block or fields < 2:
        return False
    data = np.frombuffer(block, np.uint8)
    is_end = data == ord("\n")
    marks = np.flatnonzero(is_end | (data == ord(separator)))
    if len(marks) != np.count_nonzero(is_end) * fields:
        return False
    return bool(is_end[marks[fields - 1 :: fields]].all())
