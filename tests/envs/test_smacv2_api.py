"""Code written for smacv2 runs on our class of the same name."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

import envs.smacv2_api as api
from envs.errors import InputError
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from envs.smacv2_api import StarCraftCapabilityEnvWrapper, make
from envs.teams import draw_battle

TERRAN = {
    "n_units": 10,
    "n_enemies": 11,
    "team_gen": {
        "dist_type": "weighted_teams",
        "unit_types": ["marine", "marauder", "medivac"],
        "weights": [0.45, 0.45, 0.1],
        "observe": True,
        "exception_unit_types": ["medivac"],
    },
    "start_positions": {"dist_type": "surrounded_and_reflect", "p": 0.5, "map_x": 32, "map_y": 32},
}
YAML = {"use_unit_ranges": True, "min_attack_range": 2, "obs_own_pos": True, "conic_fov": False, "debug": False}


def wrapper(seed=0, config=TERRAN, **options):
    return StarCraftCapabilityEnvWrapper(
        capability_config=config, map_name="10gen_terran", seed=seed, **(YAML | options)
    )


def test_the_random_agents_example():
    env = wrapper(seed=None, fully_observable=False)
    env_info = env.get_env_info()
    n_agents = env_info["n_agents"]
    rng = np.random.default_rng(0)
    env.reset()
    for _ in range(2):
        env.reset()
        terminated = False
        state_features = env.get_state_feature_names()
        obs_features = env.get_obs_feature_names()
        while not terminated:
            obs = env.get_obs()
            state = env.get_state()
            cap = env.get_capabilities()
            actions = []
            for agent_id in range(n_agents):
                avail_actions = env.get_avail_agent_actions(agent_id)
                actions.append(rng.choice(np.nonzero(avail_actions)[0]))
            reward, terminated, _ = env.step(actions)
            assert isinstance(reward, float) and isinstance(terminated, bool)
        assert len(state) == len(state_features) == len(set(state_features))
        assert len(obs[0]) == len(obs_features) == len(set(obs_features))
        assert cap.shape == (n_agents * env_info["cap_shape"],)
    assert env.get_stats()["battles_game"] == 2


def test_a_pymarl_style_runner():
    env = make("protoss_5_vs_5", seed=1)
    info = env.get_env_info()
    assert (info["state_shape"], info["obs_shape"], info["n_actions"], info["episode_limit"]) == (130, 92, 11, 200)
    assert np.isnan(env.get_stats()["win_rate"])
    env.reset()
    terminated, steps = False, 0
    while not terminated:
        transition = {"state": [env.get_state()], "avail_actions": [env.get_avail_actions()], "obs": [env.get_obs()]}
        obs = np.array(transition["obs"])
        avail = np.array(transition["avail_actions"])
        assert (obs.shape, obs.dtype, avail.shape) == ((1, 5, 92), np.float32, (1, 5, 11))
        assert all(type(a) is int for row in transition["avail_actions"][0] for a in row)
        actions = avail[0].shape[1] - 1 - avail[0][:, ::-1].argmax(axis=1)
        _reward, terminated, env_info = env.step(actions)
        steps += 1
    assert set(env_info) == {"battle_won", "dead_allies", "dead_enemies"}
    stats = env.get_stats()
    assert (stats["battles_game"], stats["battles_won"], stats["restarts"]) == (1, env_info["battle_won"], 0)
    env.close()


def test_types_of_what_reset_and_the_getters_return():
    env = wrapper()
    obs, state = env.reset()
    assert isinstance(obs, list) and len(obs) == 10
    assert all(row.dtype == np.float32 and row.shape == (170,) for row in obs)
    assert (state.dtype, state.shape) == (np.float32, (306,))
    assert env.get_avail_agent_actions(3) == env.get_avail_actions()[3]
    assert (env.get_obs_size(), env.get_state_size(), env.get_total_actions(), env.get_cap_size()) == (170, 306, 17, 3)
    assert env.get_obs_agent(0).shape == (170,)
    assert env.get_capabilities_agent(0).sum() == 1
    assert (env.n_agents, env.n_enemies, env.episode_limit, env.env.map_name) == (10, 11, 200, "10gen_terran")
    assert env.get_env_info()["agent_features"] == [
        "health",
        "energy/cooldown",
        "rel_x",
        "rel_y",
        "type_0",
        "type_1",
        "type_2",
    ]
    assert env.get_env_info()["enemy_features"] == ["health", "rel_x", "rel_y", "type_0", "type_1", "type_2"]
    with pytest.raises(InputError, match="0 to 9"):
        env.get_obs_agent(10)
    with pytest.raises(AttributeError):
        env.no_such_member  # noqa: B018


def test_calls_before_the_first_reset_are_refused():
    env = wrapper()
    for call in (env.get_obs, env.get_state, env.get_avail_actions, env.get_capabilities):
        with pytest.raises(RuntimeError, match="reset first"):
            call()


def test_seeds_are_battles_of_the_evaluation_stream():
    env, skirmish = make("terran_10_vs_11", seed=40), Skirmish(load_scenario("terran_10_vs_11"))
    for seed in (40, 41):
        obs, state = env.reset()
        frame = skirmish.reset(seed)
        assert np.array_equal(obs, frame.obs) and np.array_equal(state, frame.state)
    first = wrapper(40).reset()
    frame = skirmish.reset(40)
    assert np.array_equal(first[0], frame.obs) and np.array_equal(first[1], frame.state)
    assert not np.array_equal(wrapper(None).reset()[1], wrapper(None).reset()[1])


def test_every_observation_has_its_own_draws():
    env, skirmish = (
        make("protoss_5_vs_5_epo", seed=2, observation="upstream"),
        Skirmish(load_scenario("protoss_5_vs_5_epo"), "upstream"),
    )
    env.reset()
    skirmish.reset(2)
    assert np.array_equal(env.get_obs(), skirmish.observe())
    for _ in range(6):
        env.step([1] * 5)
        frame = skirmish.step([1] * 5)
        assert np.array_equal(env.get_obs(), frame.obs)
        assert np.array_equal(env.get_obs(), skirmish.observe())


def test_episode_configurations():
    scenario = load_scenario("protoss_5_vs_5")
    config = draw_battle(scenario, 77).episode_config()
    env, plain = make(scenario, seed=77), make(scenario, seed=77)
    assert np.array_equal(env.env.reset(config)[1], plain.reset()[1])
    for change in (
        {"team_gen": None},
        {"team_gen": config["team_gen"] | {"ally_team": ["marine"] * 5}},
        {"team_gen": config["team_gen"] | {"enemy_team": ["zealot"] * 4}},
        {"ally_start_positions": {"item": np.full((5, 2), 33.0)}},
        {"ally_start_positions": {"item": np.full((5, 2), np.nan)}},
    ):
        with pytest.raises(InputError, match="episode_config"):
            env.env.reset(config | change)


def test_masked_enemies():
    config = TERRAN | {"enemy_mask": {"dist_type": "mask", "mask_probability": 0.5}}
    env = wrapper(config=config, fully_observable=True)
    obs, _ = env.reset()
    types = np.stack(obs)[:, 4 : 4 + 11 * 8].reshape(10, 11, 8)[:, :, 5:]
    hidden = draw_battle(env.env.scenario, 0).enemy_mask
    assert 0 < hidden.sum() < hidden.size
    assert np.array_equal(types.any(axis=2), hidden == 0)
    shown = draw_battle(env.env.scenario, 0).episode_config() | {"enemy_mask": {"item": (1 - hidden).tolist()}}
    obs, _ = env.env.reset(shown)
    assert np.array_equal(np.stack(obs)[:, 4:92].reshape(10, 11, 8)[:, :, 5:].any(axis=2), hidden == 1)
    obs, _ = env.env.reset({key: value for key, value in shown.items() if key != "enemy_mask"})
    assert np.stack(obs)[:, 4:92].reshape(10, 11, 8)[:, :, 5:].any(axis=2).all()


@pytest.mark.parametrize("item", [None, 1, [[1] * 5] * 4, [["much"] * 5] * 5, np.full((5, 5), 2)])
def test_wrong_masks_are_refused(item):
    scenario = load_scenario("protoss_5_vs_5")
    config = draw_battle(scenario, 0).episode_config() | {"enemy_mask": {"item": item}}
    with pytest.raises(InputError, match="episode_config: enemy_mask: give an item of 5 rows of 5 numbers"):
        make(scenario).env.reset(config)


def test_a_mask_is_for_64_agents_at_most():
    scenario = replace(load_scenario("zerg_5_vs_5"), n_units=65, n_enemies=1, mask_probability=0.0)
    with pytest.raises(InputError, match="zerg_5_vs_5: mask_probability for 65 agents; at most 64 can have one"):
        Skirmish(scenario)
    with pytest.raises(InputError, match="an enemy mask for 65 agents; use one with at most 64"):
        Skirmish(replace(scenario, mask_probability=1.0)).reset_to(draw_battle(scenario, 0))
    frame = Skirmish(replace(scenario, n_units=64), fully_observable=True).reset(0)
    assert not frame.obs[:, 8:12].any() and frame.obs[:, 5].all()


def test_units_as_objects():
    env = make("protoss_5_vs_5", seed=0)
    env.reset()
    agents, enemies = env.agents, env.enemies
    assert list(agents) == list(enemies) == [0, 1, 2, 3, 4]
    assert env.get_unit_by_id(2) == agents[2]
    assert {u.owner for u in agents.values()} == {1} and {u.owner for u in enemies.values()} == {2}
    assert {u.unit_type for u in agents.values()} <= {env.stalker_id, env.zealot_id, env.colossus_id}
    assert {u.unit_type for u in enemies.values()} <= {74, 73, 4}
    assert env.get_unit_types() == [u.unit_type for u in (*agents.values(), *enemies.values())]
    seen = env.get_visibility_matrix()
    assert (seen.shape, seen.dtype) == ((5, 10), bool)
    assert np.array_equal(seen[:, :5], seen[:, :5].T) and not seen[:, :5].diagonal().any()
    for a, me in agents.items():
        for e, other in enemies.items():
            away = np.hypot(me.pos.x - other.pos.x, me.pos.y - other.pos.y)
            assert seen[a, 5 + e] == (away < env.unit_sight_range(a))
    assert env.max_reward == 250 + sum(u.health_max + u.shield_max for u in enemies.values())


def test_constructor_defaults_are_smacv2s():
    env = StarCraftCapabilityEnvWrapper(capability_config=TERRAN, map_name="10gen_terran", seed=0)
    env.reset()
    assert env.get_obs_size() == 168  # without the own position
    assert (env.unit_sight_range(0), env.unit_shoot_range(0)) == (9, 6)


def test_time_out_of_a_continuing_episode(monkeypatch):
    env = make("protoss_5_vs_5", seed=0, continuing_episode=True)
    env.reset()
    env.env._skirmish._battles.tallies["step"] = 199
    _, terminated, info = env.step([1] * 5)
    assert terminated and info["episode_limit"] is True and info["battle_won"] is False
    assert env.get_stats() | {"win_rate": 0.0} == env.get_stats()
    assert env.get_stats()["timeouts"] == env.get_stats()["battles_draw"] == 1


def test_the_last_seed_is_followed_by_the_first():
    env = make("protoss_5_vs_5", seed=2**64 - 1)
    env.reset()
    assert np.array_equal(env.reset()[1], make("protoss_5_vs_5", seed=0).reset()[1])


def test_without_start_positions_the_teams_stand_left_and_right():
    config = {key: value for key, value in TERRAN.items() if key != "start_positions"}
    env = wrapper(config=config)
    env.reset()
    assert all(u.pos.x < 16 for u in env.agents.values()) and all(u.pos.x > 16 for u in env.enemies.values())


@pytest.mark.parametrize(("kind", "rule"), [("reflect_position", "reflect"), ("surrounded", "surrounded")])
def test_other_start_positions(kind, rule):
    config = TERRAN | {"start_positions": {"dist_type": kind, "map_x": 32, "map_y": 32}}
    assert wrapper(config=config).env.scenario.start_positions.rule == rule


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attack": {}}, "attack is not implemented"),
        ({"n_units": 0}, "n_units"),
        ({"team_gen": {"dist_type": "all_teams"}}, "weighted_teams"),
        ({"team_gen": TERRAN["team_gen"] | {"observe": False}}, "observe"),
        ({"team_gen": TERRAN["team_gen"] | {"weights": [0.5, 0.5]}}, "one weight"),
        ({"team_gen": TERRAN["team_gen"] | {"unit_types": ["marine", "marauder", "zealot"]}}, "unknown unit 'zealot'"),
        ({"team_gen": TERRAN["team_gen"] | {"exception_unit_types": ["marine", "marauder", "medivac"]}}, "exception"),
        (
            {"team_gen": TERRAN["team_gen"] | {"weights": [1e-9, 0, 1 - 1e-9], "exception_unit_types": ["medivac"]}},
            "must not be exceptions",
        ),
        ({"team_gen": TERRAN["team_gen"] | {"weights": None}}, "are lists"),
        ({"team_gen": TERRAN["team_gen"] | {"weights": ["much", 1, 1]}}, "are lists"),
        ({"team_gen": TERRAN["team_gen"] | {"exception_unit_types": None}}, "are lists"),
        ({"start_positions": ["reflect_position"]}, "dist_type"),
        ({"start_positions": {"dist_type": ["reflect_position"]}}, "dist_type"),
        ({"start_positions": {"dist_type": "fixed"}}, "dist_type 'fixed'"),
        ({"start_positions": TERRAN["start_positions"] | {"map_x": 64}}, "map_x"),
        ({"start_positions": TERRAN["start_positions"] | {"p": 2}}, "p 2"),
        ({"enemy_mask": None}, "dist_type None is not implemented here; use mask"),
        ({"enemy_mask": {"dist_type": "fixed"}}, "dist_type 'fixed'"),
        ({"enemy_mask": {"dist_type": "mask"}}, "mask_probability None is not allowed; give a probability"),
        ({"enemy_mask": {"dist_type": "mask", "mask_probability": True}}, "mask_probability True"),
    ],
)
def test_configurations_that_are_not_implemented_are_named(change, message):
    config = TERRAN | change
    before = copy.deepcopy(config)
    with pytest.raises(InputError, match=message):
        wrapper(config=config)
    assert config == before


def test_other_refusals():
    with pytest.raises(InputError, match="capability_config is missing"):
        StarCraftCapabilityEnvWrapper(map_name="10gen_terran")
    with pytest.raises(InputError, match="unknown map"):
        StarCraftCapabilityEnvWrapper(map_name="8m", capability_config=TERRAN)
    with pytest.raises(InputError, match="conic_fov"):
        wrapper(conic_fov=True)
    with pytest.raises(InputError, match="did you mean protoss_5_vs_5"):
        api.make("protos_5_vs_5")
    with pytest.raises(InputError, match="seed"):
        make("protoss_5_vs_5", seed=-1)


def test_an_unknown_backend_is_told_in_one_line() -> None:
    assert make("protoss_5_vs_5", backend="embedded").n_agents == 5
    with pytest.raises(InputError, match="unknown backend 'sc3': choose from embedded"):
        make("protoss_5_vs_5", backend="sc3")


@pytest.mark.parametrize("name", ["render", "full_restart", "save_replay"])
def test_what_needs_the_real_game_says_so(name: str) -> None:
    env = make("protoss_5_vs_5")
    assert not hasattr(env, name)
    with pytest.raises(AttributeError, match="needs the real game; `compass view`"):
        getattr(env, name)
