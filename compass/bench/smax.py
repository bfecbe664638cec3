"""SMAX (JaxMARL) at its best: everything compiled by JAX, and nothing in the timed part that its users could do without.

Its battles have rules and units of their own; here units and positions are drawn as in SMACv2 and its scripted
enemy plays the other side. Finished battles begin anew inside the compiled step.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from compass.errors import InputError

INSTALL = "--against smax needs JaxMARL: pip install -c constraints.txt -e '.[smax]'"
Play = Callable[[], int]
_SCAN = 16  # environment steps in one compiled call of a batch


def load() -> tuple[Any, Any]:
    """JAX, and JaxMARL's module of SMAX.

    Raises:
        InputError: they are not installed.
    """
    try:
        with _stdout_kept_clean():
            import jax
            import jaxmarl.environments.smax as smax
    except ImportError:
        raise InputError(INSTALL) from None
    return jax, smax


@contextlib.contextmanager
def _stdout_kept_clean() -> Iterator[None]:
    """JaxMARL prints when it is imported, and even puts `sys.__stdout__` and `sys.__stderr__` in the place of what stood there."""
    system: Any = sys
    real = system.__stdout__
    system.__stdout__ = sys.stderr
    try:
        with contextlib.redirect_stdout(sys.stderr), contextlib.redirect_stderr(sys.stderr):
            yield
    finally:
        system.__stdout__ = real


class Smax:
    """SMAX's battle of `units` against as many, drawn as SMACv2 draws them (5, 10 or 20)."""

    def __init__(self, units: int) -> None:
        self._jax, smax = load()
        scenario = smax.map_name_to_scenario(f"smacv2_{units}_units")
        self._env = smax.HeuristicEnemySMAX(scenario=scenario)

    def _masks(self, state: Any) -> Any:
        available = self._env.get_avail_actions(state)
        return self._jax.numpy.stack([available[agent] for agent in self._env.agents])

    def _choose(self, key: Any, masks: Any) -> Any:
        """One of each agent's legal actions, all equally likely: int[A] from bool[A, n_actions]."""
        numpy = self._jax.numpy
        counted = numpy.cumsum(masks, axis=-1)
        picked = numpy.floor(self._jax.random.uniform(key, masks.shape[:1]) * counted[:, -1])
        return numpy.argmax(counted > picked[:, None], axis=-1)

    def _step(self, key: Any, state: Any, actions: Any) -> tuple[Any, Any]:
        """One step: the next state, and what it shows (observations, global state, reward, end, masks)."""
        named = {agent: actions[i] for i, agent in enumerate(self._env.agents)}
        obs, state, reward, done, _ = self._env.step(key, state, named)
        seen = self._jax.numpy.stack([obs[agent] for agent in self._env.agents])
        return state, (seen, obs["world_state"], reward[self._env.agents[0]], done["__all__"], self._masks(state))

    def single(self, steps: int) -> Play:
        """A function that plays `steps` steps of one battle after another, one call of a compiled step each, with actions chosen
        beforehand; it returns their number."""
        jax = self._jax
        step = jax.jit(self._next, donate_argnums=0)

        def begin() -> Any:
            key = jax.random.key(0)
            return key, self._env.reset(key)[1]

        choose = jax.jit(lambda carry: self._choose(carry[0], self._masks(carry[1])))
        carry, actions = begin(), []
        for _ in range(steps):
            actions.append(jax.device_get(choose(carry)))
            carry, _ = step(carry, actions[-1])

        def play() -> int:
            carry = begin()
            for chosen in actions:
                carry, shown = step(carry, chosen)
            jax.block_until_ready((carry, shown))
            return steps

        return play

    def _next(self, carry: Any, actions: Any) -> tuple[Any, Any]:
        key, state = carry
        key, drawn = self._jax.random.split(key)
        state, shown = self._step(drawn, state, actions)
        return (key, state), shown

    def batch(self, size: int) -> Play:
        """A function that plays some steps of `size` battles and returns their number. Steps and random legal choices are scanned
        in one compiled call, whose buffers are donated; JAX spreads it over the cores (two such calls at once are slower)."""
        jax = self._jax
        scan = jax.jit(partial(self._scan, size), donate_argnums=0)
        carry = self._begin(jax.random.key(0), size)

        def play() -> int:
            nonlocal carry
            carry = jax.block_until_ready(scan(carry))
            return _SCAN * size

        return play

    def _begin(self, key: Any, size: int) -> Any:
        jax = self._jax
        state = jax.jit(jax.vmap(self._env.reset))(jax.random.split(key, size))[1]
        masks = jax.jit(jax.vmap(self._masks))(state)
        keys = jax.random.split(key, size)
        shown = jax.eval_shape(jax.vmap(self._step), keys, state, jax.numpy.zeros(masks.shape[:2], int))[1]
        shown = jax.tree.map(lambda like: jax.numpy.zeros(like.shape, like.dtype), shown)
        return key, *self._typed((state, (*shown[:-1], masks)))

    def _scan(self, size: int, carry: Any) -> Any:
        return self._jax.lax.scan(partial(self._round, size), carry, None, _SCAN)[0]

    def _round(self, size: int, carry: Any, _: None) -> tuple[Any, None]:
        """One step of each battle. What it shows is carried along, so that the compiler must make it."""
        jax = self._jax
        key, state, shown = carry
        key, choice, drawn = jax.random.split(key, 3)
        actions = jax.vmap(self._choose)(jax.random.split(choice, size), shown[-1])
        state, shown = jax.vmap(self._step)(jax.random.split(drawn, size), state, actions)
        return (key, *self._typed((state, shown))), None

    def _typed(self, arrays: Any) -> Any:
        """The arrays with their types made definite: JAX's "weak" ones would make it compile the next call anew."""
        return self._jax.tree.map(lambda x: self._jax.lax.convert_element_type(x, x.dtype), arrays)
