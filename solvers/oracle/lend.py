"""Lend arrays to compiled functions: without counting who holds them, or by where they stand.

A compiled function counts the holders of every array that it is given, in one place in memory that
all threads share. A kernel that passes thirty arrays down a few calls for every order spends more
time counting than deciding, twentyfold where two threads count the same arrays. The entry points
of the kernels therefore lend what they were given: the same data, with no holder to count. What
is lent must not outlive the call, and the caller holds the arrays as long as that.

    lent(value)          the same arrays, without holders
    lent_whole(value)    of a named tuple one address: its attributes are read from there

A function that is handed sixty arrays takes sixty times seven words, and its compiler most of its
time to pass them on; by `lent_whole` it takes one, and is compiled in a fraction of the time. It
does not matter to it any more which of them Python may write to, so it is compiled once.
"""

from hashlib import blake2b
from typing import Any

from numba.core import cgutils as _cgutils
from numba.core import types as _types
from numba.core.typing.templates import AttributeTemplate as _AttributeTemplate
from numba.extending import infer_getattr, intrinsic, models, register_model
from numba.extending import lower_getattr_generic as _lower_getattr_generic
from numba.np import arrayobj as _arrayobj

types: Any = _types
cgutils: Any = _cgutils
arrayobj: Any = _arrayobj


def _lend(_context: Any, value: Any) -> Any:
    """Return an array, or a tuple with all arrays in it, of the same data without a holder."""

    def copy(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _unheld(context, builder, (value, value), arguments[0])

    return value(value), copy


lent: Any = intrinsic(_lend)
"""Compiled code calls `lent(value)`; see `_lend`."""


def _unheld(context: Any, builder: Any, kinds: tuple[Any, Any], value: Any) -> Any:
    """Emit the code that copies a value of one numba type, as of the other, without holders."""
    kind, to = kinds
    if isinstance(kind, types.Array):
        record = arrayobj.make_array(kind)
        held, free = record(context, builder, value), record(context, builder)
        for name in ("data", "nitems", "itemsize", "shape", "strides"):
            setattr(free, name, getattr(held, name))
        free.meminfo = cgutils.get_null_value(free.meminfo.type)
        free.parent = cgutils.get_null_value(free.parent.type)
        return free._getvalue()
    if isinstance(kind, types.BaseTuple):
        pairs = list(zip(kind, to, strict=True))
        parts = cgutils.unpack_tuple(builder, value, len(pairs))
        free = [_unheld(context, builder, *each) for each in zip(pairs, parts, strict=True)]
        return context.make_tuple(builder, to, free)
    return value


Type: Any = types.Type
Template: Any = _AttributeTemplate
Primitive: Any = models.PrimitiveModel
lower_getattr_generic: Any = _lower_getattr_generic


class Lent(Type):  # type: ignore[misc]
    """The address of a named tuple whose holders somebody else counts."""

    def __init__(self, of: Any) -> None:
        digest = blake2b(described(of).encode(), digest_size=8).hexdigest()
        super().__init__(name=f"Lent({of.instance_class.__name__}, {digest})")
        self.of = of


def described(kind: Any) -> str:
    """Say what a type is, of named tuples also whose they are and the names of their fields.

    numba knows a type by its name, in memory and on disk, and that of a named tuple leaves both
    out: attributes would be read from where others stand.
    """
    if not isinstance(kind, types.BaseTuple):
        return str(kind)
    if not isinstance(kind, types.BaseNamedTuple):
        return f"({', '.join(described(part) for part in kind)})"
    of, parts = kind.instance_class, zip(kind.fields, kind, strict=True)
    fields = ", ".join(f"{name}: {described(part)}" for name, part in parts)
    return f"{of.__module__}.{of.__qualname__}({fields})"


@register_model(Lent)
class LentModel(Primitive):  # type: ignore[misc]
    """In memory it is a pointer."""

    def __init__(self, manager: Any, kind: Any) -> None:
        pointed = manager.lookup(kind.of).get_value_type()
        super().__init__(manager, kind, pointed.as_pointer())


def _lend_whole(_context: Any, value: Any) -> Any:
    """Return the address of a copy of a named tuple without holders, in the caller's frame."""
    if isinstance(value, Lent):
        return value(value), lambda _context, _builder, _signature, arguments: arguments[0]
    of = writable(value)

    def copy(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        free = _unheld(context, builder, (value, of), arguments[0])
        return cgutils.alloca_once_value(builder, free)

    return Lent(of)(value), copy


lent_whole: Any = intrinsic(_lend_whole)
"""Compiled code calls `lent_whole(value)`; see `_lend_whole`."""


def _all_of(_context: Any, value: Any) -> Any:
    """Return the named tuple that stands at an address; one that was not lent as it is."""
    if not isinstance(value, Lent):
        return value(value), lambda _context, _builder, _signature, arguments: arguments[0]

    def load(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load(arguments[0])

    return value.of(value), load


all_of: Any = intrinsic(_all_of)
"""Compiled code calls `all_of(value)`; see `_all_of`."""


def writable(kind: Any) -> Any:
    """Return the type with all arrays in it such that they may be written to."""
    if isinstance(kind, types.Array):
        return kind.copy(readonly=False)
    if isinstance(kind, types.BaseTuple):
        parts = tuple(writable(part) for part in kind)
        return types.BaseTuple.from_types(parts, getattr(kind, "instance_class", None))
    return kind


def _part(lent: Any, name: str) -> Any:
    """Return the place and the type of an attribute."""
    place = lent.of.fields.index(name)
    return place, tuple(lent.of)[place]


@infer_getattr
class LentAttribute(Template):  # type: ignore[misc]
    """What the attributes are: of a named tuple in it the address."""

    key = Lent

    def generic_resolve(self, lent: Any, name: str) -> Any:
        """Return the type of an attribute, None if there is none of that name."""
        if name not in lent.of.fields:
            return None
        _, kind = _part(lent, name)
        return Lent(kind) if isinstance(kind, types.BaseNamedTuple) else kind


@lower_getattr_generic(Lent)  # type: ignore[untyped-decorator]
def _attribute(_context: Any, builder: Any, lent: Any, at: Any, name: str) -> Any:
    place, kind = _part(lent, name)
    there = cgutils.gep_inbounds(builder, at, 0, place)
    return there if isinstance(kind, types.BaseNamedTuple) else builder.load(there)
