"""What a map may order the enemies: the words of `enemy_order` in scenario files, for the engine as well."""

ENEMY_RULES = ("closest", "attack", "none")
"""`envs.scenario.EnemyOrder` explains them."""
