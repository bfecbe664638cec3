"""Whole battles: shapes, determinism, batches and threads, refusals, ends."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest

from envs.draws import stream_key
from envs.engine.state import ATTACK, ATTACK_MOVE, MAX_UNITS, NONE
from envs.errors import InputError
from envs.random_play import RandomBatch, choose_legal, record, single_speed
from envs.scenario import StartPositions
from envs.scenario_file import load_scenario, scenario_names
from envs.skirmish import BatchedSkirmish, Frame, Skirmish
from envs.smac.battles import Battles
from envs.teams import draw_battle

# obs, state, n_actions by number of agents and enemies, measured on smacv2: Protoss, then Terran and Zerg
SHAPES = {
    "5_vs_5": ((92, 130, 11), (82, 120, 11)),
    "5_vs_6": ((101, 142, 12), (90, 131, 12)),
    "10_vs_10": ((182, 310, 16), (162, 290, 16)),
    "10_vs_11": ((191, 327, 17), (170, 306, 17)),
    "20_vs_20": ((362, 820, 26), (322, 780, 26)),
    "20_vs_23": ((389, 901, 29), (346, 858, 29)),
}
PROTOSS, EPO = load_scenario("protoss_5_vs_5"), load_scenario("terran_5_vs_6_epo")
MASKED = replace(EPO, name="masked", mask_probability=0.5)


def digest(frame):
    """Hash of all that a frame shows."""
    rest = [getattr(frame, f.name) for f in fields(Frame)[3:]]
    content = frame.obs.tobytes() + frame.state.tobytes() + frame.available.tobytes() + repr(rest).encode()
    return hashlib.sha256(content).hexdigest()


def play(skirmish, seed):
    """The frames' hashes of a battle of random legal play."""
    actions = record(skirmish, seed)
    return [digest(skirmish.reset(seed)), *(digest(skirmish.step(a)) for a in actions)]


@pytest.mark.parametrize("name", scenario_names())
def test_shapes_of_the_36_scenarios(name):
    skirmish = Skirmish(load_scenario(name))
    race, size = name.removesuffix("_epo").split("_", 1)
    obs_size, state_size, n_actions = SHAPES[size][race != "protoss"]
    frame = skirmish.reset(3)
    n_agents = int(size.split("_")[0])
    assert (frame.obs.shape, frame.obs.dtype) == ((n_agents, obs_size), np.float32)
    assert (frame.state.shape, frame.state.dtype) == ((state_size,), np.float32)
    assert (frame.available.shape, frame.available.dtype) == ((n_agents, n_actions), np.uint8)
    frame = skirmish.step(np.ones(n_agents, int))
    assert frame.step == 1 and not frame.terminated
    assert np.abs(frame.obs).max() <= 1


@pytest.mark.parametrize("scenario", [PROTOSS, EPO, load_scenario("zerg_10_vs_11")], ids=lambda s: s.name)
def test_same_seed_same_bytes(scenario):
    first, second = Skirmish(scenario, "upstream"), Skirmish(scenario, "upstream")
    once = play(first, 5)
    play(second, 6)
    assert play(second, 5) == once
    assert play(second, 6)[0] != once[0]


def test_streams_and_observations_differ():
    skirmish = Skirmish(PROTOSS)
    assert digest(skirmish.reset(5)) != digest(skirmish.reset(5, "training"))
    assert play(Skirmish(PROTOSS, "upstream"), 5) != play(Skirmish(PROTOSS, "repaired"), 5)


def batch_play(scenario, size, threads, rounds=70):
    """Hashes of the arrays of battles 0..size-1 through `rounds` steps, finished ones begun again with seed + 1000."""
    batched = BatchedSkirmish(scenario, size, threads=threads)
    batch = batched.reset(range(size))
    actions = np.zeros((size, batched.n_agents), np.int64)
    hashes = [hashlib.sha256() for _ in range(size)]
    seeds = list(range(size))
    for _ in range(rounds):
        for b in range(size):
            key = np.uint64(stream_key("test", seeds[b]))
            choose_legal(key, int(batch.step[b]), batch.available[b : b + 1], actions[b : b + 1])
        batch = batched.step(actions)
        for b in range(size):
            for f in fields(batch):
                hashes[b].update(np.ascontiguousarray(getattr(batch, f.name)[b]).tobytes())
        over = np.flatnonzero(batch.terminated).tolist()
        for b in over:
            seeds[b] += 1000
        if over:
            batched.reset_at(over, [seeds[b] for b in over])
    batched.close()
    return [h.hexdigest() for h in hashes]


