"""MARL baselines, trained on the embedded engine with BenchMARL (the extra `baselines`), and played without torch."""
