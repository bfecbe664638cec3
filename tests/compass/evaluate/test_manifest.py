"""What is read from a manifest, and how damage to it is told."""

from __future__ import annotations

import pytest

from compass.errors import InputError
from compass.evaluate.manifest import communication_of, price_of
from compass.models.prices import Price


@pytest.mark.parametrize("missing", ["hops", "observation"])
def test_without_what_agents_know_by_it_is_damaged(missing: str) -> None:
    manifest = {"hops": 2, "observation": "repaired"}
    assert communication_of(manifest) == (2, "repaired")
    del manifest[missing]
    with pytest.raises(InputError, match=f"damaged: it lacks '{missing}'"):
        communication_of(manifest)


def test_a_price_may_be_unknown() -> None:
    price = {"input": 0.15, "output": 0.6, "as_of": "2024-07-18"}
    assert price_of({"price": price}) == Price(**price)
    assert price_of({"price": None}) is price_of({}) is None
