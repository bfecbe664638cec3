"""The library grows: candidates are made, raced, tuned and tried on the engine, and those that win more are admitted."""
