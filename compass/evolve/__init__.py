"""Growing a skill library: what planners want, who makes candidates, and what becomes of them on the engine."""
