"""Arrays without reference counts: numba counts references atomically at every slice and every call that passes an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba.core import types
from numba.core.extending import intrinsic


def _borrow(_typing: Any, array: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.return_type)(context, builder, arguments[0])
        view.meminfo = view.meminfo.type(None)
        return view._getvalue()

    return array(array), code


borrow = cast(Callable[[Any], Any], intrinsic(_borrow))
"""The same array, uncounted, as are its slices: only for a kernel's arguments, which Python keeps alive during the call."""


def _tail(_typing: Any, array: Any, start: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.return_type)(context, builder, arguments[0])
        view.meminfo = view.meminfo.type(None)
        view.data = builder.gep(view.data, [arguments[1]])
        return view._getvalue()

    return array(array, types.int64), code


tail = cast(Callable[[Any, int], Any], intrinsic(_tail))
"""A borrowed one-dimensional array from an element on; its length is not adapted, and nothing is checked."""
