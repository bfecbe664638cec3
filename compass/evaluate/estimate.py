"""What a run by a model will probably take, before the first call: its first battles, planned by rules from the same prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from compass.episode import run_episode
from compass.evaluate.cost import dollars
from compass.evaluate.settings import EvaluateSettings
from compass.models.base import Call, Reply
from compass.models.budget import Spent
from compass.models.cassette import Cassette
from compass.models.loop import ModelLoop
from compass.models.prices import Tariff
from compass.planner.vlm.planner import VlmPlanner
from compass.planner.vlm.prompts import Prompts
from compass.planner.vlm.scripted_answers import answer
from compass.policies import PlanningTeam
from compass.skills.library import Library
from compass.skills.retrieval import Shelves
from compass.skills.sandbox import Sandbox
from envs.skirmish import Skirmish

_BATTLES = 2
_ANSWER = {"separate": 90, "fused": 250}  # tokens of a model's answer to a call; the rules answer in fewer words


@dataclass(frozen=True)
class Estimate:
    """What an episode is expected to take, and at which tariff."""

    each: Spent
    tariff: Tariff

    def line(self, episodes: int) -> str:
        """For people: what so many episodes will take."""
        calls, tokens = self.each.calls * episodes, self.each.tokens * episodes
        price = self.tariff.price
        cost = dollars(
            price.dollars(self.each.prompt_tokens, self.each.completion_tokens) * episodes if price else None
        )
        dated = f" (prices of {price.as_of})" if price else " (the model is not in the file of prices)"
        return f"estimate: {episodes} episodes take about {calls:,} calls and {tokens:,} tokens, {cost}{dated}"


class _Counting:
    """A model of fixed rules that counts what its calls would cost."""

    def __init__(self, tariff: Tariff, answer_tokens: int) -> None:
        self.spent = Spent()
        self._tariff, self._answer_tokens = tariff, answer_tokens

    async def ask(self, call: Call) -> Reply:
        self.spent += Spent(1, self._tariff.tokens(call), self._answer_tokens)
        return Reply(answer("\n".join(turn.text for turn in call.turns)))


def estimate(settings: EvaluateSettings, library: Library, prompts: Prompts, tariff: Tariff) -> Estimate:
    """Play the first battles with the same prompts and a model of rules, and count.

    Pictures are counted, not drawn. A real model plays longer or shorter battles and may need calls to be repeated.
    """
    assert settings.vlm is not None
    vlm, model = (
        replace(settings.vlm, clock="paused", embedding_model=None),
        _Counting(tariff, _ANSWER[settings.vlm.calls]),
    )
    env = Skirmish(settings.scenario, settings.observation)
    seeds = settings.seeds[:_BATTLES]
    with (
        TemporaryDirectory(prefix="compass-estimate-") as folder,
        ModelLoop() as loop,
        Sandbox(library, settings.unsafe_skills) as sandbox,
    ):
        planner = VlmPlanner(vlm, prompts, Cassette(Path(folder)), loop, model, pace=settings.pace)
        team = PlanningTeam(planner, Shelves(library, settings.episode.top_k), sandbox)
        for seed in seeds:
            run_episode(env, team, seed, settings.episode)
    spent = model.spent
    return Estimate(
        Spent(*(round(total / len(seeds)) for total in (spent.calls, spent.prompt_tokens, spent.completion_tokens))),
        tariff,
    )
