"""Texts from outside as one line."""

from __future__ import annotations

import pytest

from compass.models.lines import one_line


@pytest.mark.parametrize(
    ("text", "most", "line"),
    [
        (" a\n\tb\x00c\ud800d ", 20, "a b c d"),
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 10, "abcdefg..."),
        ("abcdef ghijk", 10, "abcdef..."),
        ("", 10, ""),
        (" " * 1_000_000, 10, ""),
        ("a" + " " * 1_000_000, 10, "a"),
        ("a" + " " * 1_000_000 + "b", 10, "a..."),
        ("x" * 1_000_000, 50, "x" * 47 + "..."),
    ],
)
def test_a_line_is_short_and_printable_and_tells_what_it_leaves_out(text: str, most: int, line: str) -> None:
    assert one_line(text, most) == line
