"""Episodes of the planner that asks a model, and models made by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np

from compass.bench.scripted_model import ScriptedModel
from compass.episode import EpisodeSettings, run_episode
from compass.models.base import Call, Model, Reply
from compass.models.cassette import Cassette
from compass.models.client import Client
from compass.models.loop import ModelLoop
from compass.models.settings import ModelSettings
from compass.planner import Planner
from compass.planner.vlm.planner import VlmPlanner
from compass.planner.vlm.prompts import load_prompts
from compass.planner.vlm.scripted_answers import answer
from compass.planner.vlm.settings import VlmSettings
from compass.policies import PlanningTeam
from compass.skills.sandbox import Sandbox
from compass.types import EpisodeResult, Observation, StepRecord
from envs.scenario_file import load_scenario
from envs.skirmish import Frame, Skirmish


class Recorder:
    def __init__(self) -> None:
        self.records: list[StepRecord] = []

    def on_step(self, record: StepRecord) -> None:
        self.records.append(record)

    def story(self) -> list[object]:
        """All that happened: actions, decisions, faults of skills, and every number of every frame."""
        return [
            (r.step, r.actions, r.faults, [(p.agent_id, p.trigger, p.decision) for p in r.planned], _frame(r.after))
            for r in self.records
        ]


def _frame(frame: Frame) -> list[object]:
    values = [getattr(frame, field.name) for field in fields(frame)]
    return [value.tobytes() if isinstance(value, np.ndarray) else value for value in values]


class ByHand:
    """A model in this process: `reply` gets every call; a text is an answer."""

    def __init__(self, reply: Callable[[Call], str | Reply]) -> None:
        self.reply = reply
        self.calls: list[Call] = []

    async def ask(self, call: Call) -> Reply:
        self.calls.append(call)
        reply = self.reply(call)
        return Reply(reply, "by hand") if isinstance(reply, str) else reply


def text_of(call: Call) -> str:
    """All text of a call."""
    return "\n".join(turn.text for turn in call.turns)


def scripted(call: Call) -> str:
    """The scripted model's answer."""
    return answer(text_of(call))


def verbose(call: Call) -> str:
    """The scripted model's answer with every text drawn out to 3,000 characters."""
    said = json.loads(scripted(call))
    return json.dumps({name: value + " blah" * 600 if name in TEXTS else value for name, value in said.items()})


TEXTS = ("summary", "threats", "success", "needs_improvement", "task", "reasoning", "new_skill")


@contextmanager
def scripted_server(latency: float = 0.0) -> Iterator[ScriptedModel]:
    """The scripted model as a server, as `compass serve-model` starts it."""
    with ScriptedModel(0, latency) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@contextmanager
def asking(base_url: str) -> Iterator[tuple[ModelLoop, Client]]:
    """A loop and a client in it."""
    with ModelLoop() as loop:
        client = Client(ModelSettings("scripted", base_url), None)
        loop.run(client.__aenter__())
        try:
            yield loop, client
        finally:
            loop.run(client.__aexit__(None, None, None))


def vlm(settings: VlmSettings, folder: Path, loop: ModelLoop, model: Model | None, resume: bool = False) -> VlmPlanner:
    """The planner with the shipped prompts, its cassette in a folder."""
    return VlmPlanner(settings, load_prompts(), Cassette(folder), loop, model, resume)


def play(
    planner: Planner, sandbox: Sandbox, name: str, seed: int, settings: EpisodeSettings | None = None
) -> tuple[EpisodeResult, Recorder]:
    """One episode of a team with this planner."""
    recorder = Recorder()
    team = PlanningTeam(planner, sandbox.library, sandbox)
    result = run_episode(
        Skirmish(load_scenario(name), "repaired"), team, seed, settings or EpisodeSettings(), [recorder]
    )
    return result, recorder


def known(obs: Observation) -> set[tuple[str, int]]:
    """Team and id of everybody an observation holds."""
    return {(entity.team, entity.id) for entity in (obs.own, *obs.allies, *obs.enemies)}
