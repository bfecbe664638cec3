"""The key's disguises, and texts made to keep a redactor busy."""

from __future__ import annotations

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
    ],
)
def test_every_form_is_found(form):
    assert Redactor(KEY)(f"<{form}> and <{form}>") == "<[key]> and <[key]>"


def test_other_texts_stay_as_they_are():
    for text in (KEY[:-1], KEY[1:], "", "kite", "sk-a b"):
        assert Redactor(KEY)(text) == text
    assert Redactor(None)("None") == "None" and Redactor("none")("none") == "none"


def test_texts_of_nothing_but_escapes_take_no_time():
    redact = Redactor("sk-" + '%"u' * 20)
    for text in ("\\" * 100_000, "%5c" * 50_000, "\\u005c" * 20_000, "sk-" * 30_000, "%25" * 30_000, '%"u' * 30_000):
        redact(text)


def test_a_line_is_short_and_printable():
    redact = Redactor(KEY)
    line = redact.line(f"a\n\x1b[31m\x00b {KEY} \u2028" + "c" * 1000)
    assert line.startswith("a [31m b [key] ccc") and line.endswith("...") and len(line) == 300 and line.isprintable()
    assert redact.line(" " * 50_000 + KEY) == "..."


def test_logs_hold_no_key_while_a_client_is_open(caplog):
    caplog.set_level(logging.DEBUG)
    log, redact = logging.getLogger("httpx2.test"), Redactor(KEY)
    with redact.logs():
        log.info("status %s", KEY)
        log.debug("%r", [KEY])
    log.info("status %s", "200")
    assert KEY not in caplog.text and repr(KEY)[1:-1] not in caplog.text
    assert caplog.messages == ["status [key]", "['[key]']", "status 200"]
