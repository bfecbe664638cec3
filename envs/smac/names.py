"""Names of the features, as smacv2 gives them."""

from __future__ import annotations

from envs.layout import DIRECTIONS, TYPE_BITS, Layout


def agent_attributes(layout: Layout) -> list[str]:
    """An ally's features in the state."""
    shield = ["shield"] if layout.ally_shield else []
    return ["health", "energy/cooldown", "rel_x", "rel_y", *shield, *(f"type_{bit}" for bit in range(TYPE_BITS))]


def enemy_attributes(layout: Layout) -> list[str]:
    """An enemy's features in the state."""
    shield = ["shield"] if layout.enemy_shield else []
    return ["health", "rel_x", "rel_y", *shield, *(f"type_{bit}" for bit in range(TYPE_BITS))]


def state_features(layout: Layout) -> list[str]:
    """One name for each number of the state vector."""
    names = []
    for side, count, own, has_shield in (
        ("ally", layout.n_agents, ["cooldown"], layout.ally_shield),
        ("enemy", layout.n_enemies, [], layout.enemy_shield),
    ):
        for i in range(count):
            shield = ["shield"] if has_shield else []
            names += [f"{side}_{feature}_{i}" for feature in ("health", *own, "relative_x", "relative_y", *shield)]
            names += [f"{side}_unit_type_{i}_bit_{bit}" for bit in range(TYPE_BITS)]
    if layout.state_last_action:
        names += [f"ally_last_action_{i}_action_{k}" for i in range(layout.n_agents) for k in range(layout.n_actions)]
    return names + ["timestep"] * layout.state_timestep_number


def obs_features(layout: Layout) -> list[str]:
    """One name for each number of agent 0's observation vector."""
    ally_life, enemy_life = (["health", "shield"][: 1 + has] for has in (layout.ally_shield, layout.enemy_shield))
    names = [f"move_action_{direction}" for direction in DIRECTIONS]
    for side, first, life, ids in (
        ("enemy", "shootable", enemy_life, range(layout.n_enemies)),
        ("ally", "visible", ally_life, range(1, layout.n_agents)),
    ):
        for i in ids:
            names += [f"{side}_{feature}_{i}" for feature in (first, "distance", "relative_x", "relative_y")]
            names += [f"{side}_{feature}_{i}" for feature in life if layout.obs_all_health]
            names += [f"{side}_unit_type_{i}_bit_{bit}" for bit in range(TYPE_BITS)]
            if side == "ally" and layout.obs_last_action:
                names += [f"ally_last_action_{i}_action_{k}" for k in range(layout.n_actions)]
    names += [f"own_{feature}" for feature in ally_life if layout.obs_own_health]
    names += ["own_pos_x", "own_pos_y"] if layout.obs_own_pos else []
    names += [f"own_unit_type_bit_{bit}" for bit in range(TYPE_BITS)]
    return names + ["timestep"] * layout.obs_timestep_number
