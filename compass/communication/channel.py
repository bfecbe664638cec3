"""One step of communication: own eyes first, then every hop of the graph, then each agent's own view of what it heard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from compass import wire
from compass.communication import merge
from compass.errors import InputError
from compass.knowledge import SEEN, TYPE
from compass.observation.decode import STEP_SECONDS, Decoder, constants_of
from compass.types import Constants, Observation
from envs.scenario import Scenario
from envs.units import UNITS

_LOG_COLUMNS = 7
_ROW = np.dtype(  # of `compass.wire.ROW`
    [(name, "<i4") for name in ("slot", "seen", "hops", "kind", "attackable", "action")]
    + [(name, "<f8") for name in ("x", "y", "dx", "dy", "distance", "health", "shield")]
)


@dataclass(frozen=True)
class Exchange:
    """What a team knows at one step, after communication.

    table: float64[agents, entities, COLUMNS] (see `compass.knowledge`), row a being all that agent a knows; available:
    uint8[agents, n_actions], the masks; graph: who talked to whom; deliveries: int64[n, 7], the records that changed somebody's
    knowledge (see `compass.communication.Trace`); payloads: what each agent knows, as bytes (see `compass.wire`); vectors:
    float32[agents, obs_size], row a being agent a's own observation as the environment gave it.
    """

    step: int
    constants: Constants
    table: NDArray[np.float64]
    available: NDArray[np.uint8]
    graph: nx.Graph[int]
    deliveries: NDArray[np.int64]
    alive: tuple[int, ...]
    payloads: tuple[bytes, ...]
    vectors: NDArray[np.float32]

    @cached_property
    def _observations(self) -> dict[int, Observation]:
        return {}

    def observation(self, agent: int) -> Observation:
        """All that a living agent knows, as named entities.

        Raises:
            KeyError: the agent is dead.
        """
        if agent not in self.alive:
            raise KeyError(f"agent {agent} is dead")
        if agent not in self._observations:
            self._observations[agent] = wire.unpack(self.payloads[agent], self.constants)
        return self._observations[agent]


class Channel:
    """The team's memory of entities and its communication, over one episode.

    `hops`: how many messages a record may take over its whole life; 0: agents know only what they see themselves. `repaired`: the
    observation setting, which tells whether an absent row proves anything.

    Raises:
        InputError: a negative number of hops.
    """

    def __init__(self, scenario: Scenario, hops: int, repaired: bool) -> None:
        if hops < 0:
            raise InputError(f"hops is {hops}; give 0 (no communication) or more")
        self._hops = min(hops, scenario.n_units - 1)  # no agent takes the same record again, so none goes further
        self.decoder = Decoder(scenario)
        self.constants = constants_of(scenario)
        self._sees_all = repaired
        self._mask_tells_life = not scenario.action_mask
        self._reach = np.array([max(UNITS[k].speed, UNITS[k].ally_speed) * STEP_SECONDS for k in scenario.unit_types])
        self._can_hit = np.array([[_can_hit(a, b) for b in scenario.unit_types] for a in scenario.unit_types])
        self.table = self.decoder.empty()
        n_agents, n_entities = self.table.shape[:2]
        pairs = n_agents * (n_agents - 1) // 2
        self._edges = np.zeros((pairs, 2), dtype=np.int64)
        self._log = np.zeros((2 * pairs * n_entities * self._hops, _LOG_COLUMNS), dtype=np.int64)
        self._rows = np.zeros(n_agents * n_entities, dtype=_ROW)
        self._counts = np.zeros(n_agents, dtype=np.int64)
        self._everyone = np.arange(n_agents)
        self._no_actions = np.full(n_agents, -1, dtype=np.int64)
        self._ranges = list(zip(self.decoder.sight.tolist(), self.decoder.shoot.tolist(), strict=True))

    def exchange(
        self, obs: NDArray[np.float32], available: NDArray[np.uint8], last_actions: NDArray[np.int64], step: int
    ) -> Exchange:
        """See, tell, hear: one environment step's communication.

        obs: float32[agents, obs_size]; available: uint8[agents, n_actions]; last_actions: int64[agents], -1 for none.
        """
        n_edges, n_deliveries, seen = self._share(obs, available, last_actions, step)
        alive = tuple([a for a in range(len(seen)) if seen[a, a, SEEN] >= 0.0])
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(alive)
        graph.add_edges_from(self._edges[:n_edges].tolist())
        payloads = self._pack(available, last_actions, step)
        deliveries = self._log[:n_deliveries].copy()
        return Exchange(step, self.constants, self.table.copy(), available, graph, deliveries, alive, payloads, obs)

    def hear(self, obs: NDArray[np.float32], available: NDArray[np.uint8], step: int) -> NDArray[np.int64]:
        """The same step's communication, where only `table` and the deliveries (a view) are wanted. Last actions are not told."""
        _, n_deliveries, _ = self._share(obs, available, self._no_actions, step)
        return self._log[:n_deliveries]

    def _share(
        self, obs: NDArray[np.float32], available: NDArray[np.uint8], last_actions: NDArray[np.int64], step: int
    ) -> tuple[int, int, NDArray[np.float64]]:
        """How many edges and deliveries were written, and what each agent sees itself."""
        decoder, table = self.decoder, self.table
        seen = decoder.decode(obs, available, last_actions, step)
        merge.remember(
            table,
            seen,
            step,
            available,
            self._sees_all,
            self._mask_tells_life,
            decoder.healer,
            decoder.sight,
            self._reach,
        )
        n_edges = merge.find_edges(seen, self._edges)
        n_deliveries = merge.spread(table, self._edges, n_edges, self._hops, self._log)
        self._relate(available, step, by_sight=True)
        return n_edges, n_deliveries, seen

    def _relate(self, available: NDArray[np.uint8], step: int, by_sight: bool) -> None:
        decoder = self.decoder
        ranges = decoder.mask_tells_range, decoder.healer, decoder.shoot
        merge.relate(self.table, step, available, *ranges, self._can_hit, by_sight)

    def _pack(self, available: NDArray[np.uint8], last_actions: NDArray[np.int64], step: int) -> tuple[bytes, ...]:
        total = merge.gather(self.table, self._rows, self._counts)
        rows, masks = self._rows[:total].tobytes(), available.tobytes()
        n_actions, row_size = self.constants.n_actions, self._rows.itemsize
        actions, kinds = last_actions.tolist(), self.table[self._everyone, self._everyone, TYPE].tolist()
        payloads, at = [], 0
        for a, count in enumerate(self._counts.tolist()):
            end = at + count * row_size
            mask = masks[a * n_actions : (a + 1) * n_actions]
            payloads.append(
                wire.pack(a, step, actions[a], self._ranges[int(kinds[a])], mask, rows[at:end]) if count else b""
            )
            at = end
        return tuple(payloads)


def _can_hit(attacker: str, target: str) -> bool:
    flying = UNITS[target].flying
    return any(weapon.hits_air if flying else weapon.hits_ground for weapon in UNITS[attacker].weapons)
