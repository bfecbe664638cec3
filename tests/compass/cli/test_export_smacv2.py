"""The example of docs/scenarios.md, with unmodified smacv2: it plays the battles that were exported."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from envs.scenario_file import load_scenario
from envs.teams import draw_battle

pytest.importorskip("pysc2", reason="pysc2 is not installed: make sc2")
pytest.importorskip("smacv2", reason="smacv2 is not importable: make sc2 SMACV2=DIR")

from smacv2.env import StarCraftCapabilityEnvWrapper

from envs.sc2api import inprocess
from tests.envs.parity.oracle import options

PAGE = Path(__file__).parents[3] / "docs" / "scenarios.md"


def test_smacv2_plays_exported_battles(compass, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SC2PATH", raising=False)
    compass("scenarios", "export", "protoss_5_vs_5", "--episodes", 3, "--out", "battles.json")
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    scenario = load_scenario("protoss_5_vs_5")
    inprocess.install()
    try:
        env = StarCraftCapabilityEnvWrapper(**options(scenario))
        exec(example, {"env": env})
        setup = draw_battle(scenario, 2)
        enemies = np.array([[env.env.enemies[i].pos.x, env.env.enemies[i].pos.y] for i in range(5)])
        assert np.abs(enemies - setup.positions[5:]).max() < 3.0  # units make room for each other when they appear
        env.close()
    finally:
        inprocess.uninstall()
