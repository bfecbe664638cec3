"""Policies with random weights, made without torch, for tests of what plays them."""

from __future__ import annotations

import numpy as np

from compass.policies.checkpoint import TrainedPolicy
from compass.policies.rows import OWN, Reading
from envs.layout import Layout
from envs.scenario_file import load_scenario

HIDDEN = 8


def random_policy(
    name: str, recurrent: bool = True, agent_ids: bool = True, seed: int = 0, reading: Reading = OWN
) -> TrainedPolicy:
    """A policy for the scenario of that name that does something else at every step."""
    scenario, rng = load_scenario(name), np.random.default_rng(seed)
    layout = Layout.of(scenario)
    inputs = reading.size(scenario) + agent_ids * scenario.n_units
    core = (
        {
            "weight_ih": (3 * HIDDEN, HIDDEN),
            "weight_hh": (3 * HIDDEN, HIDDEN),
            "bias_ih": 3 * HIDDEN,
            "bias_hh": 3 * HIDDEN,
        }
        if recurrent
        else {"weight": (HIDDEN, HIDDEN), "bias": HIDDEN}
    )
    shapes = {
        "norm.weight": inputs,
        "norm.bias": inputs,
        "enter.weight": (HIDDEN, inputs),
        "enter.bias": HIDDEN,
        **{f"core.{part}": shape for part, shape in core.items()},
        "head.weight": (layout.n_actions, HIDDEN),
        "head.bias": layout.n_actions,
    }
    about = {
        "algorithm": "mappo",
        "scenario": name,
        "scenario_hash": scenario.content_hash,
        "setting": scenario.setting,
        "observation": "repaired",
        "hops": reading.hops,
        "open_loop": reading.open_loop,
        "recurrent": recurrent,
        "agent_ids": agent_ids,
        "seed": seed,
        "steps": 1_234,
    }
    return TrainedPolicy(about, {part: rng.normal(size=shape) for part, shape in shapes.items()})
