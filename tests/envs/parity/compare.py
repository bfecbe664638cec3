"""Both sides at once: the native environment and unmodified smacv2, turn by turn."""

from __future__ import annotations

import numpy as np

from tests.envs.parity.native import Native
from tests.envs.parity.oracle import Oracle
from tests.envs.parity.traces import Case, Rules, Turn, play

LOOK_AGAIN, ABANDON = 4, 6  # steps


def assert_same(native: Turn, oracle: Turn, where: str) -> None:
    """Name the first array that differs, and where; then compare the bytes that the hashes are taken of."""
    for name in ("obs", "state", "available"):
        ours, theirs = getattr(native, name), getattr(oracle, name)
        assert ours.shape == theirs.shape, f"{where}: {name} of shape {ours.shape} but smacv2's is {theirs.shape}"
        at = np.argwhere(ours != theirs)
        assert not len(at), (
            f"{where}: {name}{at[0].tolist()}: {ours[tuple(at[0])]!r} but smacv2 has {theirs[tuple(at[0])]!r}"
        )
    ends = [(turn.reward, turn.terminated, turn.info) for turn in (native, oracle)]
    assert ends[0] == ends[1], f"{where}: {ends[0]} but smacv2 has {ends[1]}"
    assert native.pack() == oracle.pack(), f"{where}: bytes"


def side_by_side(
    rules: Rules, policy: str, seeds: tuple[int, ...], limit: int = 200, abandoned: tuple[int, ...] = ()
) -> list[Turn]:
    """Play on both sides and compare, now and then looking twice; the last turn of each episode.

    `limit`: the length of an episode, which is no option on either side. The `abandoned` among the seeds end by a reset.
    """
    ours, theirs = Native(rules), Oracle(rules)
    theirs.env.env.episode_limit = limit
    ours.skirmish._battles.settings["episode_limit"] = limit
    ends = []
    try:
        for seed in seeds:
            case = Case(rules, policy, seed)
            both = zip(play(ours, case), play(theirs, case), strict=True)
            for step, ((native, _), (oracle, actions)) in enumerate(both):
                where = f"{case.name}, {f'step {step}' if step else 'reset'}, actions {actions}"
                assert_same(native, oracle, where)
                if step % LOOK_AGAIN == 1:
                    assert np.array_equal(ours.look(), theirs.look()), f"{where}: the second observation"
                if seed in abandoned and step == ABANDON:
                    break
            ends.append(native)
    finally:
        theirs.close()
    return ends
