"""What settings are refused, without quoting what may be secret; and what the environment gives."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from compass.errors import InputError
from compass.models.settings import HOSTED, ModelSettings, default_base_url, key_from_environment

GOOD = ModelSettings("a-model", "http://localhost:8000/v1")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"model": " "}, "--model"),
        ({"base_url": ""}, "--base-url"),
        ({"base_url": "localhost:8000/v1"}, "--base-url"),
        ({"base_url": "ftp://localhost/v1"}, "--base-url"),
        ({"base_url": "http:///v1"}, "--base-url"),
        ({"base_url": "http://[::1/v1"}, "--base-url"),
        ({"base_url": "http://localhost:port/v1"}, "--base-url"),
        ({"base_url": "http://localhost/v 1"}, "--base-url"),
        ({"timeout": 0.0}, "--timeout"),
        ({"timeout": float("nan")}, "--timeout"),
        ({"concurrency": 0}, "--concurrency"),
        ({"concurrency": 1001}, "--concurrency"),
        ({"base_url": "http://\u2603/v1"}, "--base-url"),
        ({"base_url": "http://a\u00adb/v1"}, "--base-url"),
        ({"base_url": "http://a\udce9b/v1"}, "--base-url"),
        ({"base_url": "http://localhost/\udce9"}, "--base-url"),
        ({"base_url": "http://localhost/v1/chat/completions"}, "ends in /chat/completions: leave that off"),
        ({"base_url": "http://localhost/v1/chat/completions/"}, "leave that off"),
        (
            {"base_url": "https://me.azure.test/openai/deployments/x?api-version=2024"},
            "/openai/v1, which needs no query",
        ),
        ({"requests_per_minute": 0.0}, "--requests-per-minute"),
        ({"requests_per_minute": 5e-324}, "--requests-per-minute 5e-324: give 0.1 or more"),
        ({"requests_per_minute": 0.099}, "--requests-per-minute"),
        ({"requests_per_minute": float("inf")}, "--requests-per-minute"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, word):
    with pytest.raises(InputError, match=word) as caught:
        dataclasses.replace(GOOD, **change)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "url",
    ["https://me:sesame@host/v1", "https://sesame@host/v1", "https://host/v1?key=sesame", "https://host/v1#sesame"],
)
def test_secrets_in_an_address_are_refused_and_not_quoted(url):
    with pytest.raises(InputError, match="OPENAI_API_KEY only") as caught:
        ModelSettings("a-model", url)
    assert "sesame" not in str(caught.value)


def test_the_environment_gives_key_and_address(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " sk-0123456789\n")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert (key_from_environment(), default_base_url()) == ("sk-0123456789", "http://localhost:8000/v1")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "")
    assert (key_from_environment(), default_base_url()) == (None, HOSTED)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name)
    assert (key_from_environment(), default_base_url()) == (None, HOSTED)


def test_who_is_hosted():
    assert ModelSettings("a-model", HOSTED + "/").hosted and not GOOD.hosted


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.1", "[::1]", "0.0.0.0"]
)
def test_who_is_on_this_machine(host):
    assert ModelSettings("a-model", f"http://{host}:8000/v1").loopback


@pytest.mark.parametrize("host", ["api.openai.com", "mylocalhost", "localhost.test", "10.0.0.1", "[2001:db8::1]"])
def test_who_is_not(host):
    assert not ModelSettings("a-model", f"http://{host}/v1").loopback


def test_the_sdk_is_loaded_only_by_those_who_ask():
    code = "import sys, compass.cli.main, compass.models, compass.models.settings; print({'openai', 'httpx2'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
