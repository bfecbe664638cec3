"""A text from outside, whatever it holds, as one line."""

from __future__ import annotations


def one_line(text: str, most: int) -> str:
    """The text as one line of at most `most` printable characters; where something is left out, it ends in "..."."""
    head, rest = text[: 8 * most], text[8 * most :]  # words so far back could only be shown behind endless blanks
    line = " ".join("".join(char if char.isprintable() else " " for char in head).split())
    whole = len(line) <= most and (not rest or rest.isspace())
    return line if whole else f"{line[: most - 3].rstrip()}..."
