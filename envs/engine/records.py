"""Records by index, as bare pointers: numba counts references to arrays, atomically, at every call that passes one.

Inside the kernel, `units` and `table` are therefore the first record of their array. `at` accepts the array as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic

from envs.jit import jit

Record = Any  # one element of a record array


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


def _part(table: Any, field: str) -> tuple[Any, Any]:
    """The type of a field of `table` and the code that gives its address."""
    record = table.dtype if isinstance(table, types.Array) else table
    kind = record.typeof(field)
    kind = kind.dtype if isinstance(kind, types.NestedArray) else kind

    def address(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first = arguments[0]
        if isinstance(signature.args[0], types.Array):
            first = context.make_array(signature.args[0])(context, builder, first).data
        return cgutils.pointer_add(builder, first, record.offset(field), context.get_value_type(kind))

    return kind, address


def _row_at(_typing: Any, table: Any, index: Any) -> Any:
    row, address = _part(table, "rows")

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(address(context, builder, signature, arguments), [arguments[1]])

    return row(table, types.int64), code


row_at = cast(Callable[[Any, int], Any], intrinsic(_row_at))
"""The unit data of the kind `index` (side * number of types + type), unchecked."""


def _arena_of(_typing: Any, table: Any) -> Any:
    arena, address = _part(table, "arena")
    return arena(table), address


arena_of = cast(Callable[[Any], Any], intrinsic(_arena_of))
"""The arena of a table."""


@jit
def row_of(table: Any, unit: Any) -> Any:
    """The unit data of a unit."""
    return row_at(table, unit.row)
