"""How near battles that wait for a model come to the time that waiting alone takes: many agents of many battles, one server."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from compass.evaluate.evaluator import evaluate
from compass.evaluate.run_folder import RunFolder
from compass.evaluate.settings import EvaluateSettings
from compass.models.cassette import Cassette
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from envs.scenario_file import load_scenario

SCENARIO = "protoss_5_vs_5_epo"
EPISODES = 8
CELLS = ((0.5, "fused"), (0.5, "separate"), (2.0, "fused"), (2.0, "separate"))
GOALS = {0.5: 1.5, 2.0: 1.15}
"""Of the ratio, by latency in seconds."""


@dataclass(frozen=True)
class Wait:
    """One measurement: the seconds that all battles took side by side, and those that waiting for answers takes by itself.

    `ideal` is that of the battle that waits longest: at each of its rounds of planning, the latency of every call that must follow
    another. `spent` and `ideal` in seconds; `calls`: fused or separate; `calls_made` and `pictures` in all.
    """

    latency: float
    calls: str
    calls_made: int
    pictures: int
    ideal: float
    spent: float

    @property
    def ratio(self) -> float:
        """Time taken over the ideal."""
        return self.spent / self.ideal


def measure(cells: tuple[tuple[float, str], ...] = CELLS, episodes: int = EPISODES) -> Iterator[Wait]:
    """Play the same battles, all at once, against a scripted model of each latency, in a process of its own."""
    for latency, calls in cells:
        with _server(latency) as url, TemporaryDirectory(prefix="compass-bench-") as folder:
            settings = EvaluateSettings(
                load_scenario(SCENARIO),
                episodes,
                planner="vlm",
                model=ModelSettings("scripted", url),
                vlm=VlmSettings(calls=calls),
                workers=episodes,
            )
            path = evaluate(settings, Path(folder) / "run").path
            yield waited(RunFolder(path), latency, calls)


def waited(run: RunFolder, latency: float, calls: str) -> Wait:
    """What a run against a model of this latency says."""
    cassette, rounds = Cassette(run.cassette), []
    for result in run.results():
        made = Counter((entry.step, entry.agent) for entry in cassette.entries(result.seed))
        in_turn = {step: max(n for (at, _), n in made.items() if at == step) for step, _ in made}
        rounds.append(sum(in_turn.values()))
    entries = list(cassette.all_entries())
    pictures = sum(len(entry.reply.pictures) for entry in entries)
    return Wait(latency, calls, len(entries), pictures, latency * max(rounds), run.speed().longest)


@contextmanager
def _server(latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "compass", "serve-model", "--latency", str(latency), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield str(orjson.loads(server.stdout.readline())["base_url"])
        finally:
            server.terminate()
