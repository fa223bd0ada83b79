"""How this project compiles: once for each sort of arguments, not once for each constant.

Where compiled code calls compiled code with a constant, numba compiles the callee for that very
constant, also if it stands within a tuple, `(goal, 0)`, and if it is only what a variable begins
with: a caller that counts up from 0 has all that it calls compiled for 0 and, once it is clear that
the count changes, again for any number. A kernel five calls deep was compiled up to ten times so.
Here a constant counts as what it is one of. None stays apart: what deals with it is not compiled.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from numba import njit
from numba.core import types as _types

types: Any = _types
Function = TypeVar("Function", bound=Callable[..., Any])


compile_on_call: Any = partial(njit, cache=True, nogil=True, no_cfunc_wrapper=True)()


def compiled(function: Function) -> Function:
    """Compile a function at its first call, without Python's lock, and keep it on disk."""
    made = compile_on_call(function)
    of_types = made.get_call_template

    def of_sorts(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return of_types(
            tuple(without_constants(kind) for kind in args),
            {name: without_constants(kind) for name, kind in kws.items()},
        )

    made.get_call_template = of_sorts
    found: Function = made
    return found


def without_constants(kind: Any) -> Any:
    """Return the numba type of any value of which `kind` may be a single one.

    >>> one = types.literal(1)
    >>> without_constants(one), without_constants(types.Tuple((one, types.float64)))
    (int64, Tuple((int64, float64)))
    """
    if isinstance(kind, types.BaseTuple) and not isinstance(kind, types.BaseNamedTuple):
        return types.BaseTuple.from_types(tuple(without_constants(part) for part in kind))
    return types.unliteral(kind) if isinstance(kind, types.Literal) else kind
