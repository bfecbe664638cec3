"""The planner that asks a vision-language model, one conversation and one memory per agent."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial

from compass.models.base import Call, Model, Reply
from compass.models.cassette import Cassette, Tape
from compass.models.loop import ModelLoop
from compass.planner.base import PlanRequest, Thinking, check_shelf
from compass.planner.vlm.clock import PlayedBack, RunningOn, Waiting
from compass.planner.vlm.dialogue import Dialogue
from compass.planner.vlm.memory import Memory
from compass.planner.vlm.modules import Modules, Question
from compass.planner.vlm.offer import Offer
from compass.planner.vlm.prompts import Prompts
from compass.planner.vlm.render import battle_words
from compass.planner.vlm.settings import USUAL, Pace, VlmSettings
from compass.skills.similarity import Similarity
from compass.types import Constants, Plan


class VlmPlanner:
    """Decides for one agent at a time, from its request and its own memory; agents think concurrently, on the loop's thread.

    model: None to play back what the cassette holds, and nothing else. resume: what stands on an episode's tape is played back
    first, and the rest is asked. pace: how the team plays, as the prompts tell it. similarity: who tells which skills fit a
    sub-task where the settings name an embedding model, None to play that back, too.
    """

    def __init__(
        self,
        settings: VlmSettings,
        prompts: Prompts,
        cassette: Cassette,
        loop: ModelLoop,
        model: Model | None,
        resume: bool = False,
        pace: Pace = USUAL,
        similarity: Similarity | None = None,
    ) -> None:
        self._settings = settings
        self._prompts = prompts
        self._cassette = cassette
        self._loop = loop
        self._model = model
        self._resume = resume or model is None
        self._pace = pace
        self._similarity = similarity
        self._modules = Modules(settings, prompts)
        self._tape: Tape | None = None

    @property
    def frames(self) -> int:
        """How many of an agent's last observations a request should hold."""
        return self._settings.frames if self._settings.image else 1

    def begin(self, constants: Constants, seed: int) -> None:
        """A new episode: forget everything, and open its tape."""
        self._memories: defaultdict[int, Memory] = defaultdict(Memory)
        self._futures: list[Future[Plan]] = []
        self._tasks: set[asyncio.Task[Plan]] = set()
        self._system = _system(self._prompts, constants, self._settings.clock, self._pace)
        self._tape = self._cassette.open(seed, self._resume)

    def ask(self, request: PlanRequest) -> Thinking:
        """Begin to think about the sub-task and the skill, one of `request.skills`. Several agents' requests may be under way.

        Raises:
            InputError: the library has no skill for this unit type.
        """
        check_shelf(request)
        assert self._tape is not None, "begin an episode first"
        tape, agent, step = self._tape, request.observation.agent_id, request.observation.step
        question = Question.of(request, self._memories[agent].lived(request), self._settings, self._prompts)
        dialogue = Dialogue(
            partial(_asked, tape, self._model, agent, step), self._prompts, self._system, self._settings.answer_tokens
        )
        offer = Offer(tape, agent, step, self._settings.embedding_model is not None, self._similarity)
        future = self._loop.submit(self._think(question, dialogue, offer))
        self._futures.append(future)
        if self._settings.clock == "paused":
            return Waiting(future)
        delay = tape.delay(agent, step) if self._resume else None
        if delay is not None or self._model is None:
            return PlayedBack(future, delay)
        return RunningOn(future, self._settings.game_speed, partial(tape.took, agent, step))

    def end(self) -> None:
        """The episode is over: drop what is still being thought about, and close the tape."""
        if self._tape is None:
            return
        tape, self._tape = self._tape, None
        if not all(future.done() for future in self._futures):
            with suppress(RuntimeError, CancelledError):  # the loop is being left, and that drops everything too
                self._loop.submit(self._drop())
        try:
            for future in self._futures:  # until the last has ended: then nothing writes on the tape any more
                with suppress(CancelledError):
                    future.exception()
        finally:
            tape.close()

    async def _think(self, question: Question, dialogue: Dialogue, offer: Offer) -> Plan:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)  # in its first step, so before whatever is submitted later
        try:
            plan, memory = await self._modules.plan(question, dialogue, offer)
            self._memories[question.request.observation.agent_id] = memory
            return plan
        finally:
            self._tasks.discard(task)

    async def _drop(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _asked(tape: Tape, model: Model | None, agent: int, step: int, call: Call) -> Reply:
    return await tape.ask(model, agent, step, call)


def _system(prompts: Prompts, constants: Constants, clock: str, pace: Pace) -> str:
    """The system prompt: what holds for the whole episode and every agent."""
    return prompts.fill(
        "system",
        clock=prompts.fill(f"clock_{clock}"),
        plan_every=str(pace.plan_every),
        sooner=prompts.fill("sooner") if pace.plan_on_change else "",
        messages=prompts.fill("messages", hops=str(pace.hops)) if pace.hops else prompts.fill("messages_none"),
        setting=prompts.fill(f"setting_{constants.setting}"),
        **battle_words(constants),
    )
