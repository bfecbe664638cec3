"""Records by index, as bare pointers: numba counts references to arrays, atomically, at every call that passes one.

Inside the kernel, `units` and `table` are therefore the first record of their array. `at` accepts the array as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic

from envs.jit import jit


def _at(_typing: Any, records: Any, index: Any) -> Any:
    record = records.dtype if isinstance(records, types.Array) else records

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, place = arguments
        if isinstance(signature.args[0], types.Array):
            first = context.make_array(signature.args[0])(context, builder, first).data
        return builder.gep(first, [place])

    return record(records, types.int64), code


at = cast(Callable[[Any, int], Any], intrinsic(_at))
"""The record `index` places after the first of `records` (a contiguous record array, or its first record), unchecked."""


def _trailing_zeros(_typing: Any, word: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), code


trailing_zeros = cast(Callable[[int], int], intrinsic(_trailing_zeros))
"""The place of the lowest bit that is set in a word other than 0."""


@jit
def row_of(table: Any, unit: Any) -> Any:
    """The unit data of a unit."""
    return at(table, unit.row)
