"""The native environment against the committed traces of unmodified smacv2: needs neither smacv2 nor pysc2."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.engine import rules_hash
from envs.scenario_file import scenario_names
from tests.envs.parity.combinations import CHOICES
from tests.envs.parity.native import Native
from tests.envs.parity.traces import (
    COMBINATIONS,
    LINK,
    POLICIES,
    Case,
    Driver,
    Rules,
    Trace,
    Turn,
    all_cases,
    battle_hash,
    cases,
    trace,
)

COMMITTED: dict[str, Any] = json.loads(Path(__file__).with_name("hashes.json").read_text(encoding="utf-8"))
REGENERATE = "regenerate with: python -m tests.envs.parity.record (see docs/parity.md)"


def reason(case: Case, parting: str) -> str:
    """Why the native side may differ from what is committed, and what to do."""
    if COMMITTED["rules"] != rules_hash():
        return f"{case.name}: tests/envs/parity/hashes.json is stale, the engine's rules have changed; {REGENERATE}"
    return f"{case.name}: differs from smacv2, first at {parting}"


def test_the_committed_episodes_are_those_that_are_played() -> None:
    assert set(COMMITTED["episodes"]) == {case.name for case in all_cases()}, f"stale: other episodes; {REGENERATE}"


@pytest.mark.parametrize("scenario", scenario_names())
def test_native_equals_smacv2(scenario: str) -> None:
    for rules, played in cases(scenario).items():
        native = Native(rules)
        for case in played:
            battle, *recorded = COMMITTED["episodes"][case.name]
            assert battle == battle_hash(case), f"{case.name}: stale, another battle is drawn now; {REGENERATE}"
            expected, seen = Trace(*recorded), trace(native, case)
            assert seen == expected, reason(case, expected.parting(seen))


def test_the_traces_are_of_many_kinds() -> None:
    """Short and long episodes, won and lost ones, or the proof would say little."""
    traces = [Trace(*recorded) for _, *recorded in COMMITTED["episodes"].values()]
    assert len(traces) == 36 * (8 + COMBINATIONS)
    assert min(trace.steps for trace in traces) < 30
    assert max(trace.steps for trace in traces) > 60
    assert sum(trace.steps for trace in traces) > 10000
    assert {trace.end.partition(",")[0] for trace in traces} == {"won", "not won"}


def test_every_value_of_every_option_is_played() -> None:
    played = [case.rules.changes for case in all_cases() if case.rules.changes]
    assert len({str(changes) for changes in played}) == len(played) == 36 * COMBINATIONS
    for name, values in CHOICES.items():
        for value in values:
            assert sum(changes.get(name) == value for changes in played) >= 2, f"{name} = {value}"
    assert {case.policy for case in all_cases() if case.rules.changes} == set(POLICIES)


@pytest.mark.parametrize(
    ("name", "value"), [("reward_sparse", True), ("reward_only_positive", False), ("reward_scale", False)]
)
def test_battles_are_won_and_lost_under_every_kind_of_reward(name: str, value: bool) -> None:
    played = [case for case in all_cases() if case.rules.changes.get(name) == value]
    ends = [COMMITTED["episodes"][case.name][1].partition(",")[0] for case in played]
    assert min(ends.count("won"), ends.count("not won")) >= 3


def test_another_observation_would_be_noticed() -> None:
    """Without smacv2's row wipe (its issue 50) the bytes differ: the traces are of the real thing."""
    case = Case(Rules("protoss_5_vs_5"), "random", 0)
    repaired = Native(case.rules, observation="repaired")
    assert trace(repaired, case).hash != COMMITTED["episodes"][case.name][2]


def a_turn(**changes: Any) -> Turn:
    rng = np.random.default_rng(1)
    arrays = {
        "obs": rng.random((5, 92), dtype=np.float32),
        "state": rng.random(130, dtype=np.float32),
        "available": np.ones((5, 11), dtype=np.uint8),
    }
    return Turn(**(arrays | {"reward": 0.25, "info": {"dead_allies": 1}} | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"reward": 0.25000000000000006},
        {"terminated": True},
        {"info": {"dead_allies": 2}},
        {"info": {"dead_allies": 1, "battle_won": True}},
        {"available": np.eye(5, 11, dtype=np.uint8)},
        {"state": np.zeros(130, dtype=np.float32)},
    ],
)
def test_the_packed_bytes_tell_any_difference(changes: dict[str, Any]) -> None:
    assert a_turn(**changes).pack() != a_turn().pack()


def test_a_trace_tells_where_it_parts() -> None:
    trace_a, trace_b = Trace("", "a", "01" * 3 + "02" * 4), Trace("", "b", "01" * 3 + "03" * 4)
    assert LINK == 2
    assert trace_a.parting(trace_b) == "step 3 of 6"
    assert trace_a.parting(Trace("", "c", "09" * 7)) == "the reset"
    assert trace_a.parting(Trace("", "d", "01" * 3)) == "the end: 6 steps against 2"


@pytest.mark.parametrize("policy", POLICIES)
def test_drivers_choose_legal_actions_and_repeat_themselves(policy: str) -> None:
    case = Case(Rules("terran_5_vs_6_epo"), policy, 3)
    native = Native(case.rules)
    driver, again = (Driver(case) for _ in range(2))
    turn, step = native.reset(case.seed), 0
    while not turn.terminated:
        actions = driver.actions(turn, step)
        assert (actions == again.actions(turn, step)).all()
        assert all(turn.available[agent, action] for agent, action in enumerate(actions))
        turn, step = native.step(actions), step + 1
