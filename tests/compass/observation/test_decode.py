"""The decoder reads the vector and the mask, exactly and nothing else: what is decoded, encoded again, is the same vector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.evaluate.settings import EvaluateSettings
from compass.knowledge import ATTACKABLE, HEALTH, SEEN, TYPE, X, Y
from compass.observation.decode import Decoder
from envs.errors import InputError
from envs.scenario_file import load_scenario

NAMES = ("protoss_5_vs_6", "terran_5_vs_5_epo", "zerg_10_vs_11_epo", "6h_vs_8z", "corridor")
DECODERS = {name: Decoder(load_scenario(name)) for name in NAMES}


def random_vectors(decoder: Decoder, rng: np.random.Generator) -> np.ndarray:
    """Vectors of the shape the environment writes: any agent dead or alive, any row filled or empty, any float32 values."""
    layout = decoder.layout
    obs = np.zeros((layout.n_agents, layout.obs_size), dtype=np.float32)
    for a in range(layout.n_agents):
        if rng.random() < 0.2:
            continue
        vector = obs[a]
        vector[:4] = rng.integers(0, 2, 4)
        for i in range(layout.n_enemies + layout.n_agents - 1):
            if rng.random() < 0.5:
                ally = i >= layout.n_enemies
                shield = layout.ally_shield if ally else layout.enemy_shield
                width = 8 + shield
                at = layout.allies_at + (i - layout.n_enemies) * width if ally else 4 + i * width
                row = vector[at : at + width]
                row[0] = 1 if ally else rng.integers(0, 2)
                row[1] = rng.random()
                row[2:4] = rng.uniform(-1, 1, 2)
                row[4 : 5 + shield] = rng.uniform(1e-4, 1, 1 + shield)
                row[5 + shield + rng.integers(0, len(decoder.sight))] = 1
        own = vector[layout.own_at :]
        own[: 3 + layout.ally_shield] = rng.uniform(1e-4, 1, 3 + layout.ally_shield)
        own[3 + layout.ally_shield + rng.integers(0, len(decoder.sight))] = 1
    return obs


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32))
def test_decoded_and_encoded_again_is_the_same_vector(name: str, seed: int) -> None:
    decoder = DECODERS[name]
    layout = decoder.layout
    obs = random_vectors(decoder, np.random.default_rng(seed))
    available = np.ones((layout.n_agents, layout.n_actions), dtype=np.uint8)
    table = decoder.decode(obs, available, np.full(layout.n_agents, -1), 3)
    for a in range(layout.n_agents):
        feature_0 = obs[a, layout.enemies_at : layout.allies_at : layout.enemy_row].astype(np.uint8)
        again = decoder.encode(table[a], a, obs[a, :4].astype(np.uint8), feature_0)
        assert again.tobytes() == obs[a].tobytes()


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32), agent=st.integers(0, 4))
def test_an_agents_row_depends_on_its_own_vector_alone(name: str, seed: int, agent: int) -> None:
    decoder = DECODERS[name]
    layout = decoder.layout
    rng = np.random.default_rng(seed)
    obs, other = random_vectors(decoder, rng), random_vectors(decoder, rng)
    mask = rng.integers(0, 2, (layout.n_agents, layout.n_actions)).astype(np.uint8)
    other_mask = rng.integers(0, 2, mask.shape).astype(np.uint8)
    other[agent], other_mask[agent] = obs[agent], mask[agent]
    none = np.full(layout.n_agents, -1)
    assert np.array_equal(decoder.decode(obs, mask, none, 0)[agent], decoder.decode(other, other_mask, none, 0)[agent])


def test_values_are_map_units_by_hand() -> None:
    decoder = DECODERS["protoss_5_vs_6"]
    layout = decoder.layout
    obs = np.zeros((5, layout.obs_size), dtype=np.float32)
    obs[2, layout.own_at :] = [1.0, 0.5, 0.25, 0.75, 1, 0, 0]  # a stalker at (8, 24), sight 10
    obs[2, 4 + 9 : 4 + 18] = [1, 0.5, 0.3, -0.4, 0.25, 0.125, 0, 1, 0]  # enemy 1, a zealot 5 away
    mask = np.zeros((5, layout.n_actions), dtype=np.uint8)
    mask[2, 6 + 1] = 1
    table = decoder.decode(obs, mask, np.full(5, -1), 9)
    enemy = table[2, 5 + 1]
    assert table[2, 2, [X, Y]].tolist() == [8.0, 24.0]
    assert enemy[[X, Y]] == pytest.approx([11.0, 20.0], abs=1e-6)
    assert (enemy[SEEN], enemy[TYPE], enemy[HEALTH], enemy[ATTACKABLE]) == (9, 1, 0.25, 1)
    assert (table[[0, 1, 3, 4]][:, :, SEEN] < 0).all()


def test_masked_enemies_are_refused_at_once() -> None:
    masked = replace(load_scenario("terran_5_vs_5"), mask_probability=0.5)
    with pytest.raises(InputError, match="cannot play with mask_probability 0"):
        Decoder(masked)
    with pytest.raises(InputError, match="cannot play with mask_probability 0"):
        EvaluateSettings(masked)


def test_a_medivac_attacks_nothing_and_heals_whom_the_mask_allows() -> None:
    decoder = Decoder(load_scenario("terran_5_vs_5"))
    layout = decoder.layout
    obs = np.zeros((5, layout.obs_size), dtype=np.float32)
    obs[4, layout.own_at :] = [1.0, 0.5, 0.5, 0, 0, 1]
    obs[4, 4:12] = [1, 0.1, 0.1, 0, 1, 1, 0, 0]  # enemy 0 with feature 0 set, which for a medivac speaks of ally 0
    obs[4, layout.allies_at : layout.allies_at + 8] = [1, 0.1, 0.1, 0, 0.5, 1, 0, 0]
    mask = np.zeros((5, layout.n_actions), dtype=np.uint8)
    mask[4, 6] = 1
    table = decoder.decode(obs, mask, np.full(5, -1), 0)
    assert table[4, 5, ATTACKABLE] == 0
    assert table[4, 0, ATTACKABLE] == 1


def test_wrong_shapes_are_refused() -> None:
    decoder = DECODERS["protoss_5_vs_6"]
    with pytest.raises(ValueError, match="expected vectors"):
        decoder.decode(np.zeros((5, 3), dtype=np.float32), np.zeros((5, 12), dtype=np.uint8), np.zeros(5), 0)
