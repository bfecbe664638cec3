"""The form of a manifest: what kinds of values it holds, so that a damaged one is told before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compass.errors import InputError

_TEXT, _COUNT, _NUMBER, _SWITCH, _LIST, _OBJECT = (
    "text",
    "a whole number",
    "a number",
    "true or false",
    "a list",
    "an object",
)
_ALWAYS: Mapping[str, str] = {
    **dict.fromkeys(("scenario", "scenario_hash", "setting", "observation", "information"), _TEXT),
    **dict.fromkeys(("backend", "stream", "policy"), _TEXT),
    **dict.fromkeys(("rules", "code", "python", "created"), _TEXT),
    **dict.fromkeys(("seed", "episodes", "hops"), _COUNT),
    **dict.fromkeys(("played_back", "live_skills", "unsafe_skills"), _SWITCH),
    **dict.fromkeys(("scenario_content", "packages"), _OBJECT),
    "earlier": _LIST,
}
"""What is never null, where it is there."""
_TEAM: Mapping[str, str] = {
    "planner": _TEXT,
    "plan_every": _COUNT,
    "plan_on_change": _SWITCH,
    "top_k": _COUNT,
    "skills": _OBJECT,
    "sandbox": _OBJECT,
}
"""What is null but where skills play."""
_MODEL: Mapping[str, str] = {
    **dict.fromkeys(("model", "calls", "clock", "prompts"), _TEXT),
    **dict.fromkeys(("frames", "image_size", "answer_tokens"), _COUNT),
    **dict.fromkeys(("image", "reflection"), _SWITCH),
    **dict.fromkeys(("endpoint", "limits"), _OBJECT),
    "game_speed": _NUMBER,
}
"""What is null but where a model plans."""
_OR_NULL: Mapping[str, str] = {
    **dict.fromkeys(("git", "merits", "embedding_model"), _TEXT),
    **dict.fromkeys(("price", "trained"), _OBJECT),
    "policy_version": _COUNT,
}
_NEEDED = ("seed", "episodes")
_PARTS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "endpoint": ({"base_url": _TEXT, "timeout": _NUMBER, "concurrency": _COUNT}, {"requests_per_minute": _NUMBER}),
    "price": ({"input": _NUMBER, "output": _NUMBER, "as_of": _TEXT}, {}),
    "skills": ({"hash": _TEXT, "names": _LIST}, {}),
}
"""The parts of objects: those that must be there, and those that may be null."""


def check_form(manifest: Mapping[str, Any], path: Path) -> None:
    """Make sure that every value of the manifest in a file is of the kind it must be. Earlier versions wrote fewer keys.

    Raises:
        InputError: one is not.
    """
    for key in _NEEDED:
        if key not in manifest:
            raise _damaged(path, f"it lacks {key}")
    plans = manifest.get("policy") == "team"
    asks = plans and manifest.get("planner") == "vlm"
    for form, null in ((_ALWAYS, False), (_TEAM, not plans), (_MODEL, not asks), (_OR_NULL, True)):
        _check(manifest, form, null, "", path)
    for key, (form, or_null) in _PARTS.items():
        part = manifest.get(key)
        if part is None:
            continue
        if missing := [name for name in form if name not in part]:
            raise _damaged(path, f"its {key} lacks {missing[0]}")
        if unknown := [name for name in part if name not in form and name not in or_null]:
            raise _damaged(path, f"its {key} has an unknown part {unknown[0][:60]!r}")
        _check(part, form, False, f"{key}.", path)
        _check(part, or_null, True, f"{key}.", path)


def _check(content: Mapping[str, Any], form: Mapping[str, str], null: bool, prefix: str, path: Path) -> None:
    for key, kind in form.items():
        if key in content and not (null and content[key] is None) and not _is(content[key], kind):
            raise _damaged(path, f"{prefix}{key} must be {kind}{' or null' if null else ''}")


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == _SWITCH
    if isinstance(value, int):
        return kind in (_COUNT, _NUMBER) and value >= 0
    if isinstance(value, float):
        return kind == _NUMBER and value >= 0
    kinds: Mapping[type, str] = {str: _TEXT, list: _LIST, dict: _OBJECT}
    return kinds.get(type(value)) == kind


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path} is damaged: {what}; put the file back as it was")
