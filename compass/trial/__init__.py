"""Whether a change of the skill library wins more: battles at speed, a gate before them, and a test that decides between them."""
