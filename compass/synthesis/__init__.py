"""Skills that programs write: tactics in pieces of source text, and the recipes that put them together."""
