"""Whatever a Retry-After header holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from compass.models.retries import retry_after

DATES = some.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    some.sampled_from(["Mon", "x"]),
    *[some.integers(-1, 40), some.sampled_from(["Jan", "Dec", "?"]), some.integers(-1, 10**20)],
    *[some.integers(-1, 99)] * 3,
    some.sampled_from(["GMT", "-0000", "+9999", "-2359", "+99999999999999999999", ""]),
)


@given(some.text() | some.floats().map(str) | some.integers().map(str) | DATES)
def test_any_header(value):
    wait = retry_after({"retry-after": value})
    assert wait is None or wait >= 0.0


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", 7.0),
        ("-7", 0.0),
        ("inf", float("inf")),
        ("nan", None),
        ("9" * 5000, float("inf")),
        ("Mon, 01 Jan 2024 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 2024 00:00:00", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Mon, 01 Jan 99999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
    ],
)
def test_what_is_read_of_it(value, wait):
    assert retry_after({"retry-after": value}) == wait
