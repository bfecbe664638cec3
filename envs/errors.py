"""The one error that means "what you asked for cannot be done", as opposed to a bug of ours."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 6  # choices that can all be named beside the nearest ones


class InputError(ValueError):
    """Bad input: its text is one line that says what is wrong and the way out. Command lines print it and exit with 2."""


def unknown(kind: str, name: str, known: Iterable[str], listing: str = "") -> InputError:
    """An `InputError` that names the nearest valid choices for an unknown `name` of a `kind` ("scenario", "skill"...).

    A few choices are all named. `listing`: what shows them where they are too many and none is near.
    """
    choices = sorted(known)
    near = get_close_matches(name, choices, n=3, cutoff=0.4)
    hints = [f"did you mean {', '.join(near)}?"] if near else []
    if len(near) < len(choices) <= _FEW or not (near or listing):
        hints.append(f"choose from {', '.join(choices)}")
    return InputError(f"unknown {kind} {name!r}: {' '.join(hints) or listing}")
