"""Whole episodes: the loop's order, decentralisation, determinism, golden episodes, and what becomes of failing skills."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compass.communication import Exchange, Trace
from compass.episode import EpisodeSettings, _outcome, run_episode
from compass.errors import InputError
from compass.planner import ScriptedPlanner
from compass.policies import Choice, NearestTeam, PlanningTeam
from compass.skills.library import Library, default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from compass.types import Constants, Outcome, Planned, StepRecord, Trigger
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

GOLDEN = Path(__file__).with_name("golden_episodes.json")
NAMES = ("protoss_5_vs_5_epo", "terran_5_vs_6", "zerg_5_vs_5_epo")


class Recorder:
    def __init__(self) -> None:
        self.records: list[StepRecord] = []

    def on_step(self, record: StepRecord) -> None:
        self.records.append(record)

    def lines(self) -> list[str]:
        """One readable line a step: actions, reward, and who planned what."""
        lines = []
        for r in self.records:
            plans = " ".join(f"{p.agent_id}:{p.decision.skill}({p.trigger})" for p in r.planned)
            lines.append(f"{r.step} {','.join(map(str, r.actions))} {r.after.reward:.6f} {plans}".rstrip())
        return lines


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(default_library_folder())


@pytest.fixture(scope="module")
def team(library: Library) -> Iterator[PlanningTeam]:
    with Sandbox(library) as sandbox:
        yield PlanningTeam(ScriptedPlanner(), library, sandbox)


def play(team: PlanningTeam, name: str, seed: int, observation: str = "repaired") -> Recorder:
    recorder = Recorder()
    run_episode(Skirmish(load_scenario(name), observation), team, seed, EpisodeSettings(), [recorder])
    return recorder


@pytest.mark.parametrize("name", NAMES)
def test_golden_episodes_replay(team: PlanningTeam, name: str) -> None:
    """`python -m tests.compass.test_episode` writes them anew after a wanted change of rules, skills or planner."""
    golden = json.loads(GOLDEN.read_text())[name]
    assert play(team, name, golden["seed"]).lines() == golden["steps"]


def test_same_seed_same_episode_and_another_seed_another(team: PlanningTeam) -> None:
    one, again, other = (play(team, NAMES[0], seed).lines() for seed in (3, 3, 4))
    assert one == again
    assert one != other


def test_results_add_up(team: PlanningTeam) -> None:
    recorder, trace = Recorder(), Trace()
    env = Skirmish(load_scenario(NAMES[0]))
    result = run_episode(env, team, 5, EpisodeSettings(), [recorder, trace])
    assert result.length == len(recorder.records)
    assert result.returned == pytest.approx(sum(r.after.reward for r in recorder.records))
    assert result.plans == sum(len(r.planned) for r in recorder.records)
    assert result.messages == len(trace.deliveries) > 0
    assert result.outcome in (Outcome.WIN, Outcome.LOSS, Outcome.DRAW, Outcome.TIMEOUT)
    assert (result.outcome is Outcome.WIN) == recorder.records[-1].after.battle_won
    assert result.reproducible
    assert not result.faults


class Meddler:
    """A listener's opposite: plays the team on tampered exchanges, and compares one agent's decisions with the untampered."""

    def __init__(self, team: PlanningTeam, shadow: PlanningTeam, agent: int) -> None:
        self.team, self.shadow, self.agent = team, shadow, agent
        self.reproducible = True
        self.compared = 0
        self._rng = np.random.default_rng(0)

    def begin(self, constants: Constants, seed: int) -> None:
        self.team.begin(constants, seed)
        self.shadow.begin(constants, seed)

    def _tampered(self, exchange: Exchange) -> Exchange:
        """The same for the agent; everything else, of every other agent, is nonsense of the right shape."""
        table, available = self._rng.permuted(exchange.table), self._rng.permuted(exchange.available)
        table[self.agent], available[self.agent] = exchange.table[self.agent], exchange.available[self.agent]
        payloads = [payload if a == self.agent else b"" for a, payload in enumerate(exchange.payloads)]
        nobody = np.zeros((0, 7), dtype=np.int64)
        alive = (self.agent,) if self.agent in exchange.alive else ()
        graph = exchange.graph.subgraph([])
        vectors = self._rng.permuted(exchange.vectors)
        vectors[self.agent] = exchange.vectors[self.agent]
        return Exchange(
            exchange.step, exchange.constants, table, available, graph, nobody, alive, tuple(payloads), vectors
        )

    def plan(self, due: Mapping[int, Trigger], exchange: Exchange) -> tuple[Planned, ...]:
        planned = self.team.plan(due, exchange)
        mine = {agent: trigger for agent, trigger in due.items() if agent == self.agent}
        shadow = self.shadow.plan(mine, self._tampered(exchange))
        assert [p for p in planned if p.agent_id == self.agent] == list(shadow)
        return planned

    def act(self, exchange: Exchange) -> Choice:
        choice = self.team.act(exchange)
        if self.agent in exchange.alive:
            assert self.shadow.act(self._tampered(exchange)).actions[self.agent] == choice.actions[self.agent]
            self.compared += 1
        return choice

    def end(self) -> None:
        self.team.end()
        self.shadow.end()


@pytest.mark.parametrize("agent", [0, 3])
def test_decisions_depend_on_nothing_but_the_agents_own_knowledge(
    library: Library, team: PlanningTeam, agent: int
) -> None:
    """Decentralisation: plans and actions stay the same when all that belongs to others is altered or gone."""
    with Sandbox(library) as sandbox:
        meddler = Meddler(team, PlanningTeam(ScriptedPlanner(), library, sandbox), agent)
        run_episode(Skirmish(load_scenario(NAMES[0])), meddler, 8, EpisodeSettings())
    assert meddler.compared > 10


def test_a_skill_that_fails_costs_the_fallback_and_play_goes_on(tmp_path: Path) -> None:
    head = '"""Bad: it fails.\n\nunit_types: any\ntask: search\ntask: engage\n"""\n\n'
    score = "def score_target(unit, obs):\n    return 0\n\n\n"
    (tmp_path / "bad.py").write_text(head + score + "def control_logic(obs, memory):\n    return 1 // (obs.step % 2)\n")
    library = load_library(tmp_path)
    recorder = Recorder()
    with Sandbox(library) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox)
        result = run_episode(Skirmish(load_scenario(NAMES[0])), team, 0, EpisodeSettings(), [recorder])
    even = sum(len(r.exchange.alive) for r in recorder.records if r.step % 2 == 0)
    assert result.faults["exception"] == even > 0
    fault = recorder.records[0].faults[0]
    assert (fault.skill, fault.kind) == ("bad", "exception")
    assert "ZeroDivisionError" in fault.detail
    assert any(action >= 6 for r in recorder.records if r.step % 2 == 0 for action in r.actions), "the fallback attacks"


HOSTILE = {
    "an endless loop": ("while True:\n        pass", "deadline"),
    "a loop in C": ("return sum(range(10**12))", "deadline"),
    "too much memory": ("return len([0] * 10**10)", "memory"),
    "deep recursion": ("return control_logic(obs, memory)", "exception"),
    "no number": ("return float('nan')", "illegal"),
    "an action that is not available": ("return 0", "illegal"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_skills_do_not_stop_the_episode(tmp_path: Path, kind: str) -> None:
    head = '"""Bad: it harms.\n\nunit_types: any\ntask: search\ntask: engage\n"""\n\n'
    score = "def score_target(unit, obs):\n    return 0\n\n\n"
    body, fault = HOSTILE[kind]
    (tmp_path / "bad.py").write_text(f"{head}{score}def control_logic(obs, memory):\n    {body}\n")
    library = load_library(tmp_path)
    with Sandbox(library) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox)
        result = run_episode(Skirmish(load_scenario("protoss_5_vs_5_epo")), team, 0, EpisodeSettings())
    assert result.length > 5
    assert result.faults[fault] >= 5, "each of five agents failed at least once"
    assert result.reproducible == (fault != "deadline")


def test_communication_and_planning_settings_reach_the_loop() -> None:
    env = Skirmish(load_scenario(NAMES[0]))
    assert run_episode(env, NearestTeam(), 1, EpisodeSettings(hops=0)).messages == 0
    assert run_episode(env, NearestTeam(), 1, EpisodeSettings(hops=3)).messages > 0
    with pytest.raises(InputError, match="plan_every is 0"):
        EpisodeSettings(plan_every=0)


def main() -> None:
    library = load_library(default_library_folder())
    with Sandbox(library) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox)
        golden = {name: {"seed": 11, "steps": play(team, name, 11).lines()} for name in NAMES}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()


@pytest.mark.parametrize(
    ("code", "timeout", "outcome"),
    [(1, False, Outcome.WIN), (-1, False, Outcome.LOSS), (0, False, Outcome.DRAW), (None, True, Outcome.TIMEOUT)],
)
def test_outcomes_are_kept_apart(code: int | None, timeout: bool, outcome: Outcome) -> None:
    frame = replace(Skirmish(load_scenario("protoss_5_vs_5")).reset(0), end_code=code, timeout=timeout)
    assert _outcome(frame) is outcome


def test_a_battle_without_an_end_has_no_outcome() -> None:
    with pytest.raises(KeyError):
        _outcome(Skirmish(load_scenario("protoss_5_vs_5")).reset(0))
