"""What tokens cost: a dated file of prices, and how many tokens a call will be before a server has counted them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from compass.errors import InputError
from compass.models.base import Call
from compass.models.images import LOW_DETAIL

SHIPPED = Path(__file__).with_name("prices.yaml")
_CHARACTERS = 4  # of English text and JSON in a token, roughly
_TURN = 4  # tokens that a message adds by itself
_TILE, _PATCH = 512, 32  # pixels
_PATCH_TOKENS = 1.31  # of models that are not in the file: Qwen2-VL's squares of 28 pixels, counted in ours
_MOST = 1e9  # of any number in the file
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


@dataclass(frozen=True)
class Price:
    """Dollars per million tokens of the prompt (`input`) and of the answer (`output`), as of a day."""

    input: float
    output: float
    as_of: str

    def dollars(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (self.input * prompt_tokens + self.output * completion_tokens) / 1e6


@dataclass(frozen=True)
class Tariff:
    """What is known of one model beforehand: its price, None where it is not known, and the tokens of its pictures."""

    price: Price | None
    base: float = 0.0
    tile: float = 0.0
    patch: float = _PATCH_TOKENS

    def tokens(self, call: Call) -> int:
        """Tokens of a call's prompt, estimated."""
        texts = sum(len(turn.text) / _CHARACTERS + _TURN for turn in call.turns)
        return round(texts + sum(self.picture(each.size) for turn in call.turns for each in turn.pictures))

    def picture(self, size: int) -> float:
        """Tokens of a picture `size` pixels square, estimated; one sent in low detail has no tiles."""
        tiles = ceil(size / _TILE) ** 2 if size > LOW_DETAIL else 0
        return self.base + self.tile * tiles + self.patch * ceil(size / _PATCH) ** 2


def text_tokens(text: str) -> int:
    """Tokens of a text, estimated."""
    return ceil(len(text) / _CHARACTERS)


def tariff_of(model: str, path: Path | None = None) -> Tariff:
    """What the file (None: the shipped one) says of a model; one dated in its name is also found under the name without the date.

    Raises:
        InputError: the file is missing or no file of prices.
    """
    path = path or SHIPPED
    try:
        content = yaml.safe_load(path.read_bytes())
        models, as_of = content["models"], content["as_of"]
        entry = models.get(model) or models.get(_DATED.sub("", model))
        if not isinstance(as_of, date):
            raise TypeError("as_of is no date (YYYY-MM-DD)")
        return _tariff(entry, as_of) if entry else Tariff(None)
    except OSError as error:
        raise InputError(f"cannot read the prices {path}: {error.strerror}") from None
    except RecursionError:
        raise InputError(f"{path} is no file of prices (nested too deep); {SHIPPED} shows the form") from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise InputError(f"{path} is no file of prices ({reason}); {SHIPPED} shows the form") from None


def _tariff(entry: Mapping[str, Any], as_of: date) -> Tariff:
    price = Price(_amount(entry, "input"), _amount(entry, "output"), as_of.isoformat())
    picture = entry.get("picture")
    if picture is None:
        return Tariff(price)
    base, tile, patch = (_amount(picture, name) if name in picture else 0.0 for name in ("base", "tile", "patch"))
    return Tariff(price, base, tile, patch)


def _amount(entry: Mapping[str, Any], name: str) -> float:
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        raise ValueError(f"{name} is {_shown(value)}, not a number from 0 to {_MOST:g}")
    return float(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
