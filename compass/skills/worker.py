"""The process of one agent in one episode: runs its skills and answers calls. Nothing here is trusted by the evaluator.

Everything this process needs is imported before it is forked; once confined it can open nothing.
"""

from __future__ import annotations

import builtins
import marshal
import math
import os
import random
from collections.abc import Iterator, Sequence
from types import CodeType, TracebackType
from typing import Any

import compass.skill
from compass.skills.protocol import ACTION, ANSWER, ASSIGN, CALL, EXCEPTION, HEAD, ILLEGAL, MEMORY, NONCE, OPEN, TEXT
from compass.skills.syscall_filter import CHANNEL
from compass.types import Constants
from compass.wire import unpack

_CHUNK = 1 << 16
_ACTIONS = 1 << 31
_IMPORTABLE = {module.__name__ for module in (compass.skill, math, random)}


class Worker:
    """An agent's skills, its memory of this episode, and the skill assigned now."""

    def __init__(self, codes: dict[str, CodeType]) -> None:
        self._codes = codes
        self._modules: dict[str, dict[str, Any]] = {}
        self._memory: dict[Any, Any] = {}
        self._skill = ""
        self._parameters: dict[str, float] = {}
        self._control: Any = None
        self._constants: Any = None

    def serve(self) -> None:
        """Answer until the channel closes."""
        for kind, body in _frames():
            if kind == CALL:
                os.write(CHANNEL, self._answer(body))
            elif kind == ASSIGN:
                self._skill, self._parameters = marshal.loads(body)
                self._control = None
            elif kind == OPEN:
                seed, constants = marshal.loads(body)
                random.seed(seed)
                self._constants = Constants(*constants)

    def _answer(self, body: bytes) -> bytes:
        nonce = body[:NONCE]
        try:
            if self._control is None:
                self._control = self._prepare()
            action = self._control(unpack(body[NONCE:], self._constants), self._memory)
            if type(action) is int and 0 <= action < _ACTIONS:
                return ANSWER.pack(nonce, ACTION, action)
            return ANSWER.pack(nonce, ILLEGAL, 0) + _text(f"answered {_clipped(repr(action))}, which is no action")
        except MemoryError:
            return ANSWER.pack(nonce, MEMORY, 0)
        except BaseException as error:
            return ANSWER.pack(nonce, EXCEPTION, 0) + _text(self._describe(error))

    def _prepare(self) -> Any:
        """The assigned skill's `control_logic`, its module executed on first use and its parameters set."""
        module = self._modules.get(self._skill)
        if module is None:
            module = {"__name__": self._skill, "__builtins__": _BUILTINS}
            exec(self._codes[self._skill], module)
            self._modules[self._skill] = module
        module.update(self._parameters)
        return module["control_logic"]

    def _describe(self, error: BaseException) -> str:
        """The exception with the last line of the skill it passed through; its own text may be anything, an exception included."""
        try:
            text = f"{type(error).__name__}: {_clipped(str(error))}"
        except BaseException:
            text = "an exception that cannot be printed"
        line = _last_line(error.__traceback__, f"{self._skill}.py")
        return f"line {line}: {text}" if line else text


def _import(name: str, scope: Any = None, local: Any = None, names: Sequence[str] = (), level: int = 0) -> Any:
    """Import for skills: a plain error instead of a search for files that a confined process would not survive."""
    if name not in _IMPORTABLE or level:
        raise ImportError(f"a skill cannot import {name}")
    return __import__(name, scope, local, names)


_BUILTINS = {
    **vars(builtins),
    "__import__": _import,
}  # made before the fork: copying it would touch hundreds of shared pages


def _last_line(trace: TracebackType | None, file: str) -> int:
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _clipped(text: str) -> str:
    return text[:TEXT]


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")[:TEXT]


def _frames() -> Iterator[tuple[int, bytes]]:
    """The messages that arrive on the channel, as (kind, body), until it closes."""
    size = HEAD.size
    pending = b""
    while True:
        data = os.read(CHANNEL, _CHUNK)
        if not data:
            return
        pending = pending + data if pending else data
        while len(pending) >= size:
            length, kind = HEAD.unpack_from(pending)
            if len(pending) < size + length:
                break
            yield kind, pending[size : size + length]
            pending = pending[size + length :]
