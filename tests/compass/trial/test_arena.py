"""The arena gives what the episode loop gives, whatever skills do, and its workers outlive calls, mistakes and kills."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from compass.episode import FULL, EpisodeSettings, run_episode
from compass.errors import InputError
from compass.planner import ScriptedPlanner
from compass.policies import PlanningTeam
from compass.skills.library import Library, default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from compass.trial.arena import Arena
from compass.trial.ring import Ring
from compass.types import EpisodeResult
from envs.draws import EVALUATION, TRIAL
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from tests.compass.trial.libraries import FIGHT, library_of, unchecked

SHIPPED = load_library(default_library_folder())
LIBRARIES = {
    "shipped": SHIPPED,
    "dice": library_of(
        dice="memory['n'] = memory.get('n', 0) + random.randint(1, 3)\n"
        "if memory['n'] % 3 == 0:\n    return random.choice(obs.available)\n" + FIGHT,
        second="memory['n'] = memory.get('n', 0) + 1\nreturn move(random.choice(('north', 'south')))",
    ),
    "clumsy": library_of(
        clumsy="if obs.step % 5 == 1:\n    return obs.nothing\nif obs.step % 5 == 2:\n    return None\n"
        "if obs.step % 5 == 3:\n    return 99\n" + FIGHT
    ),
    "wary": library_of(
        wary="hunters = [enemy for enemy in obs.enemies if enemy.aims_at == obs.agent_id]\n"
        "if len(hunters) > 1:\n    return away(obs, hunters)\n" + FIGHT
    ),
    "deadly": library_of(deadly="if obs.agent_id == 1 and obs.step == 30:\n    while True:\n        pass\n" + FIGHT),
    "greedy": library_of(greedy="if obs.agent_id == 2 and obs.step == 4:\n    return len([0] * 10**9)\n" + FIGHT),
}


def one_by_one(
    name: str, observation: str, library: Library, seeds: Sequence[int], stream: str, settings: EpisodeSettings
) -> list[EpisodeResult]:
    """The same battles as `evaluate` plays them."""
    env = Skirmish(load_scenario(name), observation)
    with Sandbox(library) as sandbox:
        team = PlanningTeam(ScriptedPlanner(), library, sandbox)
        return [run_episode(env, team, seed, settings, [], stream) for seed in seeds]


@contextmanager
def ring_of(name: str, observation: str, settings: EpisodeSettings) -> Iterator[Ring]:
    with Ring(load_scenario(name), observation, settings) as ring:
        yield ring


@pytest.mark.parametrize(
    ("name", "observation", "library", "stream", "settings"),
    [
        ("protoss_5_vs_5_epo", "repaired", "shipped", TRIAL, EpisodeSettings()),
        ("protoss_5_vs_5_epo", "upstream", "dice", TRIAL, EpisodeSettings(hops=1, plan_every=7)),
        ("terran_5_vs_6", "upstream", "shipped", EVALUATION, EpisodeSettings(plan_on_change=False)),
        ("terran_5_vs_5_epo", "repaired", "dice", TRIAL, EpisodeSettings(hops=0)),
        ("protoss_5_vs_6_epo", "repaired", "wary", TRIAL, EpisodeSettings(information=FULL)),
        ("zerg_5_vs_6_epo", "repaired", "clumsy", TRIAL, EpisodeSettings()),
        ("zerg_5_vs_5", "upstream", "clumsy", EVALUATION, EpisodeSettings()),
        ("protoss_5_vs_5", "repaired", "deadly", TRIAL, EpisodeSettings()),
        ("terran_5_vs_5", "repaired", "greedy", TRIAL, EpisodeSettings()),
    ],
)
def test_results_are_those_of_the_episode_loop(
    name: str, observation: str, library: str, stream: str, settings: EpisodeSettings
) -> None:
    seeds = [11, 3, 8, 5]
    with ring_of(name, observation, settings) as ring:
        found = [episode.result for episode in ring.play(LIBRARIES[library], seeds, stream)]
    assert found == one_by_one(name, observation, LIBRARIES[library], seeds, stream, settings)
    kinds = {kind for result in found for kind in result.faults}
    assert kinds == {"clumsy": {"exception", "illegal"}, "deadly": {"deadline"}, "greedy": {"memory"}}.get(
        library, set()
    )


def test_skills_use_what_full_information_tells() -> None:
    found = []
    for settings in (EpisodeSettings(), EpisodeSettings(information=FULL)):
        with ring_of("protoss_5_vs_6_epo", "repaired", settings) as ring:
            plain, wary = library_of(wary=FIGHT), LIBRARIES["wary"]
            found.append(ring.play(plain, range(4), TRIAL) == ring.play(wary, range(4), TRIAL))
    assert found == [True, False]  # where aims are unknown the rule that asks for them never acts


def test_a_ring_tells_what_became_of_each_skill() -> None:
    with ring_of("protoss_5_vs_5", "repaired", EpisodeSettings()) as ring:
        (first, *_) = ring.play(LIBRARIES["clumsy"], range(2), TRIAL)
        (second,) = ring.play(SHIPPED, [0], TRIAL)  # the same processes' parent, another library
    assert first.chosen == {"clumsy": first.result.plans} and first.faults == {"clumsy": first.result.faults}
    assert first.first_faults["clumsy"].startswith("exception: line ") and "nothing" in first.first_faults["clumsy"]
    assert set(second.chosen) <= set(SHIPPED.skills) and sum(second.chosen.values()) == second.result.plans
    assert not second.faults


def test_what_a_skill_keeps_outside_its_memory_ends_with_the_battle() -> None:
    keeper = library_of(keeper="BOX.append(1)\nreturn stop() if len(BOX) == obs.step + 1 else obs.nothing")
    with ring_of("protoss_5_vs_5", "repaired", EpisodeSettings()) as ring:
        assert not any(episode.faults for episode in ring.play(keeper, range(3), TRIAL))


def test_what_a_hostile_skill_does_reaches_no_other_play() -> None:
    """It writes over the interpreter itself; the next library's processes know nothing of it."""
    poison = unchecked(
        "os = random._os\nfor name in ('compass.skill', 'math', 'random', 'compass.skills.worker'):\n"
        "    module = os.sys.modules[name]\n    for each in list(vars(module)):\n"
        "        if each.islower():\n            vars(module)[each] = None\n"
        "return stop()"
    )
    with ring_of("protoss_5_vs_5", "repaired", EpisodeSettings()) as ring:
        before = ring.play(LIBRARIES["dice"], range(4), TRIAL)
        assert any(episode.faults for episode in ring.play(poison, range(4), TRIAL))
        assert ring.play(LIBRARIES["dice"], range(4), TRIAL) == before