@pytest.mark.parametrize("scenario", [PROTOSS, EPO, MASKED], ids=lambda s: s.name)
def test_same_bytes_for_any_batch_size_and_threads(scenario):
    seven = batch_play(scenario, 7, 1)
    assert len(set(seven)) == 7
    assert batch_play(scenario, 3, 1) == seven[:3]
    assert batch_play(scenario, 1, 1) == seven[:1]
    assert batch_play(scenario, 7, 3) == seven
    assert batch_play(scenario, 2, 4) == seven[:2]


@pytest.mark.parametrize("scenario", [EPO, MASKED], ids=lambda s: s.name)
def test_a_batch_plays_what_single_battles_play(scenario):
    batched = BatchedSkirmish(scenario, 3, "upstream")
    singles = [Skirmish(scenario, "upstream") for _ in range(3)]
    batch = batched.reset([4, 5, 6])
    frames = [single.reset(seed) for single, seed in zip(singles, [4, 5, 6], strict=True)]
    for _ in range(25):
        actions = [[int(np.flatnonzero(m)[-1]) for m in frame.available] for frame in frames]
        batch = batched.step(actions)
        frames = [
            frame if frame.terminated else single.step(chosen)
            for single, frame, chosen in zip(singles, frames, actions, strict=True)
        ]
        for b, frame in enumerate(frames):
            assert np.array_equal(batch.obs[b], frame.obs)
            assert np.array_equal(batch.state[b], frame.state)
            assert np.array_equal(batch.available[b], frame.available)
            assert (batch.terminated[b], batch.dead_allies[b]) == (frame.terminated, frame.dead_allies)


def test_finished_battles_of_a_batch_stand_still_until_reset():
    batched = BatchedSkirmish(PROTOSS, 2)
    batch = batched.reset([0, 1])
    batched._battles.tallies["step"][0] = 199
    batch = batched.step(np.ones((2, 5), int))
    assert batch.terminated.tolist() == [True, False] and batch.timeout[0]
    obs = batch.obs[0].copy()
    batch = batched.step([[99] * 5, [1] * 5])
    assert (batch.step.tolist(), batch.reward[0]) == ([200, 2], 0)
    assert np.array_equal(batch.obs[0], obs)
    batch = batched.reset_at([0], [8])
    assert (batch.step.tolist(), batch.terminated.any()) == ([0, 2], False)
    assert np.array_equal(batch.obs[0], Skirmish(PROTOSS).reset(8).obs)


def test_frames_are_the_callers_own():
    skirmish = Skirmish(PROTOSS)
    first = skirmish.reset(1)
    kept = digest(first)
    second = skirmish.step([1] * 5)
    assert digest(first) == kept
    second.available[:] = 0
    second.obs[:] = 7
    third = skirmish.step([1] * 5)
    assert third.available.any() and third.obs.max() <= 1


@pytest.mark.parametrize("action", [0, -1, 11, 10**9])
def test_illegal_actions_are_named_and_change_nothing(action):
    skirmish, other = Skirmish(PROTOSS), Skirmish(PROTOSS)
    skirmish.reset(0)
    other.reset(0)
    with pytest.raises(ValueError, match=rf"agent 3: action {action} is illegal now; legal are \[1, 2, 3, 4, 5"):
        skirmish.step([2, 2, 2, action, 2])
    assert digest(skirmish.step([1] * 5)) == digest(other.step([1] * 5))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_illegal_action_stops_the_whole_batch(threads):
    batched = BatchedSkirmish(PROTOSS, 4, threads=threads)
    before = batched.reset(range(4)).obs.copy()
    actions = np.ones((4, 5), int)
    actions[2, 1] = 0
    with pytest.raises(ValueError, match="battle 2, agent 1: action 0 is illegal"):
        batched.step(actions)
    assert np.array_equal(batched._outputs[2], before)
    assert not batched._battles.tallies["step"].any()


