"""How well short texts fit a query: BM25 (Robertson et al. 1994) as Lucene counts it, over words.

A few dozen lines, because the package for it loads JAX wherever that is installed, in every process, worker processes included.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

K1, B = 1.5, 0.75
"""How soon a word that comes again counts for less, and how much of a text's length is held against it."""
_WORD = re.compile(r"[^\W_]+")
_DIGITS = 6  # of a logarithm, which differs in the last place between processors


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, without the s of a plural."""
    return tuple(_singular(word) for word in _WORD.findall(text.casefold()))


class Bm25:
    """An index over texts, which answers with one score a text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter(words_of(text)) for text in texts]
        lengths = [counts.total() for counts in self._counts]
        mean = sum(lengths) / len(lengths) if any(lengths) else 1.0
        self._norms = [K1 * (1.0 - B + B * length / mean) for length in lengths]
        self._holding = Counter(word for counts in self._counts for word in counts)

    def scores(self, query: str) -> list[float]:
        """How well each text fits, 0.0 for one that has no word of the query."""
        weights = {word: self._weight(word) for word in words_of(query) if word in self._holding}
        return [
            sum(weight * counts[word] / (counts[word] + norm) for word, weight in weights.items() if word in counts)
            for counts, norm in zip(self._counts, self._norms, strict=True)
        ]

    def _weight(self, word: str) -> float:
        """More for a word that few texts have."""
        holding = self._holding[word]
        return round(log(1.0 + (len(self._counts) - holding + 0.5) / (holding + 0.5)), _DIGITS)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
