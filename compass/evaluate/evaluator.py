"""The evaluation of one policy on many seeds: workers play, this process keeps the run folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from compass.evaluate.manifest import build_manifest
from compass.evaluate.player import PlayerSpec, compile_kernels, describe_sandbox, skirmish_player
from compass.evaluate.report import RunReport, load_report
from compass.evaluate.run_folder import RunFolder
from compass.evaluate.settings import EvaluateSettings
from compass.evaluate.workers import Played, cores, play_all
from compass.planner import WITHOUT_MODEL
from compass.skills.library import Library, default_library_folder, load_library
from compass.types import EpisodeResult, Outcome
from envs.jit import announce_compile

Progress = Callable[[EpisodeResult], None]
"""Called with every episode of the run: first those that were finished before, then each as it ends."""


def library_of(settings: EvaluateSettings) -> Library | None:
    """The skill library that a run uses: None for policies without skills.

    Raises:
        InputError: the folder holds no library.
    """
    return load_library(settings.skills or default_library_folder()) if settings.policy == "team" else None


def default_run_path(settings: EvaluateSettings, parent: Path = Path("runs")) -> Path:
    """A new folder for a run, named by scenario, policy, observation and the time of day."""
    stem = f"{settings.scenario.name}-{settings.policy}-{settings.observation}-{datetime.now():%Y%m%d-%H%M%S}"
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, 1000))
    return next(parent / name for name in names if not (parent / name).exists())


def evaluate(
    settings: EvaluateSettings, path: Path, resume: bool = False, progress: Progress | None = None
) -> RunReport:
    """Play the battles of `settings` that the run in `path` lacks, and report on all of them.

    Ctrl-C (KeyboardInterrupt) and SIGKILL leave a run that `resume` continues: finished episodes are neither lost nor repeated.

    Raises:
        InputError: bad settings, a run folder that cannot be written, or one that cannot be resumed under these settings.
    """
    library = library_of(settings)
    sandbox = describe_sandbox(library, settings.unsafe_skills) if library else None
    manifest = build_manifest(settings, library, sandbox, created=datetime.now(UTC).isoformat(timespec="seconds"))
    folder = RunFolder.resume(path, manifest) if resume else RunFolder.create(path, manifest, library)
    try:
        _play(settings, folder, progress or (lambda result: None))
    finally:
        folder.close()
    report = load_report(path)
    folder.write_summary(report.summary())
    return report


def _play(settings: EvaluateSettings, folder: RunFolder, progress: Progress) -> None:
    finished = folder.results()
    for result in finished:
        progress(result)
    done = {result.seed for result in finished}
    left = settings.episodes - len(done)
    if left == 0:
        return
    if announce_compile():  # here, so that it is not done in every worker
        compile_kernels(settings.scenario, settings.observation, settings.episode)
    workers = min(settings.workers or cores(), left)
    spec = PlayerSpec(
        scenario=settings.scenario,
        observation=settings.observation,
        policy=settings.policy,
        episode=settings.episode,
        skills=folder.skills if settings.policy == "team" else None,
        unsafe_skills=settings.unsafe_skills,
        records=folder.records,
        make_planner=WITHOUT_MODEL[settings.planner],
    )
    seeds = (seed for seed in settings.seeds if seed not in done)
    with closing(play_all(seeds, partial(skirmish_player, spec), workers)) as played:
        for each in played:
            result, timing = each.value or (_crashed(each), None)
            folder.append(result, timing | {"workers": workers} if timing else None)
            progress(result)


def _crashed(played: Played) -> EpisodeResult:
    return EpisodeResult(
        seed=played.seed,
        outcome=Outcome.ENV_CRASH,
        returned=0.0,
        raw_return=0.0,
        length=0,
        dead_allies=0,
        dead_enemies=0,
        plans=0,
        messages=0,
        faults={},
        reproducible=False,
        detail=played.died,
    )
