"""The manifest of a run: everything that its episodes depend on, so that no number stands without its origin."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson

import compass
import envs
from compass.episode import FULL
from compass.errors import InputError
from compass.evaluate.settings import EvaluateSettings
from compass.models.budget import Limits
from compass.models.prices import Price, tariff_of
from compass.models.settings import ModelSettings
from compass.planner.vlm.settings import VlmSettings
from compass.policies.checkpoint import content_hash, load_policy
from compass.policies.nearest import VERSION as NEAREST_VERSION
from compass.skills.library import Library
from compass.skills.merits import merits_hash
from envs.draws import EVALUATION
from envs.engine import rules_hash
from envs.scenario import EnemyOrder, Scenario, StartPositions, Teams

FORMAT = 1
_PACKAGES = ("compass-smac", "networkx", "numba", "numpy", "orjson", "pyseccomp")
MODEL_PACKAGES = ("openai", "pillow", "pydantic")
MAY_CHANGE = ("episodes", "endpoint", "limits", "price")
"""What a resumed run takes over from the new start; the earlier values stay in `earlier`."""
_MAY_DIFFER = ("created", "git", "merits", *MAY_CHANGE)  # merits: a resumed run goes on with its own copy of them
_OPTIONS = (
    *("seed", "policy", "planner", "observation", "information", "backend", "plan_every", "plan_on_change", "top_k"),
    *("hops", "skills", "live_skills", "unsafe_skills", "model", "calls", "frames", "image_size", "prompts", "clock"),
    *("game_speed", "answer_tokens", "embedding_model"),
)
_PLANNING = (
    "model",
    "calls",
    "image",
    "reflection",
    "frames",
    "image_size",
    "clock",
    "game_speed",
    "answer_tokens",
    "prompts",
    "embedding_model",
)
_FOLLOWS = {
    "scenario": ("scenario_hash", "scenario_content", "setting"),
    "scenario_hash": ("scenario_content",),
    "policy": (
        "policy_version",
        "trained",
        "planner",
        "plan_every",
        "plan_on_change",
        "top_k",
        "skills",
        "sandbox",
        *_PLANNING,
    ),
    "planner": ("packages", *_PLANNING),
    "unsafe_skills": ("sandbox",),
}
"""What need not be said, because it differs whenever something else does."""
_NOT_PLAYING = ("cli", "bench", "demos", "bootstrap", "synthesis", "trial", "evolve")
"""Parts of `compass` that cannot change an episode."""

_TRAINED = (
    *(
        "algorithm",
        "scenario",
        "scenario_hash",
        "setting",
        "observation",
        "hops",
        "open_loop",
        "rules",
        "seed",
        "steps",
    ),
    *("recurrent", "agent_ids", "hyper_parameters", "code", "packages"),
)

Manifest = dict[str, Any]


def build_manifest(
    settings: EvaluateSettings,
    library: Library | None,
    sandbox: Mapping[str, Any] | None,
    created: str,
    prompts: str | None = None,
    played_back: bool = False,
) -> Manifest:
    """The manifest of a run about to begin.

    library and sandbox (its kind and limits) are those of the skills, None for policies that use none; prompts: the hash of a
    model's; played_back: whether its calls come from the cassette of another run. `code` is a hash of the
    sources that play, so that an edit is noticed where there is no git.
    """
    scenario = settings.scenario
    plans = settings.policy == "team"
    trained = _trained(settings.checkpoint) if settings.checkpoint else None
    packages = _PACKAGES + (MODEL_PACKAGES if settings.vlm else ())
    content: Manifest = {
        "format": FORMAT,
        "scenario": scenario.name,
        "scenario_hash": scenario.content_hash,
        "scenario_content": asdict(scenario),
        "setting": scenario.setting,
        "observation": settings.observation,
        "information": settings.episode.information,
        "backend": settings.backend,
        "stream": EVALUATION,
        "seed": settings.seed,
        "episodes": settings.episodes,
        "played_back": played_back,
        "policy": trained["algorithm"] if trained else settings.policy,
        "trained": trained,
        "policy_version": NEAREST_VERSION if settings.policy == "nearest" else None,
        "planner": settings.planned_by,
        "plan_every": settings.episode.plan_every if plans else None,
        "plan_on_change": settings.episode.plan_on_change if plans else None,
        "top_k": settings.episode.top_k if plans else None,
        "hops": settings.episode.hops,
        **_planning(settings, prompts),
        "skills": {"hash": library.content_hash, "names": sorted(library.skills)} if library else None,
        "merits": merits_hash(library) if library else None,
        "live_skills": settings.live_skills,
        "sandbox": dict(sandbox) if sandbox else None,
        "unsafe_skills": settings.unsafe_skills,
        **origin(packages),
        "created": created,
    }
    return dict(orjson.loads(orjson.dumps(content)))  # as it will be read back: lists, not tuples


def origin(packages: Iterable[str], besides: tuple[str, ...] = ()) -> Manifest:
    """What ran, and when: the engine's rules, the sources (see `code_hash`), Python, these packages, the revision, the time."""
    return {
        "rules": rules_hash(),
        "code": code_hash(besides),
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in packages},
        "git": git_revision(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _trained(checkpoint: Path) -> Manifest:
    """What a trained policy is: how it was trained, how it plays, and the hash of its file."""
    about = load_policy(checkpoint).about
    return {
        "hash": content_hash(checkpoint.read_bytes()),
        "actions": "greedy",
        **{key: about.get(key) for key in _TRAINED},
    }


def _planning(settings: EvaluateSettings, prompts: str | None) -> Manifest:
    """What a run by a model depends on; None throughout for any other. `endpoint`, `limits` and `price` change no episode."""
    model, vlm = settings.model, settings.vlm
    if model is None or vlm is None:
        return dict.fromkeys((*_PLANNING, "endpoint", "limits", "price"))
    return asked(model, vlm, settings.limits, tariff_of(model.model, settings.prices).price, prompts)


def asked(
    model: ModelSettings, vlm: VlmSettings, limits: Limits, price: Price | None, prompts: str | None
) -> dict[str, Any]:
    """Which model is asked, how, with which prompts (their hash), and where that ends."""
    where = asdict(model)
    return {
        **asdict(vlm),
        "prompts": prompts,
        "model": where.pop("model"),
        "endpoint": where,
        "limits": asdict(limits),
        "price": asdict(price) if price else None,
    }


def scenario_of(manifest: Manifest) -> Scenario:
    """The scenario a run was made with, wherever its file is by now.

    Raises:
        InputError: the manifest is damaged.
    """
    try:
        content = manifest["scenario_content"]
        tuples = {key: tuple(content[key]) for key in ("unit_types", "weights", "exception_unit_types")}
        teams = Teams(tuple(content["teams"]["allies"]), tuple(content["teams"]["enemies"]))
        start = content["start_positions"]
        places = (tuple((x, y) for x, y in start[side]) for side in ("allies", "enemies"))
        parts = {"teams": teams, "start_positions": StartPositions(start["rule"], start["p"], *places)}
        scenario = Scenario(**content | tuples | parts | {"enemy_order": _enemy_order(content)})
        whole = all(each.name in content for each in fields(Scenario))  # else its hash was over fewer fields
        changed = whole and manifest.get("scenario_hash") not in (None, scenario.content_hash)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the run's manifest.json is damaged: no scenario can be read from it ({error!r})") from None
    if changed or not isinstance(scenario.name, str):
        raise InputError("the run's manifest.json is damaged: its scenario is not the one that its hash tells of")
    return scenario


def communication_of(manifest: Manifest) -> tuple[int, str]:
    """How many hops a run's messages took, and its observation setting: what its agents' knowledge can be rebuilt from.

    Raises:
        InputError: the manifest is damaged, or agents had full information, which no record holds.
    """
    if manifest.get("information") == FULL:
        raise InputError(
            "agents had full information in this run, and records do not hold it: compass view shows the whole battle"
        )
    try:
        return manifest["hops"], manifest["observation"]
    except KeyError as error:
        raise InputError(f"the run's manifest.json is damaged: it lacks {error}") from None


def price_of(manifest: Manifest) -> Price | None:
    """The price of a run's model as it was, None if it was not known or no model was asked."""
    price = manifest.get("price")
    return Price(**price) if price else None


def _enemy_order(content: Mapping[str, Any]) -> EnemyOrder:
    """A scenario's order to the enemies; runs from before there was a choice have the default."""
    if "enemy_order" not in content:
        return EnemyOrder()
    point = content["enemy_order"]["point"]
    return EnemyOrder(content["enemy_order"]["rule"], tuple(point) if point else None)


def check_same_run(earlier: Manifest, now: Manifest, run: Path) -> None:
    """Make sure that the episodes of `now` belong in the run with the manifest `earlier`.

    Raises:
        InputError: they differ in something that episodes depend on, or fewer episodes are asked for than the run has planned.
    """
    if changed := differences(earlier, now):
        what = "; ".join(changed)
        raise InputError(
            f"{run} cannot be resumed under other settings ({what}); give the same or choose another --out"
        )
    planned = earlier["episodes"]
    if now["episodes"] < planned:
        raise InputError(f"{run} is a run of {planned} episodes; give --episodes {planned} or more to resume it")


def differences(earlier: Manifest, now: Manifest) -> list[str]:
    """What differs between two manifests of all that episodes depend on, each in one line."""
    live = earlier.get("live_skills") and now.get("live_skills")  # then the skills are meant to change
    may_differ = (*_MAY_DIFFER, "skills") if live else _MAY_DIFFER
    changed = [key for key in now if key not in may_differ and earlier.get(key) != now[key]]
    followed = [effect for cause in changed for effect in _FOLLOWS.get(cause, ())]
    return [_difference(key, earlier.get(key), now[key]) for key in changed if key not in followed]


def _difference(key: str, there: Any, now: Any) -> str:
    """What differs in one line, by the option that sets it where there is one."""
    name = f"--{key.replace('_', '-')}" if key in _OPTIONS else key
    if key == "skills" and there and now:
        return f"{name}: another library, or an edited one"
    if isinstance(there, dict) and isinstance(now, dict):
        parts = [part for part in {**there, **now} if there.get(part) != now.get(part)]
        return f"{name}: " + ", ".join(
            f"{part} {_brief(there.get(part))} there, {_brief(now.get(part))} now" for part in parts
        )
    return f"{name}: {_brief(there)} there, {_brief(now)} now"


def _brief(value: Any) -> str:
    text = ("off", "on")[value] if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def installed_version(package: str) -> str | None:
    """The version of an installed package; None of one that is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@cache
def code_hash(besides: tuple[str, ...] = ()) -> str:
    """Hash of the Python sources of both packages that can change an episode: 16 hexadecimal digits.

    besides: parts of `compass` that count, too.
    """
    digest = hashlib.sha256()
    for package in (compass, envs):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            part = path.relative_to(folder)
            if part.parts[0] not in _NOT_PLAYING or part.parts[0] in besides:
                digest.update(f"{folder.name}/{part.as_posix()}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def git_revision() -> str | None:
    """The commit of the checkout this code runs from, with `-dirty` after it when files differ; None outside a checkout."""
    folder = Path(str(compass.__file__)).parent.parent
    if not (folder / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
