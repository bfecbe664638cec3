"""docs/oracle.md names every test of the oracle's surprises, and no other."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "oracle.md"


def test_the_page_and_the_tests_tell_of_the_same() -> None:
    named = re.findall(r"^\| .+ \| `(\w+)` \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    tests = [path.read_text(encoding="utf-8") for path in HERE.glob("test_oracle_*.py")]
    there = re.findall(r"^def test_(\w+)", "\n".join(tests), re.MULTILINE)
    assert len(named) == len(set(named)) > 40
    assert set(named) == set(there)
