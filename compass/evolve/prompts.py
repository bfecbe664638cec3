"""The prompt files of a model that grows a library: Markdown with `$placeholders`, beside those of bootstrapping."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from compass.bootstrap.prompts import load_bootstrap_prompts
from compass.planner.vlm.prompts import Places, Prompts, load_prompts

SHIPPED = Path(__file__).with_name("prompts")
_ALWAYS = ("wanted", "battles", "tried", "format", "answer")
PLACES: Places = MappingProxyType(
    {
        "evolve_improve": (("skill", "file", "parent", *_ALWAYS), ()),
        "evolve_new": (("unit_type", "task", "file", *_ALWAYS), ("when", "nearest")),
    }
)
"""The files by name (without `.md`): the placeholders that each must have, and those that it may have besides."""


def load_evolve_prompts(folder: Path | None = None) -> Prompts:
    """Read and check the prompt files of a folder, those of bootstrapping that are used too included; None for the shipped ones.

    Raises:
        InputError: as of `compass.planner.vlm.prompts.load_prompts`.
    """
    own = load_prompts(folder or SHIPPED, PLACES)
    return Prompts(MappingProxyType({**load_bootstrap_prompts(folder).sources, **own.sources}))
