"""COMPASS beside SMAX. What needs JaxMARL is run where it is installed (the extra `smax`)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from compass.bench import against
from compass.bench.smax import Smax
from compass.errors import InputError


def test_without_jaxmarl_one_line_tells_how_to_get_it(compass, monkeypatch):
    monkeypatch.setitem(sys.modules, "jaxmarl.environments.smax", None)
    ran = compass("bench", "--against", "smax")
    assert ran.code == 2 and ".[smax]" in ran.err and len(ran.err.splitlines()) == 1
    with pytest.raises(InputError, match="JaxMARL"):
        Smax(5)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--against", "smac"], "smax"), (["env_5v5_single", "--against", "smax"], "env_5v5_single")],
)
def test_what_cannot_be_measured_is_refused(compass, words, message):
    ran = compass("bench", *words)
    assert ran.code == 2 and message in ran.err and len(ran.err.splitlines()) == 1


def test_a_rate_is_steps_over_time(monkeypatch):
    clock = iter([0.0, 2.0, 4.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert against.steps_per_second(lambda: 10, 3.0) == 5.0


def test_the_fastest_is_chosen_by_its_best_try():
    slow, fast = ("slow", lambda: 1), ("fast", lambda: 1000)
    assert against._fastest([slow, fast], 0.001)[0] == "fast"


def test_both_are_measured_side_by_side(monkeypatch):
    pytest.importorskip("jaxmarl")
    monkeypatch.setattr(against, "BATCHES", (4,))
    monkeypatch.setattr(against, "SMAX_BATCHES", (2,))
    single, batch = against.compare((5,), 0.01)
    assert (single.name, batch.name) == ("5v5_single", "5v5_batch")
    assert batch.compass_how.startswith("batch 4") and batch.smax_how == "batch 2"
    for cell in (single, batch):
        assert 0 < cell.ratio_low <= cell.ratio <= cell.ratio_high
        assert cell.compass > 0 and cell.smax > 0


def test_pairs_are_printed_for_people_and_for_programs(compass, monkeypatch):
    pair = against.Pair("5v5_single", 1200.0, "single", 100.0, "single", 12.0, 11.0, 13.5)
    monkeypatch.setattr(against, "compare", lambda sides, seconds: iter([pair]))
    assert json.loads(compass("bench", "--against", "smax", "--json").out)["cells"] == [asdict(pair)]
    assert "11.0 to 13.5" in compass("bench", "--against", "smax").out


def test_jaxmarl_prints_nothing_on_stdout():
    pytest.importorskip("jaxmarl")
    script = "from compass.bench.smax import load; load(); print('{}')"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "{}\n"


def test_smax_plays_legally_and_begins_anew():
    pytest.importorskip("jaxmarl")
    smax = Smax(5)
    jax = smax._jax
    carry = smax._begin(jax.random.key(3), 6)
    step = jax.jit(lambda carry: smax._round(6, carry, None)[0])
    choose = jax.jit(jax.vmap(smax._choose))
    ended = 0
    for round_ in range(110):  # its battles last 100 steps at most
        masks = jax.device_get(carry[2][-1])
        chosen = jax.device_get(choose(jax.random.split(jax.random.key(round_), 6), masks))
        assert masks[[[b] for b in range(6)], range(5), chosen].all()
        carry = step(carry)
        ended += int(carry[2][3].sum())
    assert ended >= 6 and carry[1].state.step.max() < 100
