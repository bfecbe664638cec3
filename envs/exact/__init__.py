"""Exact checks of the engine: what single attacks, duels and crowds must give, and the battlefield to try it on."""
