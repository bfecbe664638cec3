"""The evaluator: many seeds of one scenario by one policy, into a run folder, with honest statistics."""
