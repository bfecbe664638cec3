"""What the environment does to the client: proxies, certificates and headers."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

import pytest

from compass.errors import InputError
from compass.models.client import Client
from compass.models.settings import ModelSettings
from tests.compass.models.asking import BRISK, KEY, always, ask, call
from tests.model_server import ModelServer

ELSEWHERE = ModelSettings("a-model", "http://model.test/v1")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """An environment without any proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        for spelt in (name, name.lower()):
            monkeypatch.delenv(spelt, raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "foo://sesame"),
        ("https_proxy", "http://[::sesame"),
        ("HTTP_PROXY", "http://sesame\u2603.test:1"),
        ("HTTP_PROXY", "http://sesame\udce9.test:1"),
        ("ALL_PROXY", "http://sesame:99999999"),
        ("SSL_CERT_FILE", "/nonexistent/sesame"),
        ("SSL_CERT_FILE", "/"),
        ("OPENAI_ORG_ID", "sesame\u00f6"),
        ("OPENAI_ORG_ID", "sesame\nb"),
        ("OPENAI_PROJECT_ID", " sesame"),
        ("OPENAI_CUSTOM_HEADERS", "a: b\nb: sesame\u00f6"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_and_its_value_is_not_told(monkeypatch, name, value):
    monkeypatch.setenv("NO_PROXY", "other.test")
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"^{name} ") as caught:
        Client(ELSEWHERE, KEY)
    assert "sesame" not in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.skipif(find_spec("socksio") is not None, reason="socksio is installed")
def test_a_proxy_of_socks_is_named_where_nothing_speaks_it(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(InputError, match=r"^ALL_PROXY names no proxy that can be used"):
        Client(ELSEWHERE, KEY)


def test_headers_that_can_be_sent_are_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "my-org")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-One: 1\nX-Two: 2\n")
    with ModelServer(always("kite")) as server:
        assert ask(server).text == "kite"
    headers = server.requests[0].headers
    assert (headers["openai-organization"], headers["x-one"], headers["x-two"]) == ("my-org", "1", "2")


def test_who_is_elsewhere_is_asked_through_the_proxy(monkeypatch):
    async def asked():
        async with Client(ELSEWHERE, KEY, BRISK) as model:
            await model.ask(call())

    with ModelServer(always("kite")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        with pytest.raises(InputError, match=r"no such path: http://model\.test/v1/chat/completions"):
            asyncio.run(asked())


def test_what_is_on_this_machine_is_asked_through_no_proxy(monkeypatch):
    with ModelServer(always("kite")) as proxy, ModelServer(always("hold")) as server:
        for name in ("HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.base_url.removesuffix("/v1"))
        assert ask(server).text == "hold"
        monkeypatch.setenv("HTTP_PROXY", "foo://bar")
        assert ask(server).text == "hold"
    assert not proxy.requests and len(server.requests) == 2