def test_refusals():
    skirmish = Skirmish(PROTOSS)
    with pytest.raises(ValueError, match="call reset"):
        skirmish.step([1] * 5)
    skirmish.reset(0)
    for actions in ([1], [1] * 6, [1.0] * 5, ["1"] * 5, [True] * 5, [[1]] * 5, [1, 1, 1, 1, 2**70], np.full(5, np.nan)):
        with pytest.raises(ValueError, match="integer for each of the 5 agents"):
            skirmish.step(actions)
    for seed in (-1, 2**64, 1.5, True):
        with pytest.raises(InputError, match="seed"):
            skirmish.reset(seed)
    skirmish.reset(2**64 - 1)
    with pytest.raises(InputError, match="observation"):
        Skirmish(PROTOSS, "fixed")
    with pytest.raises(InputError, match="batch_size"):
        BatchedSkirmish(PROTOSS, 0)
    with pytest.raises(InputError, match=f"at most {MAX_UNITS}"):
        Skirmish(replace(PROTOSS, n_units=MAX_UNITS, n_enemies=1))
    batched = BatchedSkirmish(PROTOSS, 2)
    with pytest.raises(InputError, match="one each"):
        batched.reset([1])
    with pytest.raises(InputError, match="places from 0 to 1"):
        batched.reset_at([2], [0])
    for actions in ([1] * 5, np.full((2, 5), 1.0), np.full((2, 5), "1")):
        with pytest.raises(ValueError, match=r"give integers of the shape \(2, 5\)"):
            batched.step(actions)


def test_a_battle_whose_units_find_no_room_cannot_be_played(monkeypatch):
    skirmish = Skirmish(PROTOSS)
    skirmish.reset(0)
    monkeypatch.setattr(Battles, "_begin", lambda *_: 0)
    with pytest.raises(InputError, match="room on the map"):
        skirmish.reset(1)
    with pytest.raises(ValueError, match="call reset"):
        skirmish.step([1] * 5)


def test_every_battle_ends_and_then_wants_a_reset():
    skirmish = Skirmish(PROTOSS)
    frame = skirmish.reset(2)
    while not frame.terminated:
        assert frame.end_code is None
        frame = skirmish.step([int(mask.argmax()) for mask in frame.available])
    assert frame.timeout or frame.end_code in (-1, 0, 1)
    with pytest.raises(ValueError, match="over"):
        skirmish.step([1] * 5)


def test_time_limit():
    skirmish = Skirmish(PROTOSS)
    skirmish.reset(2)
    skirmish._battles.tallies["step"] = 198
    assert not skirmish.step([1] * 5).terminated
    frame = skirmish.step([1] * 5)
    assert (frame.step, frame.timeout, frame.terminated, frame.battle_won, frame.end_code) == (
        200,
        True,
        True,
        False,
        None,
    )


def test_agents_stand_sorted_and_enemies_in_creation_order():
    skirmish = Skirmish(load_scenario("zerg_20_vs_23"))
    for seed in range(10):
        skirmish.reset(seed)
        agents = skirmish.seen[:20]
        keys = list(zip(agents["kind"].tolist(), agents["x"].tolist(), agents["y"].tolist(), strict=True))
        assert keys == sorted(keys)
        assert skirmish.seen["slot"][20:].tolist() == list(range(20, 43))
        assert sorted(agents["slot"].tolist()) == list(range(20))


def test_aims_are_the_agents_whom_enemies_attack_or_are_ordered_to_attack():
    skirmish = Skirmish(PROTOSS)
    skirmish.reset(3)
    skirmish.step([1] * 5)
    assert all(skirmish.seen[aim]["health"] > 0 for aim in skirmish.aims())  # the script has sent each at somebody
    slots, units = skirmish.seen["slot"], skirmish.units
    enemy = units[slots[5]]
    for order, target, acquired, aim in (
        (ATTACK, slots[2], -1, 2),
        (NONE, -1, slots[4], 4),
        (ATTACK_MOVE, -1, slots[1], 1),
        (NONE, -1, -1, -1),
        (NONE, -1, slots[6], -1),  # as of a medivac's patient
    ):
        enemy["order"], enemy["target"], enemy["acquired"] = order, target, acquired
        assert skirmish.aims()[0] == aim
    enemy["order"], enemy["target"] = ATTACK, slots[2]
    skirmish.seen[2]["health"] = 0.0
    assert skirmish.aims()[0] == -1
    skirmish.seen[2]["health"] = 1.0
    enemy["alive"] = 0
    assert skirmish.aims()[0] == -1


