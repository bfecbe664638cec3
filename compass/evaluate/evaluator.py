"""The evaluation of one policy on many seeds: workers play, this process keeps the run folder."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from compass.episode import FULL
from compass.evaluate.live import Watch
from compass.evaluate.manifest import build_manifest
from compass.evaluate.player import PlayerSpec, compile_kernels, describe_sandbox, skirmish_player
from compass.evaluate.report import RunReport, load_report
from compass.evaluate.run_folder import RunFolder, unused
from compass.evaluate.settings import BESIDE, EvaluateSettings
from compass.evaluate.wants import Want, wants_in
from compass.evaluate.workers import Played, cores, play_all
from compass.planner import WITHOUT_MODEL
from compass.planner.vlm.prompts import Prompts, load_prompts
from compass.skills.library import Library, default_library_folder
from compass.skills.merits import known_library, with_merits
from compass.skills.store import Store
from compass.types import EpisodeResult, Outcome
from envs.jit import announce_compile

if TYPE_CHECKING:  # what stands behind it loads pydantic, which only runs by a model need
    from compass.evaluate.modelled import Asking

LIVE = "live skills: edits in {folder} are picked up between plans, so this run cannot be played again as it was"

Progress = Callable[[EpisodeResult], None]
"""Called with every episode of the run: first those that were finished before, then each as it ends."""
Tell = Callable[[str], None]
"""Told what a person should know of a run before its end, a line at a time."""


def library_of(settings: EvaluateSettings) -> Library | None:
    """The skill library that a run uses: None for policies without skills.

    Live skills begin with the last good version in the place of one that an edit broke, where the folder's store knows it.

    Raises:
        InputError: the folder holds no library.
    """
    if settings.policy != "team":
        return None
    folder, top_k = settings.skills or default_library_folder(), settings.episode.top_k
    return with_merits(Store(folder).live(), top_k) if settings.live_skills else known_library(folder, top_k)


def prompts_of(settings: EvaluateSettings) -> Prompts | None:
    """The prompts that a run by a model uses: None for any other.

    Raises:
        InputError: the folder holds no prompts.
    """
    return load_prompts(settings.vlm.prompts) if settings.vlm else None


def default_run_path(settings: EvaluateSettings, parent: Path = Path("runs")) -> Path:
    """A new folder for a run, named by scenario, policy, observation and the time of day."""
    policy = settings.player
    stem = f"{settings.scenario.name}-{policy}-{settings.observation}-{datetime.now():%Y%m%d-%H%M%S}"
    return unused(parent, stem)


def evaluate(
    settings: EvaluateSettings,
    path: Path,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
    taped: Path | None = None,
    only: Collection[int] | None = None,
) -> RunReport:
    """Play the battles of `settings` that the run in `path` lacks, and report on all of them.

    Ctrl-C (KeyboardInterrupt) and SIGKILL leave a run that `resume` continues: finished episodes are neither lost nor repeated.
    tell: told what a person should know before the end, a line at a time. taped: the cassette of an earlier run of a model: its
    calls are played back, and none is made. only: the seeds to play now, where that should not be all of them.

    Raises:
        InputError: bad settings, a run folder that cannot be written, or one that cannot be resumed under these settings; of a
            model: no server answers, a limit leaves no room for an episode, or a call is not on the cassette.
    """
    tell = tell or (lambda line: None)
    library = library_of(settings)
    sandbox = describe_sandbox(library, settings.unsafe_skills) if library else None
    prompts = prompts_of(settings)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = build_manifest(
        settings, library, sandbox, created, prompts.digest if prompts else None, taped is not None
    )
    if resume:
        folder = RunFolder.resume(path, manifest)
    else:
        sources = prompts.sources if prompts else None
        folder = RunFolder.create(path, manifest, library, sources, settings.checkpoint)
    with ExitStack() as stack:
        stack.callback(folder.close)
        asking = None
        if settings.vlm is not None and library is not None:
            from compass.evaluate.modelled import open_asking

            with folder.unless_refused(new=not resume):
                asking = stack.enter_context(open_asking(settings, library, folder, taped, tell))
        if settings.live_skills and library is not None:
            tell(LIVE.format(folder=library.folder))
            stack.enter_context(Watch(library, folder.live, settings.scenario.unit_types, tell))
        _play(settings, folder, asking, settings.seeds if only is None else only, progress or (lambda result: None))
    if library:
        folder.write_wants(map(asdict, _wants(settings, folder)))
    report = load_report(path)
    stopped = asking.stopped() if asking and only is None and len(report.results) < settings.episodes else None
    if stopped:
        tell(
            f"stopped by {stopped} after {len(report.results)} of {settings.episodes} episodes; a higher limit and --resume go on"
        )
    report = replace(report, stopped_by=stopped)
    folder.write_summary(report.summary())
    return report


def _wants(settings: EvaluateSettings, folder: RunFolder) -> tuple[Want, ...]:
    if settings.episode.information == FULL:  # what agents knew then does not follow from the records
        return ()
    records = {result.seed: folder.record_path(result.seed) for result in folder.results()}
    there = {seed: path for seed, path in records.items() if path.is_file()}
    return wants_in(there, settings.scenario, settings.episode.hops, settings.observation)


def _play(
    settings: EvaluateSettings, folder: RunFolder, asking: Asking | None, wanted: Collection[int], progress: Progress
) -> None:
    finished = folder.results()
    for result in finished:
        progress(result)
    done = {result.seed for result in finished}
    seeds = [seed for seed in wanted if seed not in done]
    if not seeds:
        return
    if announce_compile():  # here, so that it is not done in every worker
        compile_kernels(settings.scenario, settings.observation, settings.episode)
    workers = min(settings.workers or (BESIDE if asking else cores()), len(seeds))
    spec = PlayerSpec(
        scenario=settings.scenario,
        observation=settings.observation,
        policy=settings.policy,
        episode=settings.episode,
        skills=folder.skills if settings.policy == "team" else None,
        unsafe_skills=settings.unsafe_skills,
        records=folder.records,
        checkpoint=folder.checkpoint if settings.checkpoint else None,
        live=folder.live if settings.live_skills else None,
    )
    if asking is not None:
        from compass.evaluate.modelled import play_by_model

        playing = play_by_model(asking, spec, seeds, workers)
    else:
        by_rules = replace(spec, make_planner=WITHOUT_MODEL[settings.planner])
        playing = play_all(seeds, partial(skirmish_player, by_rules), workers)
    with closing(playing) as played:
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
