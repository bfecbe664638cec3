"""A first skill library from demonstrations, in two steps: tactic analysis per unit type, then skill generation."""
