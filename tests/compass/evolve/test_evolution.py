"""Rounds of an evolution in real battles: what is better comes in, what is not stays out, and the store tells about all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compass.evolve.base import Effort, Situation
from compass.evolve.evolution import Evolution, by_rules
from compass.evolve.merit import merits
from compass.evolve.race import race
from compass.evolve.recipes import recipes_of
from compass.skills.store import Candidate, Judgement, Store
from compass.synthesis.recipe import Recipe, compose
from compass.trial.arena import Arena
from compass.trial.sequential import PairedTest
from compass.trial.trial import try_candidate, with_skill
from compass.types import Outcome
from envs.scenario_file import load_scenario
from tests.compass.trial.libraries import FIGHT, library_of, skill_source

SMALL = Effort(proposals=3, glance=8, heats=((8, 2), (8, 1)), pairs=96)
IDLE = skill_source("skill", "return stop()")
FIGHTING = skill_source("skill", FIGHT)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena(load_scenario("protoss_5_vs_5"), workers=1) as made:
        yield made


class _Says:
    """A synthesizer that proposes what it was given, and keeps what it was shown."""

    name = "test"
    about: Mapping[str, Any] = {}
    packages: tuple[str, ...] = ()

    def __init__(self, *candidates: Candidate) -> None:
        self._candidates = candidates
        self.shown: list[Situation] = []

    def stopped(self) -> None:
        pass

    def propose(self, situation: Situation, count: int) -> Sequence[Candidate]:
        self.shown.append(situation)
        return self._candidates[:count]


def _store(folder: Path, source: str = IDLE) -> Store:
    (folder / "skill.py").write_text(source)
    store = Store(folder)
    store.notice()
    return store


def _candidate(store: Store, source: str, name: str = "skill", **evidence: object) -> Candidate:
    known = store.live().skills.get(name)
    return Candidate(name, source, "test", known.sha256 if known else None, "a test", None, None, evidence)


def test_the_better_candidate_is_admitted_and_the_others_are_told_why_not(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path)
    never = skill_source("spare", FIGHT, ("never asked for",))
    made = [_candidate(store, FIGHTING), _candidate(store, "no skill"), _candidate(store, never, "spare")]
    says = _Says(*made)
    evolution = Evolution(store, [arena], says, 0, SMALL, by_rules)
    found = evolution.round()
    assert (found.verdict, found.skill, found.proposals, found.number) == ("admitted", "skill", 3, 1)
    assert found.difference and found.difference > 0 and found.won == 0.0
    assert found.candidate_wins is not None and found.parent_wins is not None and found.interval is not None
    assert found.difference == (found.candidate_wins - found.parent_wins) / found.pairs > found.interval[0] > 0
    assert found.seed is not None and found.seed >= 10**9
    assert store.live().skills["skill"].source == FIGHTING
    reasons = {kept.sha256: kept.judgement.reason for kept in store.candidates() if kept.judgement}
    assert len(reasons) == 3
    assert any("invalid syntax" in reason for reason in reasons.values())
    assert any("lost a race, never chosen" in reason for reason in reasons.values())
    assert (
        says.shown[0].chosen["skill"] > 0 and len(says.shown[0].battles) == SMALL.glance and says.shown[0].tried == ()
    )

    again = Evolution(store, [arena], _Says(_candidate(store, IDLE)), 1, SMALL, by_rules).round()
    assert again.verdict == "rejected" and again.candidate is None and "got ahead" in again.reason
    assert store.live().skills["skill"].source == FIGHTING


def test_what_was_tried_is_shown_and_no_battle_is_played_twice(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path)
    says = _Says(_candidate(store, "def"))
    evolution = Evolution(store, [arena], says, 0, SMALL, by_rules)
    for _ in range(2):
        evolution.round()
    assert len(says.shown[1].tried) == 1 and "invalid syntax" in says.shown[1].tried[0]
    first, second = ({episode.result.seed for episode in each.battles} for each in says.shown)
    assert not first & second
    assert evolution.episodes == 2 * SMALL.glance


def test_a_skill_changed_by_hand_meanwhile_is_not_overwritten(arena: Arena, tmp_path: Path) -> None:
    for when in ("race", "trying"):
        (tmp_path / when).mkdir()
        store = _store(tmp_path / when)

        def told(words: str, when: str = when) -> None:
            if when in words:
                (tmp_path / when / "skill.py").write_text(IDLE + "# by hand\n")

        proposed = _Says(_candidate(store, FIGHTING))
        found = Evolution(store, [arena], proposed, 0, SMALL, by_rules, told).round()
        assert found.verdict == "rejected" and found.reason == "the parent changed"
        assert store.live().skills["skill"].source == IDLE + "# by hand\n"


def test_the_first_of_a_race_are_tried_in_turn_until_one_comes_in(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path)
    often = skill_source("skill", "if obs.step % 4:\n    return stop()\n" + FIGHT)
    made = _candidate(store, often), _candidate(store, FIGHTING)
    effort = replace(SMALL, heats=((8, 2),))
    found = Evolution(store, [arena], _Says(*made), 0, effort, by_rules).round()
    assert found.verdict == "admitted" and found.tried == 1  # the better one came first
    other = next(kept for kept in store.candidates() if kept.id != found.candidate)
    assert other.judgement and (other.verdict, other.judgement.reason) == (
        "undecided",
        "another one of the same race came in",
    )
    (tmp_path / "one").mkdir()
    store = _store(tmp_path / "one", FIGHTING)
    made = tuple(_candidate(store, FIGHTING.replace("return", f"pass{' ' * at}; return", 1)) for at in range(2))
    evolution = Evolution(store, [arena], _Says(), 0, effort, by_rules)
    entrants = [entrant for entrant in map(evolution._entries.submit, made) if entrant]
    tried = evolution._in_turn(arena, store.live(), entrants)
    assert [each.entrant and each.entrant.id for each in tried] == [entrant.id for entrant in entrants]
    assert {each.judgement.verdict for each in tried} == {"undecided"}


def test_what_cannot_become_live_costs_no_battle(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path)
    (tmp_path / "spare.py").write_text(FIGHTING)
    store.notice()
    proposed = _candidate(store, FIGHTING + "# more\n", "spare")
    store.retire("spare", "not wanted")
    found = Evolution(store, [arena], _Says(proposed), 0, SMALL, by_rules).round()
    assert found.episodes == SMALL.glance and found.verdict == "rejected"
    (kept,) = store.candidates()
    assert kept.judgement and kept.judgement.reason.startswith("spare was retired")


def test_who_is_stopped_in_a_round_leaves_nobody_without_a_judgement(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path)

    def told(words: str) -> None:
        if "race" in words:
            raise KeyboardInterrupt

    made = _candidate(store, FIGHTING), _candidate(store, "no skill")
    with pytest.raises(KeyboardInterrupt):
        Evolution(store, [arena], _Says(*made), 0, SMALL, by_rules, told).round()
    verdicts = {kept.verdict: kept.judgement.reason for kept in store.candidates() if kept.judgement}
    assert verdicts["undecided"] == "the evolution was stopped" and "rejected" in verdicts and len(verdicts) == 2


def test_the_recipe_of_what_was_admitted_is_known_again(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path)
    recipe = Recipe(
        "skill", "Skill", "fights.", ("any",), ("engage", "kite", "search"), ("near",), ("shoot", "approach", "search")
    )
    recipe = Recipe.from_json(recipe.to_json() | {"rules": ["kite", "shoot", "approach", "search"]})
    candidate = _candidate(store, compose(recipe), recipe=recipe.to_json())
    found = Evolution(store, [arena], _Says(candidate), 0, SMALL, by_rules).round()
    assert found.verdict == "admitted"
    live = store.live()
    known = recipes_of(store, live)["skill"]
    assert compose(known) == live.skills["skill"].source and known.rules == recipe.rules
    (tmp_path / "skill.py").write_text(live.skills["skill"].source + "# by hand\n")
    assert recipes_of(store, store.live()) == {}


def test_recipes_of_a_bootstrap_are_known_and_damaged_ones_are_left_alone(tmp_path: Path) -> None:
    recipe = Recipe("skill", "Skill", "x.", ("any",), ("engage",), ("near",), ("shoot", "search"))
    store = _store(tmp_path, compose(recipe))
    (tmp_path / "recipes").mkdir()
    for name, text in (("skill", b"{"), ("other", b"[1]"), ("third", b'{"name": 3}')):
        (tmp_path / "recipes" / f"{name}.json").write_bytes(text)
    assert recipes_of(store, store.live()) == {}
    import orjson

    (tmp_path / "recipes" / "skill.json").write_bytes(orjson.dumps(recipe.to_json()))
    assert recipes_of(store, store.live()) == {"skill": recipe}


def test_a_race_goes_to_the_better_and_to_nobody_who_is_far_behind(arena: Arena) -> None:
    idle, fighting = (library_of(skill=body) for body in ("return stop()", FIGHT))
    entrants = [idle.skills["skill"], fighting.skills["skill"]]
    standings, ahead = race(arena, idle, entrants, range, ((16, 1), (8, 1)))
    assert ahead == [1] and standings[1].lead > 0.3 and [each.battles for each in standings] == [16, 24]
    assert standings[0].lead == 0.0
    alike, none = race(arena, idle, [library_of(skill="return stop()  # the same").skills["skill"]], range, ((8, 1),))
    assert none == [] and str(alike[0]) == "plays like the library"
    _, nobody = race(arena, fighting, entrants[:1], range, ((16, 1),))
    assert nobody == []


def test_merit_is_victories_and_how_clear_they_were(arena: Arena) -> None:
    fights, idles = arena.survey([library_of(skill=FIGHT), library_of(skill="return stop()")], range(16))
    ours, theirs = (merits(each, arena.scenario) for each in (fights, idles))
    assert ours.shape == theirs.shape == (16,) and theirs.mean() < ours.mean()
    assert min(theirs) >= -0.5 and max(ours) <= 1.5
    for found, episode in zip(ours, fights, strict=True):
        assert (found > 0.5) == (episode.result.outcome is Outcome.WIN)


def test_what_wins_here_and_loses_elsewhere_stays_out(arena: Arena, tmp_path: Path) -> None:
    idle = 'if "zergling" {} obs.units:\n    return stop()\n'
    store = _store(tmp_path, skill_source("skill", idle.format("not in") + FIGHT))
    candidate = _candidate(store, skill_source("skill", idle.format("in") + FIGHT))
    with Arena(load_scenario("zerg_5_vs_5"), workers=1) as other:
        found = Evolution(store, [arena, other], _Says(candidate), 0, SMALL, by_rules).round()
    assert found.verdict == "rejected" and "points in" in found.reason and "zerg_5_vs_5" in found.reason
    assert found.difference is not None and found.difference > 0  # here it won
    trial = store.candidate(found.candidate or "").judgement
    assert trial and trial.trial and trial.trial["elsewhere"][0]["scenario"] == "zerg_5_vs_5"


def test_a_promise_is_kept_until_a_better_one_or_another_text(arena: Arena, tmp_path: Path) -> None:
    store = _store(tmp_path, skill_source("skill", FIGHT))
    says = _Says()
    evolution = Evolution(store, [arena], says, 0, SMALL, by_rules)
    recipe = Recipe("skill", "Skill", "x.", ("any",), ("engage",), ("near",), ("shoot", "search"))
    candidate = _candidate(store, compose(recipe), recipe=recipe.to_json())
    entrant = evolution._entries.submit(candidate)
    assert entrant is not None
    result = try_candidate(arena, store.live(), with_skill(store.live(), entrant.skill), PairedTest(cap=2))
    for difference, kept in ((0.0, False), (0.02, True), (-0.1, True)):
        judgement = Judgement("undecided", "", {}, None, 0)
        evolution._remember(entrant, judgement, replace(result, difference=difference))
        evolution.round()
        assert ("skill" in says.shown[-1].recipes) == kept
    (tmp_path / "skill.py").write_text(skill_source("skill", FIGHT) + "# by hand\n")
    evolution.round()
    assert says.shown[-1].recipes == {}
