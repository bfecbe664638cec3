"""The key's disguises, and texts made to keep a redactor busy."""

from __future__ import annotations

import html
import json
import logging
from urllib.parse import quote

import pytest

from compass.models.redact import Redactor

KEY = 'sk-a/b+c"d-e%f'


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe="").lower(),
        json.dumps(KEY)[1:-1],
        json.dumps(json.dumps(KEY))[3:-3],
        json.dumps(repr(KEY.encode()))[3:-2],
        "".join(f"\\u{ord(sign):04x}" for sign in KEY),
        KEY.upper(),
        html.escape(KEY),
        html.escape(html.escape(KEY)),
        "".join(f"&#{ord(sign):04};" for sign in KEY),
        "".join(f"&#X{ord(sign):X};" for sign in KEY),
    ],
)
def test_every_form_is_found(form):
    assert Redactor(KEY)(f"<{form}> and <{form}>") == "<[key]> and <[key]>"


def test_other_texts_stay_as_they_are():
    for text in (KEY[:-1], KEY[1:], "", "kite", "sk-a b"):
        assert Redactor(KEY)(text) == text
    assert Redactor(None)("None") == "None"


@pytest.mark.parametrize("word", ["none", "EMPTY", "Ollama", "dummy", "test", "lm-studio", "sk-no-key-required", "abc"])
def test_words_in_the_place_of_a_key_are_none(word):
    assert Redactor(word)(f"<{word}>") == f"<{word}>"


@pytest.mark.parametrize("key", ["abcd", "hunter2", "nonesuch"])
def test_other_short_words_are_keys(key):
    assert Redactor(key)(f"<{key}>") == "<[key]>"


def test_texts_of_nothing_but_escapes_take_no_time():
    redact = Redactor("sk-" + '%"u' * 20)
    for text in ("\\" * 100_000, "%5c" * 50_000, "\\u005c" * 20_000, "sk-" * 30_000, "%25" * 30_000, '%"u' * 30_000):
        redact(text)


def test_a_line_is_short_and_printable():
    redact = Redactor(KEY)
    line = redact.line(f"a\n\x1b[31m\x00b {KEY} \u2028" + "c" * 1000)
    assert line.startswith("a [31m b [key] ccc") and line.endswith("...") and len(line) == 300 and line.isprintable()
    assert redact.line(" " * 50_000 + KEY) == "..."


@pytest.mark.parametrize("form", [KEY, json.dumps(json.dumps(KEY))[3:-3], html.escape(KEY), KEY * 3])
def test_no_half_key_stays_where_a_long_text_is_cut(form):
    redact = Redactor(KEY)
    for before in range(200, 330):
        line = redact.line(" " * before + form + "!" * 1_000_000, most=40)
        assert line.replace("[key]", "").strip("!.") == "" and ("[key]" in line or before + len(form) > 320)


def test_logs_hold_no_key_while_a_client_is_open(caplog):
    caplog.set_level(logging.DEBUG)
    log, redact = logging.getLogger("httpx2.test"), Redactor(KEY)
    with redact.logs():
        log.info("status %s", KEY)
        log.debug("%r", [KEY])
    log.info("status %s", "200")
    assert KEY not in caplog.text and repr(KEY)[1:-1] not in caplog.text
    assert caplog.messages == ["status [key]", "['[key]']", "status 200"]
