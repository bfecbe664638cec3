"""`compass prompts`."""

from __future__ import annotations

import json
from pathlib import Path

from compass.bootstrap import prompts as bootstrap
from compass.evolve import prompts as evolve
from compass.planner.vlm.prompts import PLACES, load_prompts


def test_init_copies_the_shipped_prompts(compass, tmp_path: Path) -> None:
    ran = compass("prompts", "init", tmp_path / "mine", "--json")
    assert ran.code == 0
    assert set(json.loads(ran.out)["files"]) == {f"{name}.md" for name in (*PLACES, *bootstrap.PLACES, *evolve.PLACES)}
    assert load_prompts(tmp_path / "mine").digest == load_prompts().digest
    for load in (bootstrap.load_bootstrap_prompts, evolve.load_evolve_prompts):
        assert load(tmp_path / "mine").digest == load().digest
    again = compass("prompts", "init", tmp_path / "mine")
    assert again.code == 2 and "is not empty" in again.err
