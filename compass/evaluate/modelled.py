"""Play by a model: its server is opened for a run, its calls are taped, and what they cost is counted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from compass.evaluate.estimate import estimate
from compass.evaluate.player import PlayerSpec, skirmish_player
from compass.evaluate.run_folder import RunFolder, cassette_of
from compass.evaluate.settings import EvaluateSettings
from compass.evaluate.threads import play_beside
from compass.evaluate.workers import Play, Played
from compass.models.base import Model
from compass.models.budget import Budget, Limits, Metered, Spent, spent_on
from compass.models.cassette import Cassette
from compass.models.loop import ModelLoop
from compass.models.prices import Tariff, tariff_of
from compass.models.settings import ModelSettings, key_from_environment
from compass.planner.vlm.planner import VlmPlanner
from compass.planner.vlm.prompts import Prompts, load_prompts
from compass.planner.vlm.settings import Pace, VlmSettings
from compass.skills.library import Library


@dataclass(frozen=True)
class Line:
    """The way to a model: the loop that calls run on, and who answers them; None where only what is taped is played again."""

    loop: ModelLoop
    model: Model | None


@contextmanager
def open_line(settings: ModelSettings | None) -> Iterator[Line]:
    """Open the way to a model, and make sure with one small call that it answers; of None, to nobody.

    Raises:
        InputError: no server answers there, or it knows no such model or key.
    """
    with ModelLoop() as loop:
        if settings is None:
            yield Line(loop, None)
            return
        from compass.models.client import Client  # the SDK behind it takes a second to import

        stack = AsyncExitStack()

        async def opened(settings: ModelSettings) -> Client:
            client = await stack.enter_async_context(Client(settings, key_from_environment()))
            await client.check()
            return client

        try:
            yield Line(loop, loop.run(opened(settings)))
        finally:
            loop.run(stack.aclose())


class Purse:
    """What a run's model may cost and has cost: a `Budget` over a run's cassette.

    Raises:
        InputError: a limit leaves no room for an episode, or the cassette is damaged.
    """

    def __init__(
        self, limits: Limits, tariff: Tariff, expected: Spent, cassette: Cassette, finished: Iterable[int]
    ) -> None:
        self.cassette = cassette
        self.tariff = tariff
        episodes = [self._spent_by(seed) for seed in finished]
        total = sum((spent_on(entry.reply) for entry in cassette.all_entries()), Spent())
        self.budget = Budget(limits, tariff, expected, episodes, total)
        self.stopped: str | None = None

    def admit(self, running: int) -> bool:
        """Whether another episode may begin; `stopped` tells the limit that forbade one."""
        self.stopped = self.budget.stop(running)
        return self.stopped is None

    def close(self, seed: int) -> None:
        """An episode has been played."""
        self.budget.finish(self._spent_by(seed))

    def _spent_by(self, seed: int) -> Spent:
        return sum((spent_on(entry.reply) for entry in self.cassette.entries(seed)), Spent())


@dataclass(frozen=True)
class Asking:
    """How a run's agents ask: the settings, the prompts, how their team plays, the way to the model and the purse that pays."""

    vlm: VlmSettings
    prompts: Prompts
    pace: Pace
    line: Line
    purse: Purse

    def planner(self) -> VlmPlanner:
        """A planner for one team.

        An episode that was begun before goes on from its tape, but not in real time: there the moment of a call depends on how long
        the ones before it took.
        """
        model, purse = self.line.model, self.purse
        metered = Metered(model, purse.budget, purse.tariff) if model is not None else None
        resume = self.vlm.clock == "paused"
        return VlmPlanner(self.vlm, self.prompts, purse.cassette, self.line.loop, metered, resume, self.pace)


@contextmanager
def open_asking(
    settings: EvaluateSettings,
    library: Library,
    path: Path,
    resume: bool,
    taped: Path | None,
    tell: Callable[[str], None],
) -> Iterator[Asking]:
    """Open all that a run by a model needs, and tell what it will probably cost before anything is asked.

    path: the run's folder, which holds a run if `resume`. taped: the cassette to play back instead of asking.

    Raises:
        InputError: as of `open_line`, `Purse` and `load_prompts`.
    """
    assert settings.vlm is not None and settings.model is not None
    prompts, pace = load_prompts(settings.vlm.prompts), settings.pace
    finished = [result.seed for result in RunFolder(path).results()] if resume else []
    if taped is not None:
        with open_line(None) as line:
            purse = Purse(Limits(), Tariff(None), Spent(), Cassette(taped), ())
            yield Asking(settings.vlm, prompts, pace, line, purse)
        return
    tariff = tariff_of(settings.model.model, settings.prices)
    expected = estimate(settings, library, prompts, tariff)
    purse = Purse(settings.limits, tariff, expected.each, Cassette(cassette_of(path)), finished)
    left = settings.episodes - len(finished)
    if left:
        tell(expected.line(left))
        purse.budget.check()
    with open_line(settings.model if left else None) as line:
        yield Asking(settings.vlm, prompts, pace, line, purse)


def play_by_model(asking: Asking, spec: PlayerSpec, seeds: Iterable[int], beside: int) -> Generator[Played, None, None]:
    """Play seeds, `beside` at once, as long as the purse allows; results come as they are finished.

    Raises:
        InputError: as of the planner.
    """

    @contextmanager
    def player() -> Iterator[Play]:
        with skirmish_player(spec) as play:

            def counted(seed: int) -> object:
                value = play(seed)
                asking.purse.close(seed)
                return value

            yield counted

    return play_beside(seeds, player, beside, asking.purse.admit, asking.line.loop.interrupt)
