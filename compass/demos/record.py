"""Recording demonstrations: battles of a stream of their own, through the same episode loop as any other, into one file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from compass.demos.file import FORMAT, Demonstrations, DemoRecorder, assemble
from compass.errors import InputError
from compass.evaluate.evaluator import library_of
from compass.evaluate.manifest import build_manifest
from compass.evaluate.player import PlayerSpec, compile_kernels, describe_sandbox, skirmish_player
from compass.evaluate.settings import EvaluateSettings
from compass.evaluate.workers import cores, play_all
from compass.planner import WITHOUT_MODEL
from compass.skills.merits import copy_of
from compass.types import EpisodeResult
from envs.draws import DEMONSTRATIONS
from envs.jit import announce_compile


def record(settings: EvaluateSettings, out: Path, progress: Callable[[EpisodeResult], None]) -> Demonstrations:
    """Play the battles of `settings`, but of the stream of demonstrations, and write them to `out`, a new file.

    Raises:
        InputError: `out` is there already or cannot be written, or the settings cannot be played.
    """
    if os.path.lexists(out):
        raise InputError(f"{out} is there already, and nothing is overwritten: name another --out")
    library = library_of(settings)
    sandbox = describe_sandbox(library, settings.unsafe_skills) if library else None
    manifest = build_manifest(settings, library, sandbox, created="")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as name:  # beside it: moved there whole
            folder = Path(name)
            (folder / "records").mkdir()
            (folder / "skills").mkdir()
            for file, text in copy_of(library).items() if library else ():  # a copy: edits meanwhile change nothing
                (folder / "skills" / file).write_text(text, encoding="utf-8")
            results = _play(settings, folder, progress)
            del manifest["created"]  # equal battles give equal bytes
            manifest |= {"stream": DEMONSTRATIONS, "demonstrations": FORMAT}
            manifest["steps"] = sum(result.length for result in results)
            assemble(manifest, results, folder / "records", folder / "whole")
            os.link(folder / "whole", out)  # unlike a rename this never takes another's place
    except FileExistsError:
        raise InputError(f"{out} is there already, and nothing is overwritten: name another --out") from None
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}; name another --out") from None
    return Demonstrations(out)


def _play(settings: EvaluateSettings, folder: Path, progress: Callable[[EpisodeResult], None]) -> list[EpisodeResult]:
    """The results by seed; the battles' archives lie in `folder/records` then."""
    if announce_compile():  # here, so that it is not done in every worker
        compile_kernels(settings.scenario, settings.observation, settings.episode)
    spec = PlayerSpec(
        scenario=settings.scenario,
        observation=settings.observation,
        policy=settings.policy,
        episode=settings.episode,
        skills=folder / "skills" if settings.policy == "team" else None,
        unsafe_skills=settings.unsafe_skills,
        records=folder / "records",
        make_planner=WITHOUT_MODEL[settings.planner],
        checkpoint=settings.checkpoint,
        make_recorder=DemoRecorder,
        stream=DEMONSTRATIONS,
    )
    results: dict[int, EpisodeResult] = {}
    workers = min(settings.workers or cores(), settings.episodes)
    with closing(play_all(settings.seeds, partial(skirmish_player, spec), workers)) as played:
        for each in played:
            if each.value is None:
                raise RuntimeError(f"seed {each.seed} crashed: {each.died}")
            results[each.seed] = each.value[0]
            progress(each.value[0])
    return [results[seed] for seed in settings.seeds]
