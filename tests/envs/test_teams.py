"""Teams and start positions follow SMACv2's distributions, and the seed alone decides them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from envs.draws import stream_key
from envs.scenario_file import load_scenario
from envs.teams import BattleSource, draw_battle, draw_enemy_masks
from envs.units import UNIT_NAMES

N = 1500


def setups(name: str) -> list[tuple[list[str], np.ndarray]]:
    source = BattleSource(load_scenario(name))
    battles = [source.battle(stream_key("evaluation", seed)) for seed in range(N)]
    return [([UNIT_NAMES[t] for t in b.types], b.positions) for b in battles]


def within(count: int, n: int, p: float) -> bool:
    """Within five standard errors of a binomial's mean."""
    return abs(count - n * p) <= 5 * (n * p * (1 - p)) ** 0.5


def test_same_seed_same_battle_other_stream_other_battle() -> None:
    scenario = load_scenario("protoss_10_vs_11")
    one, again, other = (draw_battle(scenario, 7, stream) for stream in ("evaluation", "evaluation", "training"))
    assert np.array_equal(one.types, again.types)
    assert np.array_equal(one.positions, again.positions)
    assert not np.array_equal(one.positions, other.positions)


def test_team_weights_and_mirroring() -> None:
    counts: Counter[str] = Counter()
    for units, _ in setups("protoss_5_vs_5"):
        assert units[:5] == units[5:]
        counts.update(units[:5])
    for kind, p in (("stalker", 0.45), ("zealot", 0.45), ("colossus", 0.1)):
        assert within(counts[kind], 5 * N, p), counts


@pytest.mark.parametrize(("name", "barred"), [("terran_5_vs_6", "medivac"), ("zerg_5_vs_6", "baneling")])
def test_exceptions_never_make_up_a_team_nor_the_extra_enemies(name: str, barred: str) -> None:
    some = False
    for units, _ in setups(name):
        assert set(units[:5]) != {barred}
        assert units[10] != barred
        assert units[5:10] == units[:5]
        some = some or barred in units
    assert some


def test_start_positions() -> None:
    groups: Counter[int] = Counter()
    reflected = 0
    for _, positions in setups("zerg_10_vs_11"):
        allies, enemies = positions[:10], positions[10:]
        if (allies == 16).all():
            points = np.unique(enemies, axis=0)
            groups[len(points)] += 1
            centred = np.abs(points - 16)
            assert np.allclose(centred[:, 0], centred[:, 1], atol=1e-5)
            assert (centred >= 2 - 1e-5).all()
            assert (centred <= 16).all()
            corners = {(x > 16, y > 16) for x, y in points}
            assert len(corners) == len(points)
            continue
        reflected += 1
        assert (allies[:, 0] < 15).all()
        assert np.allclose(enemies[:10, 0], 32 - allies[:, 0], atol=1e-5)
        assert np.array_equal(enemies[:10, 1], allies[:, 1])
        assert (enemies[10:, 0] >= 16).all()
    assert within(reflected, N, 0.5)
    # With 11 enemies a group is rarely empty: the number of points is nearly uniform over 1 to 4.
    assert within(groups[1], N - reflected, 0.25 + 3 * 0.25 * 0.001)
    assert set(groups) == {1, 2, 3, 4}


def test_episode_configs_carry_the_battle() -> None:
    setup = draw_battle(load_scenario("terran_5_vs_6"), 3)
    config = setup.episode_config()
    assert len(config["team_gen"]["ally_team"]) == 5
    assert len(config["team_gen"]["enemy_team"]) == 6
    assert config["enemy_start_positions"]["item"].shape == (6, 2)
    assert np.array_equal(config["ally_start_positions"]["item"].astype(np.float32), setup.positions[:5])


def test_enemy_masks_hide_as_many_as_asked_for() -> None:
    scenario = load_scenario("terran_5_vs_6")
    plain, masked = (draw_battle(replace(scenario, mask_probability=p), 3) for p in (1.0, 0.3))
    assert plain.enemy_mask is None and "enemy_mask" not in plain.episode_config()
    assert np.array_equal(plain.types, masked.types) and np.array_equal(plain.positions, masked.positions)
    assert masked.episode_config()["enemy_mask"]["item"].shape == (5, 6)
    hidden = np.zeros((N, 5, 6), np.uint8)
    draw_enemy_masks(np.array([stream_key("evaluation", seed) for seed in range(N)], np.uint64), 0.3, hidden)
    assert np.array_equal(hidden[3], masked.enemy_mask)
    assert all(within(int(count), N, 0.7) for count in hidden.sum(axis=0).ravel())
    assert within(int((hidden[:, 0, 0] & hidden[:, 0, 1]).sum()), N, 0.49)
    assert within(int((hidden[:, 0, 1] & hidden[:, 1, 0]).sum()), N, 0.49)


def test_seeds_are_any_64_bit_number() -> None:
    scenario = load_scenario("protoss_5_vs_5")
    battles = [draw_battle(scenario, seed).positions.tobytes() for seed in (0, 2**31, 2**63, 2**64 - 1)]
    assert len(set(battles)) == 4
