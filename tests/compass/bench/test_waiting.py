"""The measurement of waiting: what it counts, and that it can be made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compass.bench import waiting
from compass.evaluate.run_folder import RunFolder
from compass.models.base import Call, Reply, Turn
from compass.models.entries import CallEntry, to_line
from tests.compass.evaluate.test_run_folder import MANIFEST, RESULT, TIMING


def test_time_is_set_beside_the_waiting_itself(tmp_path: Path) -> None:
    """Of the calls that agents make at one step only those of one agent follow each other; the longest battle counts."""
    run = RunFolder.create(tmp_path / "run", MANIFEST, None)
    call, reply = Call("act", (Turn("user", "Act!"),), {}, 10), Reply("{}", pictures=("a", "b"))
    run.cassette.mkdir()
    calls_at = {0: {0: (1, 1)}, 1: {0: (3, 1), 20: (1, 2, 1)}}  # by seed and step: of each agent
    for seed, steps in calls_at.items():
        lines = [
            to_line(CallEntry.of(agent, step, n, call, reply))
            for step, counts in steps.items()
            for agent, made in enumerate(counts)
            for n in range(made)
        ]
        (run.cassette / f"{seed}.jsonl").write_bytes(b"".join(lines))
        run.append(replace(RESULT, seed=seed), TIMING | {"seed": seed, "seconds": 4.0 + seed})
    run.close()
    wait = waiting.waited(run, 0.5, "separate")
    assert wait == waiting.Wait(0.5, "separate", calls_made=10, pictures=20, ideal=2.5, spent=5.0)
    assert wait.ratio == 2.0


def test_battles_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SCENARIO", "3m")
    (wait,) = waiting.measure(cells=((0.01, "fused"),), episodes=1)
    assert wait.calls_made >= 3 and wait.ratio > 1.0
