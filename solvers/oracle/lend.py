"""Lend arrays to compiled functions without counting who holds them.

A compiled function counts the holders of every array that it is given, in one place in memory that
all threads share. A kernel that passes thirty arrays down a few calls for every order spends more
time counting than deciding, twentyfold where two threads count the same arrays. The entry points
of the kernels therefore lend what they were given: the same data, with no holder to count. What
is lent must not outlive the call, and the caller holds the arrays as long as that.
"""

from typing import Any

from numba.core import cgutils as _cgutils
from numba.core import types
from numba.extending import intrinsic
from numba.np import arrayobj as _arrayobj

cgutils: Any = _cgutils
arrayobj: Any = _arrayobj


def _lend(_context: Any, value: Any) -> Any:
    """Return an array, or a tuple with all arrays in it, of the same data without a holder."""

    def copy(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _unheld(context, builder, signature.args[0], arguments[0])

    return value(value), copy


lent: Any = intrinsic(_lend)
"""Compiled code calls `lent(value)`; see `_lend`."""


def _unheld(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Emit the code that copies a value of a numba type without its holders."""
    if isinstance(kind, types.Array):
        record = arrayobj.make_array(kind)
        held, free = record(context, builder, value), record(context, builder)
        for name in ("data", "nitems", "itemsize", "shape", "strides"):
            setattr(free, name, getattr(held, name))
        free.meminfo = cgutils.get_null_value(free.meminfo.type)
        free.parent = cgutils.get_null_value(free.parent.type)
        return free._getvalue()
    if isinstance(kind, types.BaseTuple):
        kinds: Any = kind
        parts = cgutils.unpack_tuple(builder, value, len(kinds))
        free = [_unheld(context, builder, of, part) for of, part in zip(kinds, parts, strict=True)]
        return context.make_tuple(builder, kind, free)
    return value
