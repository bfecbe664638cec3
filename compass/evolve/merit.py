"""How well a library does, in a number that few battles tell: for choosing what to try, never for what is admitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from compass.trial.ring import Episode
from compass.types import Outcome
from envs.scenario import Scenario

_LOSSES = 0.5
"""What the difference of the losses counts beside a victory: lost and won battles then tell how clear they were."""


def merits(episodes: Sequence[Episode], scenario: Scenario) -> NDArray[np.float64]:
    """float64[battles]: 1 for a victory, and half of how much more of the enemies died than of the agents (-0.5 to 1.5)."""
    found = []
    for result in (episode.result for episode in episodes):
        losses = result.dead_enemies / scenario.n_enemies - result.dead_allies / scenario.n_units
        found.append((result.outcome is Outcome.WIN) + _LOSSES * losses)
    return np.array(found, np.float64)
