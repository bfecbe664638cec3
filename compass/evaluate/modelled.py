"""Play by a model: its server is opened for a run, its calls are taped, and what they cost is counted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from compass.evaluate.estimate import estimate
from compass.evaluate.player import PlayerSpec, skirmish_player
from compass.evaluate.run_folder import RunFolder
from compass.evaluate.settings import EvaluateSettings
from compass.evaluate.threads import play_beside
from compass.evaluate.workers import Play, Played
from compass.models.base import Model
from compass.models.budget import Budget, Limits, Meter, Spent, spent_on
from compass.models.cassette import Cassette
from compass.models.embeddings import Embedder
from compass.models.loop import ModelLoop
from compass.models.prices import Tariff, tariff_of
from compass.models.settings import ModelSettings, key_from_environment
from compass.planner.vlm.planner import VlmPlanner
from compass.planner.vlm.prompts import Prompts, load_prompts
from compass.planner.vlm.settings import Pace, VlmSettings
from compass.skills.library import Library
from compass.skills.similarity import Similarity


@dataclass(frozen=True)
class Connection:
    """The way to a model: the loop that calls run on, and who answers them, None where only what is taped is played again.

    embedder: the same server, where it is asked for embeddings.
    """

    loop: ModelLoop
    model: Model | None
    embedder: Embedder | None = None


@contextmanager
def connect(settings: ModelSettings | None) -> Iterator[Connection]:
    """Open the way to a model, and make sure with one small call that it answers; of None, to nobody.

    Raises:
        InputError: no server answers there, or it knows no such model or key.
    """
    with ModelLoop() as loop:
        if settings is None:
            yield Connection(loop, None)
            return
        from compass.models.client import Client  # the SDK behind it takes a second to import

        stack = AsyncExitStack()

        async def opened(settings: ModelSettings) -> Client:
            client = await stack.enter_async_context(Client(settings, key_from_environment()))
            await client.check()
            return client

        try:
            client = loop.run(opened(settings))
            yield Connection(loop, client, client)
        finally:
            loop.run(stack.aclose())


@dataclass(frozen=True)
class Asking:
    """How a run's agents ask: the settings, the prompts, how their team plays, the way to the model, the cassette, the budget, and
    who tells which skills fit a sub-task if embeddings do.
    """

    vlm: VlmSettings
    prompts: Prompts
    pace: Pace
    connection: Connection
    cassette: Cassette
    tariff: Tariff
    budget: Budget
    similarity: Similarity | None = None

    def stopped(self) -> str | None:
        """The limit that forbids another episode, when none is played any more; None if there is room."""
        return self.budget.stop(running=0)

    def planner(self, meter: Meter | None) -> VlmPlanner:
        """A planner for one team, whose calls go through a meter; None: to nobody.

        An episode that was begun before goes on from its tape, but not in real time: there the moment of a call depends on how long
        the ones before it took.
        """
        resume = self.vlm.clock == "paused"
        loop = self.connection.loop
        return VlmPlanner(self.vlm, self.prompts, self.cassette, loop, meter, resume, self.pace, self.similarity)


@contextmanager
def open_asking(
    settings: EvaluateSettings, library: Library, folder: RunFolder, taped: Path | None, tell: Callable[[str], None]
) -> Iterator[Asking]:
    """Open all that a run by a model needs, and tell what it will probably cost before anything is asked.

    taped: the cassette to play back instead of asking.

    Raises:
        InputError: as of `connect` and `Budget`, or a limit leaves no room for an episode.
    """
    assert settings.vlm is not None and settings.model is not None
    prompts, pace = load_prompts(folder.prompts), settings.pace
    finished = [result.seed for result in folder.results()]
    left = settings.episodes - len(finished)
    if taped is not None or not left:
        cassette, tariff = Cassette(taped or folder.cassette), Tariff(None)
        with connect(None) as connection:
            budget = Budget(Limits(), tariff, Spent(), Spent(), ())
            yield Asking(settings.vlm, prompts, pace, connection, cassette, tariff, budget)
        return
    cassette, tariff = Cassette(folder.cassette), tariff_of(settings.model.model, settings.prices)
    expected = estimate(settings, library, prompts, tariff)
    total = sum((spent_on(entry.reply) for entry in cassette.all_entries()), Spent())
    episodes = [_spent_by(cassette, seed) for seed in finished]
    budget = Budget(settings.limits, tariff, expected.each, total, episodes)
    tell(expected.line(left))
    budget.check()
    with connect(settings.model) as connection:
        similarity = None
        if settings.vlm.embedding_model is not None and connection.embedder is not None:
            similarity = Similarity(connection.embedder, settings.vlm.embedding_model, tell)
        yield Asking(settings.vlm, prompts, pace, connection, cassette, tariff, budget, similarity)


def play_by_model(asking: Asking, spec: PlayerSpec, seeds: Iterable[int], beside: int) -> Generator[Played, None, None]:
    """Play seeds, `beside` at once, as long as the budget allows; results come as they are finished.

    Raises:
        InputError: as of the planner.
    """
    model, budget = asking.connection.model, asking.budget

    @contextmanager
    def player() -> Iterator[Play]:
        meter = Meter(model, budget, asking.tariff) if model is not None else None
        try:
            with skirmish_player(replace(spec, make_planner=partial(asking.planner, meter))) as play:
                yield partial(_metered, asking.cassette, budget, meter, play)
        finally:
            if meter is not None:
                budget.finish(meter, None)

    return play_beside(
        seeds, player, beside, lambda running: budget.stop(running) is None, asking.connection.loop.interrupt
    )


def _metered(cassette: Cassette, budget: Budget, meter: Meter | None, play: Play, seed: int) -> Any:
    value = play(seed)
    if meter is not None:
        budget.finish(meter, _spent_by(cassette, seed))
    return value


def _spent_by(cassette: Cassette, seed: int) -> Spent:
    return sum((spent_on(entry.reply) for entry in cassette.entries(seed)), Spent())