def test_nothing_is_carried_from_battle_to_battle_by_what_the_checker_lets_through() -> None:
    """Modules and module-level lists are each battle's own: every battle is as it is alone."""
    keeper = library_of(
        keeper="BOX.append(random.random())\nif len(BOX) % 5 < 2:\n    return random.choice(obs.available)\n" + FIGHT
    )
    with ring_of("protoss_5_vs_5", "repaired", EpisodeSettings()) as ring:
        assert ring.play(keeper, range(4), TRIAL) == ring.play(keeper, range(4), TRIAL, alone=True)


def test_workers_stay_from_call_to_call_and_shares_do_not_matter() -> None:
    medic = library_of(medic=FIGHT)
    medic = Library(medic.folder, {"medic": replace(medic.skills["medic"], unit_types=("medivac",))})
    with Arena(load_scenario("protoss_5_vs_5_epo"), workers=2) as arena:
        whole = arena.play(SHIPPED, range(5))
        workers = pids(arena)
        assert len(workers) == 2
        assert [result.seed for result in whole] == [0, 1, 2, 3, 4]
        assert arena.play(SHIPPED, [4, 2]) == [whole[4], whole[2]]
        assert arena.play(SHIPPED, range(5), EVALUATION) != whole
        assert arena.play(SHIPPED, []) == []
        assert pids(arena) == workers
        with pytest.raises(InputError, match="no skill for a"):
            arena.play(medic, range(2))
        assert pids(arena) == []  # the next call starts new ones


def test_a_worker_killed_between_calls_is_replaced() -> None:
    with Arena(load_scenario("protoss_5_vs_5_epo"), workers=1) as arena:
        before = arena.play(SHIPPED, range(2))
        (pid,) = pids(arena)
        os.kill(pid, signal.SIGKILL)
        assert arena.play(SHIPPED, range(2)) == before
        assert pids(arena) != [pid]


def pids(arena: Arena) -> list[int]:
    """The arena's worker processes."""
    workers = arena._crew._workers if arena._crew else []
    return [worker._process.pid or 0 for worker in workers]


def test_an_arena_says_what_it_cannot_do() -> None:
    scenario = load_scenario("zerg_5_vs_5")
    with pytest.raises(InputError, match="observation"):
        Arena(scenario, observation="mended")
    with pytest.raises(InputError, match="workers is 0"):
        Arena(scenario, workers=0)
