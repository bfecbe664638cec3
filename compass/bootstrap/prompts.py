"""The prompt files of a bootstrap by a model: Markdown with `$placeholders`, as those of the planner."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from compass.planner.vlm.prompts import Places, Prompts, load_prompts

SHIPPED = Path(__file__).with_name("prompts")
_BATTLES = ("race", "team", "enemies", "width", "height", "limit")
PLACES: Places = MappingProxyType(
    {
        "bootstrap_system": (("units",), (*_BATTLES, "setting")),
        "bootstrap_analyse": (("unit_type", "moments", "answer"), ("numbers", "picture")),
        "bootstrap_write": (("unit_type", "task", "file", "analysis", "format", "answer"), ("when",)),
        "skill_format": (("header",), ()),
        "bootstrap_repair": (("problem",), ()),
    }
)
"""The files by name (without `.md`): the placeholders that each must have, and those that it may have besides."""


def load_bootstrap_prompts(folder: Path | None = None) -> Prompts:
    """Read and check the prompt files of a folder, None for the shipped ones.

    Raises:
        InputError: as of `compass.planner.vlm.prompts.load_prompts`.
    """
    return load_prompts(folder or SHIPPED, PLACES)