def test_given_teams_and_positions():
    skirmish = Skirmish(PROTOSS)
    frame = skirmish.reset(11)
    again = skirmish.reset_to(draw_battle(PROTOSS, 11), stream_key("evaluation", 11))
    assert digest(frame) == digest(again)


def test_reward_scale_is_the_battles_own_unless_set():
    skirmish = Skirmish(PROTOSS)
    skirmish.reset(3)
    worth = sum(float(u["health_max"] + u["shield_max"]) for u in skirmish.seen[5:])
    assert skirmish.max_reward == 5 * 10 + 200 + worth
    skirmish.max_reward = 100
    for actions in record(Skirmish(PROTOSS), 3):
        frame = skirmish.step(actions)
        assert frame.reward == frame.raw_reward / 5
    skirmish.reset(3)
    assert skirmish.max_reward == 250 + worth


def test_steps_without_looking_and_observing_by_hand():
    looking, blind = Skirmish(EPO, "upstream"), Skirmish(EPO, "upstream")
    looking.reset(1)
    blind.reset(1)
    for actions in record(Skirmish(EPO, "upstream"), 1):
        seen, unseen = looking.step(actions), blind.step(actions, look=False)
        assert unseen.obs.size == 0
        assert np.array_equal(blind.observe(), seen.obs)
        assert np.array_equal(unseen.state, seen.state)
        one = blind.observe(2)
        assert not one[[0, 1, 3, 4]].any()


def test_observing_with_the_callers_draws():
    skirmish, other = Skirmish(EPO), Skirmish(EPO)
    orders = []
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0]):
        for b in (skirmish, other):
            b.reset(6)
            b.seen["tracker"][5:] = -1
            b.tracked[:] = 0
        first = skirmish.observe_with(order, [])
        assert np.array_equal(first, other.observe_with(order, []))
        orders.append(first)
    assert not np.array_equal(*orders)


def test_options_reach_the_kernel():
    scenario = replace(PROTOSS, name="other")
    frame = Skirmish(scenario, obs_last_action=True, obs_timestep_number=True, state_timestep_number=True).reset(0)
    assert frame.obs.shape == (5, 92 + 4 * 11 + 1)
    assert frame.state.shape == (131,)
    with pytest.raises(InputError, match="conic_fov"):
        Skirmish(PROTOSS, conic_fov=True)
    with pytest.raises(InputError, match="did you mean step_mul"):
        Skirmish(PROTOSS, step_mull=4)


def test_random_play_is_legal_and_measures():
    single = single_speed(Skirmish(PROTOSS), range(2))
    batched = RandomBatch(BatchedSkirmish(PROTOSS, 4)).play(60)
    assert single.steps == sum(len(record(Skirmish(PROTOSS), seed)) for seed in range(2))
    assert batched.steps == 240
    assert single.steps_per_second > 0 and batched.steps_per_second > 0
    masks = np.zeros((1, 4000, 5), np.uint8)
    masks[..., [1, 3, 4]] = 1
    actions = np.zeros((1, 4000), np.int64)
    choose_legal(np.uint64(1), 0, masks, actions)
    assert np.bincount(actions[0])[[1, 3, 4]].min() > 1200 and set(actions[0]) == {1, 3, 4}


def test_scenarios_may_be_named() -> None:
    assert Skirmish("terran_5_vs_6").n_enemies == BatchedSkirmish("terran_5_vs_6", 2).n_enemies == 6
    with pytest.raises(InputError, match="did you mean"):
        Skirmish("teran_5_vs_6")


def test_those_who_die_at_once_lie_where_they_fell():
    """Banelings created in touch burst in the first loop; nothing of an earlier battle shows through their records."""
    scenario = replace(
        load_scenario("zerg_20_vs_20"),
        weights=(0.5, 0.0, 0.5),
        exception_unit_types=(),
        start_positions=StartPositions("surrounded"),
    )
    used, battles = Skirmish(scenario, "upstream"), 0
    for seed in range(100):
        used.reset(seed)
        fallen = used.seen["health"] <= 0
        if fallen.any() and not fallen.all():
            battles += 1
            assert (np.hypot(used.seen["x"] - 16, used.seen["y"] - 16)[fallen] < 6).all()
            alone = Skirmish(scenario, "upstream")
            assert play(used, seed) == play(alone, seed)
    assert battles > 3
