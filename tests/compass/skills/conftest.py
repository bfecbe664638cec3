"""What the tests of the skill machinery share: a scenario, payloads, and skills that no checker has seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compass.skills.library import Library, Skill
from compass.skills.parse import Parameter
from compass.types import Constants, Observation
from compass.wire import ROW, pack, unpack

GOOD = '''"""Hold: stand still.

unit_types: any
"""
from compass.skill import stop


def score_target(unit, obs):
    return 0.0


def control_logic(obs, memory):
    return stop()
'''
"""The smallest file that is a skill."""


@pytest.fixture(scope="session")
def constants() -> Constants:
    return Constants(
        "protoss_5_vs_5_epo", "protoss", "epo", 5, 5, 11, ("stalker", "zealot", "colossus"), (32.0, 32.0), 200
    )


@pytest.fixture(scope="session")
def payload() -> Callable[..., bytes]:
    """A maker of payloads: agent `agent_id` at (10 + id, 12), enemy e at (16 + e, 12), everything known and every action legal."""

    def make(
        agent_id: int = 0, step: int = 5, available: tuple[int, ...] = tuple(range(1, 11)), last_action: int = 6
    ) -> bytes:
        rows = b""
        for slot in range(10):
            x = 10.0 + slot if slot < 5 else 11.0 + slot
            dx = x - (10.0 + agent_id)
            attackable = slot >= 5 and abs(dx) <= 6.0
            place = (x, 12.0, dx, 0.0, abs(dx))
            rows += ROW.pack(slot, step, slot != agent_id, slot % 3, attackable, -1, *place, 0.5, 0.25)
        mask = np.zeros(11, dtype=np.uint8)
        mask[list(available)] = 1
        return pack(agent_id, step, last_action, (9.0, 6.0), mask.tobytes(), rows)

    return make


@pytest.fixture(scope="session")
def observation(constants: Constants, payload: Callable[..., bytes]) -> Callable[..., Observation]:
    """A maker of the observations that the payloads stand for."""
    return lambda *args, **options: unpack(payload(*args, **options), constants)


def unchecked(name: str, source: str, parameters: tuple[Parameter, ...] = ()) -> Skill:
    """A skill of this source, past the checker: what must hold then is the sandbox."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    return Skill(name, name, name, name, ("any",), (), parameters, source, Path(f"{name}.py"), digest)


@pytest.fixture(scope="session")
def raw_library() -> Callable[..., Library]:
    """A maker of libraries from bodies of `control_logic` by name, unchecked, beside one good skill named "hold"."""

    def make(parameters: tuple[Parameter, ...] = (), **bodies: str) -> Library:
        skills = {"hold": unchecked("hold", GOOD)}
        for name, body in bodies.items():
            lines = "".join(f"    {line}\n" for line in body.splitlines())
            constants = "".join(f"{each.name} = {each.default}\n" for each in parameters)
            source = f"import random\n{constants}def control_logic(obs, memory):\n{lines}"
            skills[name] = unchecked(name, source, parameters)
        return Library(Path("unchecked"), skills)

    return make
