"""How fast the environment and the whole loop run here: what `compass bench` measures."""
