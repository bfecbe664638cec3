"""What a library's battles tell between two rounds: what planners wanted, and how it fared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from compass.episode import EpisodeSettings
from compass.evaluate.modelled import Asking, play_by_model
from compass.evaluate.player import PlayerSpec, compile_kernels
from compass.evaluate.records import read_list
from compass.evaluate.run_folder import unused
from compass.evaluate.settings import BESIDE
from compass.evaluate.wants import wants_in
from compass.evolve.base import Gathered
from compass.models.cassette import Cassette
from compass.skills.library import Library
from compass.skills.merits import copy_of
from compass.trial.ring import Episode
from compass.types import EpisodeResult
from envs.draws import TRIAL
from envs.jit import announce_compile
from envs.scenario import Scenario

TAPES = "battles"
"""The folder of a cassette that holds the tapes of such battles; of later ones `battles-2`, and so on."""


def gather(
    scenario: Scenario, library: Library, asking: Asking, seeds: Sequence[int], observation: str = "repaired"
) -> Gathered:
    """Let a team with this library play the battles `seeds` of the stream "trial", and watch what it lacks.

    asking: how the team's agents ask a model. Where its limits end the play there are fewer battles.

    Raises:
        InputError: as of `compass.evaluate.evaluator.evaluate`.
        RuntimeError: the workers that played a battle died.
    """
    if announce_compile():  # here, so that it is not done in every worker
        compile_kernels(scenario, observation, EpisodeSettings())
    with TemporaryDirectory(prefix="compass-gather-") as name:
        folder = Path(name)
        for part in ("skills", "records"):
            (folder / part).mkdir()
        for file, text in copy_of(library).items():
            (folder / "skills" / file).write_text(text, encoding="utf-8")
        spec = PlayerSpec(
            scenario=scenario,
            observation=observation,
            policy="team",
            episode=EpisodeSettings(),
            skills=folder / "skills",
            unsafe_skills=False,
            records=folder / "records",
            stream=TRIAL,
        )
        results = _play(spec, asking, seeds)
        records = {seed: spec.records / f"{seed}.npz" for seed in sorted(results)}
        wants = wants_in(records, scenario, spec.episode.hops, observation)
        return Gathered(wants, tuple(_seen(results[seed], path) for seed, path in records.items()))


def _play(spec: PlayerSpec, asking: Asking, seeds: Sequence[int]) -> dict[int, EpisodeResult]:
    tapes = Cassette(unused(asking.cassette.folder, TAPES))  # else the next battles of these seeds would be played back
    playing = play_by_model(replace(asking, cassette=tapes), spec, seeds, min(BESIDE, len(seeds)))
    results: dict[int, EpisodeResult] = {}
    with closing(playing) as played:
        for each in played:
            if each.value is None:
                raise RuntimeError(f"the battle {each.seed} crashed: {each.died}")
            results[each.seed] = each.value[0]
    return results


def _seen(result: EpisodeResult, record: Path) -> Episode:
    """The battle as its record tells it."""
    chosen = Counter(decision["skill"] for decision in read_list(record, "decisions"))
    faults: dict[str, Counter[str]] = {}
    first: dict[str, str] = {}
    for fault in read_list(record, "faults"):
        faults.setdefault(fault["skill"], Counter())[fault["kind"]] += 1
        first.setdefault(fault["skill"], f"{fault['kind']}: {fault['detail']}")
    return Episode(result, dict(chosen), {skill: dict(kinds) for skill, kinds in faults.items()}, first)
