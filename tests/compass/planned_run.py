"""A run folder of one episode planned by a model of our own, which no server answers for; and the same played back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from compass.episode import EpisodeSettings, run_episode
from compass.evaluate.manifest import build_manifest
from compass.evaluate.player import describe_sandbox
from compass.evaluate.records import Recorder
from compass.evaluate.run_folder import RunFolder, write_record
from compass.evaluate.settings import EvaluateSettings
from compass.models import Call, Failure, FaultKind, Model, Reply
from compass.models.cassette import Cassette
from compass.models.loop import ModelLoop
from compass.models.settings import ModelSettings
from compass.planner.vlm.planner import VlmPlanner
from compass.planner.vlm.prompts import load_prompts
from compass.planner.vlm.settings import VlmSettings
from compass.policies import PlanningTeam
from compass.skills.library import default_library_folder, load_library
from compass.skills.sandbox import Sandbox
from compass.types import EpisodeResult
from envs.scenario_file import load_scenario
from envs.skirmish import Skirmish

SEED = 3
MODEL = "gpt-4o-mini"
SCENARIO = load_scenario("protoss_5_vs_5")
HOW = VlmSettings(frames=2, image_size=256, reflection=False)
ANSWERS = {
    "perceive": {"summary": "[red]Enemies[/red] ahead :warning:", "threats": "a zealot\x1b[31m"},
    "reason": {"reasoning": "They are near. " * 30, "task": "engage"},
    "act": {"skill": "focus_fire", "parameters": [], "new_skill": "dance \u202e"},
}


class Scripted:
    """Answers every module with one JSON object; agent 1's reasoning with prose first. Its server counts no tokens of act."""

    async def ask(self, call: Call) -> Reply:
        await asyncio.sleep(0)
        pictures = tuple("0" * 64 for turn in call.turns for _ in turn.pictures)
        if call.module == "reason" and len(call.turns) == 2 and "You are agent 1" in call.turns[1].text:
            return Reply("I think, therefore I am not JSON.", MODEL, 1000, 9, 0.5, pictures=pictures)
        failures = (Failure(FaultKind.RATE_LIMIT, "429, waited 1 s"),) if call.module == "act" else ()
        counted = call.module != "act"
        text = orjson.dumps(ANSWERS[call.module]).decode()
        return Reply(text, MODEL, 1000, 50, 0.25, failures, counted, pictures)


def play(cassette: Cassette, model: Model | None) -> tuple[EpisodeResult, bytes]:
    """One episode, from the cassette where there is no model."""
    with Sandbox(load_library(default_library_folder()), unsafe=False) as sandbox, ModelLoop() as loop:
        planner = VlmPlanner(HOW, load_prompts(None), cassette, loop, model)
        recorder = Recorder()
        team = PlanningTeam(planner, sandbox.library, sandbox)
        result = run_episode(Skirmish(SCENARIO), team, SEED, EpisodeSettings(), [recorder])
        return result, recorder.to_bytes()


def make_run(path: Path) -> Path:
    """Play the episode and file it as a run."""
    library, prompts = load_library(default_library_folder()), load_prompts(None)
    model = ModelSettings(MODEL, "http://localhost:9/v1")
    settings = EvaluateSettings(SCENARIO, episodes=1, seed=SEED, planner="vlm", model=model, vlm=HOW)
    manifest = build_manifest(settings, library, describe_sandbox(library, unsafe=False), "", prompts.digest)
    folder = RunFolder.create(path, manifest, library, prompts.sources)
    result, record = play(Cassette(folder.cassette), Scripted())
    write_record(folder.record_path(SEED), record)
    folder.append(result, None)
    folder.close()
    return path
