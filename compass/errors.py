"""Errors of the framework: `InputError` is what a user can mend; everything else is a bug of ours and raises as it is."""

from envs.errors import InputError, unknown

__all__ = ["InputError", "unknown"]
