"""The process of one agent: runs its skills and answers calls, in one battle or in many at once. The evaluator trusts nothing here.

Everything this process needs is imported before it is forked; once confined it can open nothing.
"""

from __future__ import annotations

import builtins
import marshal
import math
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, ModuleType, TracebackType
from typing import Any

import compass.skill
from compass.skills.protocol import (
    ACTION,
    ANSWER,
    ASSIGN,
    CALL,
    CALLS,
    EACH,
    EXCEPTION,
    HEAD,
    ILLEGAL,
    LENGTH,
    MEMORY,
    NONCE,
    OPEN,
    PART,
    TEXT,
)
from compass.skills.syscall_filter import CHANNEL
from compass.types import Constants
from compass.wire import unpack

_CHUNK = 1 << 16
_ACTIONS = 1 << 31
_IMPORTABLE = {module.__name__: module for module in (compass.skill, math, random)}
_BUILTINS = dict(vars(builtins))  # made before the fork, and one for all: a copy would touch hundreds of shared pages
_DRAWING = tuple(  # the module's functions that are methods of its hidden generator
    name for name, each in vars(random).items() if isinstance(getattr(each, "__self__", None), random.Random)
)


class Battle:
    """An agent's skills in one battle: modules, memory and random numbers of their own, and the skill assigned now."""

    def __init__(self, codes: Mapping[str, CodeType], seed: int, constants: Any) -> None:
        self._codes = codes
        self._seed = seed
        self._constants = constants
        self._modules: dict[str, dict[str, Any]] = {}
        self._memory: dict[Any, Any] = {}
        self._skill = ""
        self._parameters: dict[str, float] = {}
        self._control: Any = None
        self._imported: dict[str, ModuleType] = {}
        self._importer = self._import

    def assign(self, skill: str, parameters: dict[str, float]) -> None:
        """The skill of this name acts from now on."""
        self._skill, self._parameters = skill, parameters
        self._control = None

    def answer(self, payload: bytes) -> tuple[int, int, bytes]:
        """One call: kind of the answer, the action, and of a fault its text."""
        _BUILTINS["__import__"] = self._importer
        try:
            if self._control is None:
                self._control = self._prepare()
            action = self._control(unpack(payload, self._constants), self._memory)
            if type(action) is int and 0 <= action < _ACTIONS:
                return ACTION, action, b""
            return ILLEGAL, 0, _text(f"answered {_clipped(repr(action))}, which is no action")
        except MemoryError:
            return MEMORY, 0, b""
        except BaseException as error:
            return EXCEPTION, 0, _text(self._describe(error))

    def _prepare(self) -> Any:
        """The assigned skill's `control_logic`, its module executed on first use and its parameters set."""
        module = self._modules.get(self._skill)
        if module is None:
            module = {"__name__": self._skill, "__builtins__": _BUILTINS}
            exec(self._codes[self._skill], module)
            self._modules[self._skill] = module
        module.update(self._parameters)
        return module["control_logic"]

    def _import(
        self, name: str, scope: Any = None, local: Any = None, names: Sequence[str] = (), level: int = 0
    ) -> Any:
        """Import for skills: this battle's own copies; a plain error instead of a search for files, which would end the process."""
        if name not in _IMPORTABLE or level or ("." in name and not names):
            raise ImportError(f"a skill cannot import {name}")
        module = self._imported.get(name)
        if module is None:
            module = self._imported[name] = _copy(_IMPORTABLE[name])
            if name == random.__name__:
                drawing = random.Random(self._seed)
                vars(module).update({name: getattr(drawing, name) for name in _DRAWING})
        return module

    def _describe(self, error: BaseException) -> str:
        """The exception with the last line of the skill it passed through; its own text may be anything, an exception included."""
        try:
            text = f"{type(error).__name__}: {_clipped(str(error))}"
        except BaseException:
            text = "an exception that cannot be printed"
        line = _last_line(error.__traceback__, f"{self._skill}.py")
        return f"line {line}: {text}" if line else text


class Worker:
    """The battles of an agent, in the order in which they were opened."""

    def __init__(self, codes: Mapping[str, CodeType]) -> None:
        self._codes = codes
        self._battles: list[Battle] = []

    def serve(self) -> None:
        """Answer until the channel closes."""
        for kind, body in _frames():
            if kind == CALL:
                found, action, text = self._battles[0].answer(body[NONCE:])
                os.write(CHANNEL, ANSWER.pack(body[:NONCE], found, action) + text)
            elif kind == CALLS:
                _write(self._answers(body))
            elif kind == ASSIGN:
                battle, skill, parameters = marshal.loads(body)
                self._battles[battle].assign(skill, parameters)
            elif kind == OPEN:
                seed, constants = marshal.loads(body)
                self._battles.append(Battle(self._codes, seed, Constants(*constants)))

    def _answers(self, body: bytes) -> bytes:
        """What becomes of the calls of many battles, one after the other."""
        answers, texts = [body[:NONCE]], []
        at = NONCE
        while at < len(body):
            battle, length = PART.unpack_from(body, at)
            at += PART.size + length
            kind, action, text = self._battles[battle].answer(body[at - length : at])
            answers.append(EACH.pack(kind, action))
            if kind != ACTION:
                texts += [LENGTH.pack(len(text)), text]
        rest = b"".join(answers + texts)
        return HEAD.pack(len(rest), CALLS) + rest


def _copy(module: ModuleType) -> ModuleType:
    """The module as one battle has it: what a skill changes in it is not changed for other battles of the same process."""
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module))
    return copy


def _write(data: bytes) -> None:
    """Send all of it."""
    while data:
        data = data[os.write(CHANNEL, data) :]


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
