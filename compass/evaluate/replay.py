"""A run played again from what it left: the same settings, its own copy of the skills, and a comparison to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from compass.episode import COMMUNICATED, EpisodeSettings
from compass.errors import InputError
from compass.evaluate.evaluator import Progress, evaluate
from compass.evaluate.manifest import Manifest, scenario_of
from compass.evaluate.records import EpisodeRecord, read_record, same_content
from compass.evaluate.run_folder import RunFolder, unused
from compass.evaluate.settings import EvaluateSettings
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from compass.skills.retrieval import TOP_K
from compass.types import EpisodeResult


@dataclass(frozen=True)
class Difference:
    """The first thing in which two episodes of one seed differ; step and agent are None where it belongs to none."""

    seed: int
    step: int | None
    agent: int | None
    what: str

    def __str__(self) -> str:
        where = [f"seed {self.seed}"]
        where += [f"step {self.step}"] if self.step is not None else []
        where += [f"agent {self.agent}"] if self.agent is not None else []
        return f"{', '.join(where)}: {self.what}"


@dataclass(frozen=True)
class Comparison:
    """Two runs of the same battles, by seeds.

    identical: equal to the byte. differing: the first difference of each episode that is not. not_reproducible: episodes that are
    not compared, because in one of the runs the speed of the machine decided an action or the environment crashed.
    """

    identical: tuple[int, ...]
    differing: tuple[Difference, ...]
    not_reproducible: tuple[int, ...]


def settings_of(folder: RunFolder) -> EvaluateSettings:
    """The settings that a run was made with; skills and prompts are its own copies.

    Raises:
        InputError: the manifest is damaged, or this version cannot play such a run.
    """
    manifest = folder.manifest()
    try:
        plans = manifest["policy"] == "team"
        pace = {key: manifest[key] for key in ("plan_every", "plan_on_change")} if plans else {}
        return EvaluateSettings(
            scenario=scenario_of(manifest),
            episodes=manifest["episodes"],
            seed=manifest["seed"],
            policy=str(folder.checkpoint.absolute()) if manifest.get("trained") else manifest["policy"],
            observation=manifest["observation"],
            backend=manifest["backend"],
            episode=EpisodeSettings(
                hops=manifest["hops"],
                information=manifest.get("information", COMMUNICATED),
                top_k=manifest.get("top_k") or TOP_K,
                **pace,
            ),
            skills=folder.skills if plans else None,
            unsafe_skills=manifest["unsafe_skills"],
            **({"planner": manifest["planner"]} if plans else {}),
            **(_asking(manifest, folder.prompts) if manifest["planner"] == "vlm" else {}),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"the run's manifest.json is damaged: no settings can be read from it ({error!r})") from None


def _asking(manifest: Manifest, prompts: Path) -> dict[str, Any]:
    """What only a run by a model has."""
    keys = ("calls", "image", "reflection", "frames", "image_size", "clock", "game_speed", "answer_tokens")
    return {
        "model": ModelSettings(model=manifest["model"], **manifest["endpoint"]),
        "vlm": VlmSettings(
            prompts=prompts, embedding_model=manifest.get("embedding_model"), **{key: manifest[key] for key in keys}
        ),
    }


def default_replay_path(run: Path) -> Path:
    """A new folder beside a run, named after it."""
    run = run.resolve()
    return unused(run.parent, f"{run.name}-replay")


def replay(run: Path, path: Path, progress: Progress | None = None) -> Comparison:
    """Play the finished episodes of `run` again, into a new run in `path`, and compare them. No model is asked.

    Raises:
        MissingCall: the run's cassette lacks a call of a model, or holds another.
        InputError: there is nothing to play, or it cannot be played here.
    """
    original = RunFolder(run)
    if original.manifest().get("played_back"):
        raise InputError(
            f"{run} was itself played back and holds no answers of a model; replay the run that it was played back from"
        )
    if original.manifest().get("live_skills"):
        raise InputError(
            f"{run} was played with live skills, which were edited while it ran: it cannot be reproduced. What played when "
            f"stands in its records and in {original.live}"
        )
    settings = settings_of(original)
    finished = original.results()
    seeds = [result.seed for result in finished if result.reproducible]
    if not seeds:
        reason = "none of its episodes is reproducible" if finished else "no episode of it is finished yet"
        raise InputError(f"{run} cannot be played again: {reason}")
    taped = original.cassette if settings.vlm else None
    evaluate(settings, path, progress=progress, taped=taped, only=seeds)
    return compare_runs(original, RunFolder(path))


def compare_runs(original: RunFolder, again: RunFolder) -> Comparison:
    """Compare the episodes that `original` has finished with those of `again`, a run of the same battles.

    Records count as equal when all that they hold is, since another zlib may compress the same to other bytes.

    Raises:
        InputError: a run is damaged, or `again` lacks a reproducible episode.
    """
    played = {result.seed: result for result in again.results()}
    identical, differing, fragile = [], [], []
    for result in original.results():
        other = played.get(result.seed)
        if not result.reproducible or (other is not None and not other.reproducible):
            fragile.append(result.seed)
        elif other is None:
            raise InputError(f"{again.path} has no episode {result.seed}")
        elif difference := _difference(original, again, result, other):
            differing.append(difference)
        else:
            identical.append(result.seed)
    return Comparison(tuple(identical), tuple(differing), tuple(fragile))


def _difference(original: RunFolder, again: RunFolder, there: EpisodeResult, now: EpisodeResult) -> Difference | None:
    paths = original.record_path(there.seed), again.record_path(there.seed)
    if not same_content(*paths):
        return _first_difference(there.seed, *map(read_record, paths))
    if orjson.dumps(there) != orjson.dumps(now):
        what = _fields(asdict(there), asdict(now))
        return Difference(there.seed, None, None, f"the line in episodes.jsonl: {what}")
    return None


_PER_AGENT = ("obs", "available", "actions")
_IN_ORDER = {
    "obs": "what it observed",
    "available": "its legal actions",
    "state": "the state of the battle",
    "decisions": "the plan",
    "actions": "the action",
    "faults": "the skill's mistake",
    "rewards": "the reward",
    "raw_rewards": "the unscaled reward",
}
"""The parts of a step in the order in which they come about, so that the first to differ is a cause and not an effect."""


def _first_difference(seed: int, there: EpisodeRecord, now: EpisodeRecord) -> Difference:
    found = [
        (step, order, agent, what)
        for order, part in enumerate(_IN_ORDER)
        for step, agent, what in _part_differs(part, getattr(there, part), getattr(now, part))
    ]
    if not found:
        return Difference(seed, None, None, f"{len(there.actions)} steps there, {len(now.actions)} now")
    step, _, agent, what = min(found, key=lambda each: each[:2])
    return Difference(seed, step, agent, what)


def _part_differs(part: str, there: Any, now: Any) -> list[tuple[int, int | None, str]]:
    """The first step, and of this the first agent, at which a part of two records differs: one or none."""
    if part in ("decisions", "faults"):
        return _list_differs(_IN_ORDER[part], there, now)
    shared = min(len(there), len(now))
    different = _bits(there[:shared]) != _bits(now[:shared])
    steps = np.flatnonzero(different.reshape(shared, -1).any(axis=1))
    if not len(steps):
        return []
    step = int(steps[0])
    if part not in _PER_AGENT:
        return [(step, None, _IN_ORDER[part])]
    agent = int(np.flatnonzero(different[step].reshape(different.shape[1], -1).any(axis=1))[0])
    numbers = f": {there[step, agent]} there, {now[step, agent]} now" if part == "actions" else ""
    return [(step, agent, _IN_ORDER[part] + numbers)]


def _bits(numbers: NDArray[Any]) -> NDArray[Any]:
    """What can be compared to the byte: the two zeros are equal as numbers."""
    return numbers.view(f"u{numbers.itemsize}")


def _list_differs(
    name: str, there: tuple[Mapping[str, Any], ...], now: tuple[Mapping[str, Any], ...]
) -> list[tuple[int, int | None, str]]:
    for one, other in zip(there, now, strict=False):
        if one != other:
            first = min(one, other, key=lambda line: (line["step"], line["agent_id"]))
            same_place = (one["step"], one["agent_id"]) == (other["step"], other["agent_id"])
            what = f"{name}: {_fields(one, other)}" if same_place else f"{name}, which only one of the runs has"
            return [(first["step"], first["agent_id"], what)]
    longer = max(there, now, key=len)
    if len(there) != len(now):
        extra = longer[min(len(there), len(now))]
        return [(extra["step"], extra["agent_id"], f"{name}, which only one of the runs has")]
    return []


def _fields(there: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The fields that differ, with both values."""
    return "; ".join(f"{key} {there.get(key)} there, {now.get(key)} now" for key in there if there[key] != now.get(key))
