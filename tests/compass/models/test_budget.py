"""What a run may spend: prices, estimates, and where limits end it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from compass.errors import InputError
from compass.models import Call, Failure, FaultKind, Picture, Reply, Turn
from compass.models.budget import Budget, Limits, Meter, Spent, spent_on
from compass.models.prices import Price, Tariff, tariff_of
from tests.compass.observation.sights import observation, unit

CALL = Call("act", (Turn("system", "s" * 400), Turn("user", "u" * 4000)), {}, 100)
KNOWN, UNKNOWN = Tariff(Price(2.0, 10.0, "2026-01-01")), Tariff(None)
EACH = Spent(10, 900, 100)


def test_the_shipped_prices_are_read_and_a_dated_name_is_found() -> None:
    price = tariff_of("gpt-4o-mini").price
    assert price is not None
    assert (price.input, price.output) == (0.15, 0.60)
    assert price.dollars(1_000_000, 2_000_000) == pytest.approx(1.35)
    assert tariff_of("gpt-4o-mini-2024-07-18") == tariff_of("gpt-4o-mini")


def test_an_unknown_price_is_unknown_and_no_call_costs_nothing() -> None:
    assert tariff_of("my-own-model").price is None
    assert Spent(1, 10, 10).dollars(UNKNOWN.price) is None
    assert Spent().dollars(UNKNOWN.price) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "models: {}",
        "as_of: soon\nmodels: {m: {input: 1, output: 1}}",
        "as_of: 2026-01-01\nmodels: {m: {input: -1, output: 1}}",
        "as_of: 2026-01-01\nmodels: {m: {input: 1}}",
        "as_of: 2026-01-01\nmodels: [m]",
        "as_of: 2026-01-01\nmodels: {m: {input: .nan, output: 1}}",
        "as_of: 2026-01-01\nmodels: {m: {input: .inf, output: 1}}",
        f"as_of: 2026-01-01\nmodels: {{m: {{input: 1{'0' * 400}, output: 1}}}}",
        f"as_of: 2026-01-01\nmodels: {{m: {{input: 1{'0' * 9000}, output: 1}}}}",
        f"as_of: 2026-01-01\nmodels: {'[' * 5000}{']' * 5000}",
        ": : [",
    ],
)
def test_a_broken_file_of_prices_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"prices\.yaml is no file of prices") as error:
        tariff_of("m", path)
    assert len(str(error.value)) < 500


def test_a_missing_file_of_prices_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the prices"):
        tariff_of("m", tmp_path / "none.yaml")


def test_pictures_count_as_the_model_counts_them() -> None:
    obs = observation(unit("ally", 0, "marine", (3.0, 3.0)), [], [])
    small, large = (Call("perceive", (Turn("user", "", (Picture(obs, size),) * 2),), {}, 100) for size in (512, 1024))
    assert [tariff_of("gpt-4o-mini").tokens(seeing) for seeing in (small, large)] == [
        2 * 2833 + 4,
        2 * (2833 + 4 * 5667) + 4,
    ]
    assert tariff_of("gpt-4o").tokens(small) == 2 * 85 + 4
    assert tariff_of("gpt-4.1-mini").tokens(small) == round(2 * 1.62 * 16**2 + 4)


class Answering:
    """A model that gives one reply, or is given up."""

    def __init__(self, reply: Reply | None) -> None:
        self.reply = reply

    async def ask(self, call: Call) -> Reply:
        if self.reply is None:
            raise asyncio.CancelledError
        return self.reply


@pytest.mark.parametrize(
    ("reply", "spent"),
    [
        (Reply("x" * 40, prompt_tokens=7, completion_tokens=3), Spent(1, 7, 3)),
        (Reply("x" * 40), Spent(1, 1108, 10, 1)),
        (Reply(None), Spent(1, 0, 0, 1)),
        (Reply(None, failures=(Failure(FaultKind.CONNECTION, "refused"),)), Spent(1, 0, 0, 1)),
        (Reply(None, failures=(Failure(FaultKind.TOO_LONG, "1 MB"),)), Spent(1, 1108, 0, 1)),
        (None, Spent(1, 1108, 0, 1)),
    ],
)
def test_what_a_server_does_not_tell_is_estimated_and_said_to_be(reply: Reply | None, spent: Spent) -> None:
    budget = Budget(Limits(), KNOWN, EACH, Spent(), [])
    model = Meter(Answering(reply), budget, KNOWN)
    if reply is None:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(model.ask(CALL))
    else:
        assert spent_on(asyncio.run(model.ask(CALL))) == spent
    assert budget.total == spent


def meter(budget: Budget) -> Meter:
    return Meter(Answering(None), budget, KNOWN)


def test_a_limit_leaves_room_for_the_episodes_that_run() -> None:
    budget = Budget(Limits(max_tokens=5000), KNOWN, EACH, EACH, [EACH])
    assert budget.stop(running=3) is None
    assert budget.stop(running=4) == "--max-tokens 5000"


def test_what_a_running_episode_has_spent_is_part_of_what_it_is_expected_to_cost() -> None:
    budget = Budget(Limits(max_tokens=3000), KNOWN, EACH, Spent(), [])
    for running in (1, 2):
        budget.add(meter(budget), Spent(9, 800, 100))
        assert budget.stop(running) is None
    assert budget.stop(3) == "--max-tokens 3000"


def test_one_that_costs_more_than_the_mean_leaves_less_room() -> None:
    budget = Budget(Limits(max_tokens=3000), KNOWN, EACH, Spent(), [])
    budget.add(meter(budget), Spent(30, 2500, 0))
    assert budget.stop(running=1) == "--max-tokens 3000"


def test_the_mean_of_finished_episodes_replaces_the_estimate() -> None:
    budget = Budget(Limits(max_tokens=5000), KNOWN, EACH, Spent(), [])
    one = meter(budget)
    budget.add(one, Spent(10, 2500, 0))
    budget.finish(one, Spent(10, 2500, 0))
    assert budget.total == Spent(10, 2500, 0)
    assert budget.stop(running=0) is None
    assert budget.stop(running=1) == "--max-tokens 5000"


def test_an_episode_that_was_given_up_has_cost_what_it_has_and_counts_in_no_mean() -> None:
    budget = Budget(Limits(max_tokens=5000), KNOWN, EACH, Spent(), [])
    one = meter(budget)
    budget.add(one, Spent(10, 2500, 0))
    budget.finish(one, None)
    assert budget.stop(running=1) is None
    assert budget.stop(running=2) == "--max-tokens 5000"


def test_what_was_spent_counts_even_in_no_finished_episode() -> None:
    budget = Budget(Limits(max_dollars=0.01), KNOWN, EACH, Spent(1, 5000, 0), [])
    assert budget.stop(running=0) == "--max-dollars 0.01"
    with pytest.raises(InputError, match="no room for an episode"):
        budget.check()


def test_minutes_end_a_run() -> None:
    assert Budget(Limits(max_minutes=1e-9), KNOWN, EACH, Spent(), []).stop(0) == "--max-minutes 1e-09"
    assert Budget(Limits(max_minutes=5), KNOWN, EACH, Spent(), []).stop(0) is None


def test_dollars_cannot_be_limited_where_the_price_is_unknown() -> None:
    with pytest.raises(InputError, match="--max-dollars needs the model's price"):
        Budget(Limits(max_dollars=1), UNKNOWN, EACH, Spent(), [])


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_limits_are_positive(wrong: float) -> None:
    with pytest.raises(InputError, match="max_tokens"):
        Limits(max_tokens=wrong)
