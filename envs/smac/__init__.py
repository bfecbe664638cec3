"""SMACv2's semantics on top of the engine, split by rule: snapshot, actions, masks, observe, state, reward and the fused step.

Everything here reads a snapshot of what StarCraft II's API would have returned after the last environment step, never the live
engine. All of it is a re-implementation of the behaviour of smacv2's `StarCraft2Env` (Ellis et al. 2023, MIT licence).
"""
