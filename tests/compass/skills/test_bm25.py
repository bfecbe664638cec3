"""How well texts fit a query, by the words they share."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.skills.bm25 import K1, B, Bm25, words_of

WORDS = st.lists(st.sampled_from(["kite", "engage", "flee", "heal", "a", "the", "zealot", "zealots"]), max_size=8).map(
    " ".join
)


def test_words_are_small_and_singular():
    assert words_of("Kite the ZEALOTS, area_of-effect; enemies' bosses: 4x") == (
        *("kite", "the", "zealot", "area", "of", "effect", "enemy", "bosse", "4x"),
    )
    assert words_of(" ...!") == ()


def test_the_score_is_that_of_the_formula():
    scores = Bm25(["kite kite zealot", "zealot", "heal"]).scores("kite zealot")
    mean = 5 / 3
    rare, common = log(1 + (3 - 1 + 0.5) / 1.5), log(1 + (3 - 2 + 0.5) / 2.5)
    first = rare * 2 / (2 + K1 * (1 - B + B * 3 / mean)) + common * 1 / (1 + K1 * (1 - B + B * 3 / mean))
    second = common * 1 / (1 + K1 * (1 - B + B * 1 / mean))
    assert scores == pytest.approx([first, second, 0.0], abs=1e-5)


@given(st.lists(WORDS, max_size=6), WORDS)
def test_only_texts_with_a_word_of_the_query_score(texts, query):
    scores = Bm25(texts).scores(query)
    assert len(scores) == len(texts)
    for text, score in zip(texts, scores, strict=True):
        assert (score > 0) == bool(set(words_of(text)) & set(words_of(query)))
