"""Looks for a difference: plays numbered episodes, each of a scenario, options, a policy and seeds of its own, on both sides.

    python -m tests.envs.parity.hunt --first 100000 --episodes 2000

Needs smacv2 and pysc2 (`make sc2 SMACV2=DIR`). Prints every difference as it is found and how many episodes were equal; exits with
1 if any was not.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from envs.scenario import StartPositions
from envs.scenario_file import scenario_names
from tests.envs.parity.combinations import combination
from tests.envs.parity.compare import side_by_side
from tests.envs.parity.native import Native
from tests.envs.parity.traces import POLICIES, Rules

EACH = 3  # episodes of a number: after a launch, after a soft reset, and after whatever was abandoned


def rules_of(number: int, rng: np.random.Generator) -> Rules:
    """A scenario that ships, half of the time with other teams or places, under the options of the number."""
    name, team = str(rng.choice(scenario_names())), {}
    if rng.random() < 0.3:
        team |= {"n_units": int(rng.integers(1, 9)), "n_enemies": int(rng.integers(1, 9))}
    if rng.random() < 0.2:
        team |= {"weights": (0.25, 0.25, 0.5)}  # more colossi, medivacs, banelings
    if rng.random() < 0.2:
        team |= {"start_positions": StartPositions(str(rng.choice(["reflect", "surrounded"])))}
    return Rules(name, combination(number) | team, f"options {number} {team}")


def begins(rules: Rules, seed: int) -> bool:
    """Whether all units live when the battle begins: smacv2 waits in vain for those that died at once (docs/oracle.md)."""
    native = Native(rules)
    native.reset(seed)
    return bool((native.skirmish.seen["health"] > 0).all())


def hunt(number: int) -> tuple[int, str]:
    """How many episodes of a number can be played, and their first difference in words; "" if they are equal."""
    rng = np.random.default_rng(number)
    rules, policy = rules_of(number, rng), str(rng.choice(POLICIES))
    limit = 20 if rng.random() < 0.2 else 200
    seeds = tuple(seed for seed in (number + (k << 40) for k in range(EACH)) if begins(rules, seed))
    abandoned = tuple(seed for seed in seeds if rng.random() < 0.2)
    try:
        side_by_side(rules, policy, seeds, limit, abandoned)
    except Exception as difference:
        return len(seeds), f"{type(difference).__name__}: {difference}"
    return len(seeds), ""


def main() -> int:
    """Hunt through a range of numbers."""
    parser = argparse.ArgumentParser(description="compare the native environment with smacv2 under many options")
    parser.add_argument("--first", type=int, default=100_000, help="first number")
    parser.add_argument("--episodes", type=int, default=200, help="how many episodes")
    arguments = parser.parse_args()
    began, equal, different = time.monotonic(), 0, 0
    numbers = range(arguments.first, arguments.first + arguments.episodes // EACH)
    for number in numbers:
        played, difference = hunt(number)
        if difference:
            different += 1
            print(f"{number}: {difference}", flush=True)
        else:
            equal += played
        if number == numbers[-1] or not (number - numbers[0] + 1) % 100:
            took = time.monotonic() - began
            print(f"{equal} episodes equal, {different} numbers differ, {took:.0f} s", flush=True)
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
