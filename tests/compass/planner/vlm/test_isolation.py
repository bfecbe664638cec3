"""A prompt holds what its agent may know, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from compass.communication import Exchange
from compass.episode import EpisodeSettings, run_episode
from compass.models.base import Call, Reply
from compass.models.cassette import Cassette
from compass.models.entries import CallEntry
from compass.models.loop import ModelLoop
from compass.observation.text import describe
from compass.planner.vlm.render import read_observation
from compass.planner.vlm.settings import VlmSettings
from compass.policies import PlanningTeam
from compass.skills.library import default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish
from tests.compass.planner.vlm.playing import ByHand, Recorder, play, scripted, text_of, vlm
from tests.compass.test_episode import Meddler

NAME, SEED = "protoss_5_vs_5_epo", 91_726_354
OFTEN = EpisodeSettings(plan_every=6)
ENTITY = re.compile(r"^- (?:ally|enemy) \d+ \w+: distance .*$", re.MULTILINE)


def talking(call: Call) -> str:
    """The rules' answer, with a word in it that only this agent's model says."""
    said = json.loads(scripted(call))
    agent = read_observation(text_of(call)).agent_id
    words = ("summary", "threats", "success", "needs_improvement")
    return json.dumps({name: f"word{agent}word {value}" if name in words else value for name, value in said.items()})


@pytest.mark.parametrize("calls", ["separate", "fused"])
def test_prompts_hold_nothing_of_another_agents_mind_nor_anybody_it_does_not_know(
    sandbox: Sandbox, tmp_path: Path, calls: str
) -> None:
    settings = VlmSettings(calls=calls, frames=2)
    with ModelLoop() as loop:
        _, found = play(vlm(settings, tmp_path, loop, ByHand(talking)), sandbox, NAME, SEED, OFTEN)
    exchanges = {record.step: record.exchange for record in found.records}
    own_words = 0
    for entry in Cassette(tmp_path).entries(SEED):
        text = "\n".join(turn.text for turn in entry.turns)
        described = describe(exchanges[entry.step].observation(entry.agent))
        assert set(ENTITY.findall(text)) == set(ENTITY.findall(described))
        assert set(re.findall(r"word(\d)word", text)) <= {str(entry.agent)}
        assert str(SEED) not in text and NAME not in text
        own_words += f"word{entry.agent}word" in text
    assert own_words > 20


class Guard(Meddler):
    """The meddler, also with the past scrambled for everybody but the agent."""

    def _tampered(self, exchange: Exchange) -> Exchange:
        tampered = super()._tampered(exchange)
        assert not np.array_equal(tampered.table, exchange.table)
        return tampered


@pytest.mark.parametrize("agent", [0, 4])
def test_prompts_and_pictures_depend_on_nothing_but_the_agents_own_knowledge(
    sandbox: Sandbox, tmp_path: Path, agent: int
) -> None:
    """A second planner, given this agent's requests alone and nonsense for all the rest, asks the same to the letter."""
    settings = VlmSettings(frames=2)
    library = load_library(default_library_folder())
    with ModelLoop() as loop, Sandbox(library) as second:
        team = PlanningTeam(vlm(settings, tmp_path / "a", loop, ByHand(talking)), library, sandbox)
        shadow = PlanningTeam(vlm(settings, tmp_path / "b", loop, ByHand(talking)), library, second)
        meddler = Guard(team, shadow, agent)
        run_episode(Skirmish(load_scenario(NAME)), meddler, SEED, OFTEN, [Recorder()])
    asked = [entry for entry in Cassette(tmp_path / "a").entries(SEED) if entry.agent == agent]
    assert len({entry.agent for entry in Cassette(tmp_path / "a").entries(SEED)}) == 5
    again = Cassette(tmp_path / "b").entries(SEED)
    assert [question(entry) for entry in again] == [question(entry) for entry in asked]
    assert len(asked) > 12


def question(entry: CallEntry) -> tuple[object, ...]:
    return entry.agent, entry.step, entry.n, entry.module, entry.digest, entry.turns


def test_a_reply_changes_only_its_own_agents_next_prompts(sandbox: Sandbox, tmp_path: Path) -> None:
    def louder(call: Call) -> Reply:
        text = talking(call)
        mine = read_observation(text_of(call)).agent_id == 2
        return Reply(text.replace("word2word", "word2word LOUDER") if mine else text)

    entries = {}
    for name, model in (("quiet", ByHand(talking)), ("loud", ByHand(louder))):
        with ModelLoop() as loop:
            play(vlm(VlmSettings(image=False), tmp_path / name, loop, model), sandbox, NAME, SEED, OFTEN)
        calls = Cassette(tmp_path / name).entries(SEED)
        entries[name] = {(each.agent, each.step, each.n): each.digest for each in calls}
    assert entries["quiet"].keys() == entries["loud"].keys()
    changed = {key[0] for key in entries["quiet"] if entries["quiet"][key] != entries["loud"][key]}
    assert changed == {2}
