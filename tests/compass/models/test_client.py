"""The client against a real server: what is sent, what comes back, and every fault on the way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

import pytest
from PIL import Image

from compass.bench.scripted_model import prompt_text
from compass.errors import InputError
from compass.models.base import Call, FaultKind, Turn
from compass.models.client import Client
from compass.models.completion import LONGEST_BODY
from compass.models.json_text import LONGEST
from compass.models.retries import Backoff
from compass.models.settings import HOSTED, ModelSettings
from tests.compass.models.asking import BRISK, KEY, always, ask, ask_all, body, call, client, in_turn, picture
from tests.model_server import MODEL, Behaviour, ModelServer, image_urls

DEEP = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def test_a_question_and_its_answer():
    with ModelServer(always('{"skill": "kite"}')) as server:
        reply = ask(server)
    (request,) = server.requests
    assert (reply.text, reply.model, reply.failures) == ('{"skill": "kite"}', MODEL, ())
    assert reply.prompt_tokens > 0 and reply.completion_tokens == 4 and reply.seconds > 0
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["model"] == "a-model"
    assert request.body["messages"] == [
        {"role": "system", "content": "You plan."},
        {"role": "user", "content": "Which skill?"},
    ]
    assert request.body["max_tokens"] == 64
    assert request.body["response_format"]["json_schema"] == {"name": "act", "strict": True, "schema": call().schema}


def test_pictures_are_sent_as_they_were_drawn():
    shown = (picture(1), picture(2, size=300))
    with ModelServer(always("kite")) as server:
        reply = ask(server, call(pictures=shown))
    urls, hashes = image_urls(server.requests[0].body), []
    for url, one in zip(urls, shown, strict=True):
        data = base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True)
        image = Image.open(io.BytesIO(data))
        assert image.size == (one.size, one.size) and data == one.png()
        hashes.append(hashlib.sha256(b"%d %d " % image.size + image.tobytes()).hexdigest())
    assert reply.pictures == tuple(hashes)
    assert prompt_text(server.requests[0].body) == "You plan.\nWhich skill?"


def test_small_pictures_are_sent_in_low_detail():
    with ModelServer(always("kite")) as server:
        ask(server, call(pictures=(picture(1, 512), picture(2, 513))))
    parts = server.requests[0].body["messages"][1]["content"][1:]
    assert [part["image_url"].get("detail") for part in parts] == ["low", None]


def test_more_pictures_than_are_remembered():
    with ModelServer(always("kite")) as server:
        asked = [call(pictures=tuple(picture(step) for step in range(at, at + 130))) for at in (0, 130, 0)]
        first, second, again = ask_all(server, *asked)
    assert first.pictures == again.pictures and len({*first.pictures, *second.pictures}) == 260


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        pytest.param(Behaviour(500, "broken"), FaultKind.SERVER, id="500"),
        pytest.param(
            Behaviour(500, b"\xff\x80", {"Content-Type": "text/plain; charset=undefined"}),
            FaultKind.SERVER,
            id="charset",
        ),
        pytest.param(Behaviour(502, DEEP), FaultKind.SERVER, id="deep 502"),
        pytest.param(Behaviour(429, {"error": {"message": "slow down"}}), FaultKind.RATE_LIMIT, id="429"),
        pytest.param(Behaviour(503, {}, {"Retry-After": "nan"}), FaultKind.SERVER, id="503 nan"),
        pytest.param(Behaviour(503, {}, {"Retry-After": "soon"}), FaultKind.SERVER, id="503 soon"),
        pytest.param(
            Behaviour(429, {}, {"Retry-After": "Mon, 01 Jan 99999999999999 00:00:00 GMT"}),
            FaultKind.RATE_LIMIT,
            id="429 in a far year",
        ),
        pytest.param(
            Behaviour(429, {}, {"Retry-After": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"}),
            FaultKind.RATE_LIMIT,
            id="429 in a far zone",
        ),
        pytest.param(Behaviour(reset=True), FaultKind.CONNECTION, id="reset"),
        pytest.param(Behaviour(body=body(), cut=40), FaultKind.CONNECTION, id="cut"),
        pytest.param(Behaviour(500, body(), cut=40), FaultKind.CONNECTION, id="500 cut"),
        pytest.param(Behaviour(raw=b""), FaultKind.CONNECTION, id="nothing"),
        pytest.param(Behaviour(raw=b"\x00\xffno http\r\n\r\n"), FaultKind.CONNECTION, id="no HTTP"),
        pytest.param(
            Behaviour(body=b"no gzip", headers={"Content-Encoding": "gzip"}), FaultKind.CONNECTION, id="no gzip"
        ),
        pytest.param(Behaviour(body="{no JSON"), FaultKind.PROTOCOL, id="no JSON"),
        pytest.param(Behaviour(body=""), FaultKind.PROTOCOL, id="no body"),
        pytest.param(Behaviour(204), FaultKind.PROTOCOL, id="204"),
        pytest.param(Behaviour(body="null"), FaultKind.PROTOCOL, id="null"),
        pytest.param(Behaviour(body="[]"), FaultKind.PROTOCOL, id="list"),
        pytest.param(Behaviour(body={}), FaultKind.PROTOCOL, id="no choices"),
        pytest.param(Behaviour(body={"choices": None}), FaultKind.PROTOCOL, id="choices null"),
        pytest.param(Behaviour(body={"choices": []}), FaultKind.PROTOCOL, id="choices empty"),
        pytest.param(Behaviour(body={"choices": "many"}), FaultKind.PROTOCOL, id="choices text"),
        pytest.param(Behaviour(body={"choices": [7]}), FaultKind.PROTOCOL, id="choice number"),
        pytest.param(Behaviour(body={"choices": [{"message": None}]}), FaultKind.PROTOCOL, id="message null"),
        pytest.param(
            Behaviour(body={"choices": [{"message": {"content": 7}}]}), FaultKind.PROTOCOL, id="content number"
        ),
        pytest.param(
            Behaviour(body={"error": {"message": "upstream failed"}}), FaultKind.PROTOCOL, id="error with 200"
        ),
        pytest.param(
            Behaviour(body=b'{"choices":[{"message":{"content":"\xff"}}]}'), FaultKind.PROTOCOL, id="invalid UTF-8"
        ),
        pytest.param(
            Behaviour(body=b'{"choices":[{"message":{"content":"\\ud800"}}]}'), FaultKind.PROTOCOL, id="surrogate"
        ),
        pytest.param(Behaviour(body=DEEP), FaultKind.PROTOCOL, id="deep"),
    ],
)
def test_what_may_pass_is_tried_again(behaviour, kind):
    with ModelServer(in_turn(behaviour, behaviour, "kite", *[behaviour] * 4)) as server:
        saved, lost = ask_all(server, call(), call())
    assert (saved.text, [failure.kind for failure in saved.failures]) == ("kite", [kind, kind])
    assert (lost.text, [failure.kind for failure in lost.failures]) == (None, [kind] * 4)
    assert all(failure.detail and failure.detail.isprintable() for failure in lost.failures)


@pytest.mark.parametrize(
    ("behaviour", "kind", "word"),
    [
        pytest.param(
            Behaviour(409, {"error": {"message": "in conflict"}}), FaultKind.REJECTED, "in conflict", id="409"
        ),
        pytest.param(Behaviour(413, {"error": "too much"}), FaultKind.REJECTED, "too much", id="413"),
        pytest.param(Behaviour(304), FaultKind.REJECTED, "304", id="304"),
        pytest.param(
            Behaviour(400, {"error": {"message": "maximum context length is 4096"}}),
            FaultKind.REJECTED,
            "context",
            id="long",
        ),
        pytest.param(Behaviour(body=body(None)), FaultKind.EMPTY, "finish_reason stop", id="content null"),
        pytest.param(Behaviour(body=body(" \n")), FaultKind.EMPTY, "no text", id="blank"),
        pytest.param(
            Behaviour(body=body(None, refusal="I do not fight")), FaultKind.EMPTY, "I do not fight", id="refusal"
        ),
        pytest.param(
            Behaviour(body=body("", "length", reasoning_content="Hm")), FaultKind.EMPTY, "reasoning", id="reasoning"
        ),
        pytest.param(Behaviour(body=body(None, tool_calls=[{"id": 1}])), FaultKind.EMPTY, "tool", id="tool"),
        pytest.param("x" * 1_000_000, FaultKind.TOO_LONG, "1000000", id="1 MB"),
        pytest.param(Behaviour(body=b" " * 50_000_000), FaultKind.TOO_LONG, str(LONGEST_BODY), id="50 MB"),
    ],
)
def test_what_cannot_pass_is_told_at_once(behaviour, kind, word):
    with ModelServer(always(behaviour)) as server:
        reply = ask(server)
    assert reply.text is None and len(server.requests) == 1
    ((found, detail),) = reply.failures
    assert found is kind and word in detail and len(detail) <= 300


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_no_redirection_is_followed(status):
    with ModelServer(always("kite")) as other:
        there = other.base_url.replace("127.0.0.1", f"me:{quote(KEY, safe='')}@localhost") + f"?key={KEY}"
        with ModelServer(always(Behaviour(status, b"x" * 50_000_000, {"Location": there}))) as server:
            ((kind, detail),) = ask(server, call(pictures=(picture(),))).failures
    assert kind is FaultKind.REJECTED and f"{status}: the server sends its callers on to http://localhost;" in detail
    assert "--base-url" in detail and KEY not in detail and "me:" not in detail
    assert len(server.requests) == 1 and not other.requests


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("/v1/chat/completions", "another path"),
        ("", "another path"),
        ("//elsewhere.test/v1", "elsewhere.test"),
        ("https://elsewhere.test:999999/v1", "https://elsewhere.test"),
        ("http://[::1", "an address that is none"),
        (f"http://{KEY.partition('/')[0]}.test", "http://sk-test.test"),
        ("http://" + "a" * 9000, "http://aaa"),
    ],
)
def test_wherever_a_redirection_leads_one_line_says_it(location, place):
    with ModelServer(always(Behaviour(307, "", {"Location": location}))) as server:
        ((kind, detail),) = ask(server).failures
    assert kind is FaultKind.REJECTED and f"on to {place}" in detail and len(server.requests) == 1


def test_a_redirection_to_an_address_with_the_key_does_not_tell_it():
    with ModelServer(always(Behaviour(307, "", {"Location": "http://sk-0123456789.test/"}))) as server:
        ((_, detail),) = ask(server, key="sk-0123456789").failures
    assert "http://[key].test" in detail


def test_an_answer_that_cannot_be_used_is_still_counted():
    with ModelServer(always("x" * (LONGEST + 4))) as server:
        reply = ask(server)
    assert (reply.text, reply.model, reply.completion_tokens) == (None, MODEL, LONGEST // 4 + 1)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {},
        {"prompt_tokens": "7", "completion_tokens": -1},
        {"prompt_tokens": True, "completion_tokens": False},
        {"prompt_tokens": 0, "completion_tokens": 1e3},
        {"prompt_tokens": 10**8 + 1, "completion_tokens": 2**63},
    ],
)
def test_tokens_that_are_not_told_are_none(usage):
    with ModelServer(always(Behaviour(body=body() | {"usage": usage, "model": None}))) as server:
        reply = ask(server)
    assert (reply.text, reply.model, reply.prompt_tokens, reply.completion_tokens) == ("kite", "", None, None)


def test_tokens_that_can_be_believed_are_counted():
    for counts in ((1, 0), (10**8, 10**8)):
        usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1]}
        with ModelServer(always(Behaviour(body=body() | {"usage": usage}))) as server:
            reply = ask(server)
        assert (reply.prompt_tokens, reply.completion_tokens) == counts


def test_text_in_parts_and_text_cut_short_are_answers():
    parts = [{"type": "text", "text": "ki"}, {"type": "other"}, {"type": "text", "text": "te"}]
    with ModelServer(in_turn(Behaviour(body=body(parts)), Behaviour(body=body('{"skill": "ki', "length")))) as server:
        assert [reply.text for reply in ask_all(server, call(), call())] == ["kite", '{"skill": "ki']


def test_a_server_that_hangs_and_one_that_drips():
    drip = Behaviour(body=body(), cut=20, hang_after=True)
    for behaviour in (Behaviour(hang=True), drip):
        with ModelServer(in_turn(behaviour, "kite")) as server:
            reply = ask(server, timeout=0.3)
        assert (reply.text, [failure.kind for failure in reply.failures]) == ("kite", [FaultKind.TIMEOUT])
        assert 0.3 <= reply.seconds < 5.0


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(401, {"error": {"message": f"wrong key {KEY}"}}), "OPENAI_API_KEY is wrong"),
        (Behaviour(403, f"secret page for {KEY}"), "(403)"),
        (Behaviour(404, {"error": {"message": f"no such model, {KEY}"}}), "knows no model a-model"),
        (Behaviour(429, {"error": {"message": "pay", "code": "insufficient_quota"}}), "no quota left"),
    ],
)
def test_where_no_call_can_succeed_the_user_is_told(behaviour, words):
    with ModelServer(always(behaviour)) as server, pytest.raises(InputError) as caught:
        ask(server)
    message = str(caught.value)
    assert words in message and KEY not in message and "secret page" not in message and len(server.requests) == 1
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_the_server_says_when_to_come_again():
    def answer(request):
        if len(server.requests) % 2 == 0:
            return "kite"
        date = format_datetime(
            datetime.now(UTC) + timedelta(seconds=1.5), usegmt=True
        )  # to the second, half a one left at least
        return Behaviour(429, {}, {"Retry-After": "0.4" if len(server.requests) == 1 else date})

    with ModelServer(answer) as server:
        ask_all(server, call(), call(), backoff=Backoff(first=0.001))
    times = [request.at for request in server.requests]
    assert all(0.35 <= again - before < 4.0 for before, again in zip(times[::2], times[1::2], strict=True))


def test_no_server_makes_the_client_wait_for_ever():
    with ModelServer(in_turn(Behaviour(503, {}, {"Retry-After": "1e9"}), "kite")) as server:
        assert ask(server).text == "kite"
    assert server.requests[1].at - server.requests[0].at < 5.0


def test_waits_grow_and_differ():
    waits = [Backoff().wait(failed, None) for failed in (1, 2, 3) for _ in range(20)]
    assert all(0.375 <= wait <= 0.625 for wait in waits[:20]) and all(1.5 <= wait <= 2.5 for wait in waits[40:])
    assert len(set(waits)) > 50
    assert Backoff().wait(1, 61.0) == 60.0 and Backoff().wait(1, 0.0) == 0.0


def test_no_more_calls_are_in_flight_than_asked_for():
    with ModelServer(always(Behaviour(body=body(), delay=0.05))) as server:

        async def asked():
            async with client(server, concurrency=3) as model:
                return await asyncio.gather(*[model.ask(call()) for _ in range(12)])

        assert all(reply.text == "kite" for reply in asyncio.run(asked()))
    assert server.most_at_once == 3


def test_as_many_calls_are_in_flight_as_asked_for():
    with ModelServer(always(Behaviour(body=body(), delay=0.5))) as server:

        async def asked():
            async with client(server, concurrency=120) as model:
                await asyncio.gather(*[model.ask(call()) for _ in range(120)])

        asyncio.run(asked())
    assert server.most_at_once > 60  # the rest may come late on a busy machine


def test_requests_begin_evenly_spaced():
    with ModelServer(always("kite")) as server:

        async def asked():
            async with client(server, requests_per_minute=1200) as model:
                await asyncio.gather(*[model.ask(call()) for _ in range(8)])

        asyncio.run(asked())
    times = [request.at for request in server.requests]
    assert times[-1] - times[0] >= 7 * 0.05 - 0.03


def test_one_who_waits_holds_up_nobody():
    def answer(request):
        return Behaviour(503, {}, {"Retry-After": "30"}) if prompt_text(request).endswith("slow") else "kite"

    with ModelServer(answer) as server:

        async def asked():
            async with client(server, concurrency=1, backoff=Backoff()) as model:
                slow = asyncio.create_task(model.ask(call("slow")))
                while not server.requests:
                    await asyncio.sleep(0.01)
                replies = [await model.ask(call()) for _ in range(5)]
                assert not slow.done()
                slow.cancel()
                return replies

        began = time.monotonic()
        assert [reply.text for reply in asyncio.run(asked())] == ["kite"] * 5
        assert time.monotonic() - began < 15


ECHOES = {
    "as it is": KEY,
    "percent": quote(KEY, safe=""),
    "upper case": KEY.upper(),
    "JSON": KEY.replace('"', '\\"'),
    "JSON of PHP": KEY.replace('"', '\\"').replace("/", "\\/"),
    "HTML": KEY.replace('"', "&quot;").replace("/", "&#x2F;").replace("+", "&#43;"),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_the_key_never_comes_back(echo, caplog):
    caplog.set_level(logging.DEBUG)
    told = {"error": {"message": f"bad header: {' ' * 200}{echo * 20}"}}
    answers = (
        f"Your key is {echo}.",
        Behaviour(body=body(None, refusal=echo)),
        Behaviour(body=body() | {"model": echo}),
        Behaviour(409, told),
        Behaviour(409, f"<html>{echo}</html>"),
        *[Behaviour(500, told)] * 4,
        *[Behaviour(body=told)] * 4,
        *[Behaviour(raw=f"HTTP/1.1 {echo} no\r\n\r\n".encode())] * 4,
    )
    with ModelServer(in_turn(*answers)) as server:
        replies = ask_all(server, *[call()] * 8)
        model = client(server)
        texts = [*map(repr, replies), repr(model), repr(vars(model)), repr(model.settings), caplog.text]
        server.answer = always(Behaviour(404, told))
        with pytest.raises(InputError) as caught:
            ask(server)
    assert replies[0].text == "Your key is [key]."
    for text in (*texts, str(caught.value), *(failure.detail for reply in replies for failure in reply.failures)):
        assert echo not in text and KEY not in text and repr(KEY)[1:-1] not in text
    assert sum("[key]" in repr(reply) for reply in replies) == 8


def test_words_in_the_place_of_a_key_stay_in_answers():
    with ModelServer(always("The map is EMPTY.")) as server:
        assert ask(server, key="EMPTY").text == "The map is EMPTY."
        assert ask(server, key=None).text == "The map is EMPTY."


def test_a_short_key_is_a_key():
    with ModelServer(in_turn("Your key is hunter2.", "One token of x.")) as server:
        assert ask(server, key="hunter2").text == "Your key is [key]."
        assert ask(server, key="x").text == "One token of x."


@pytest.mark.parametrize(
    ("model", "url"), [("sk-a&b-0123", "/v1"), ("a-model", "/sk-a&b-0123/v1"), ("a-model", "/sk-a%26b-0123")]
)
def test_a_key_in_the_settings_is_refused_and_not_quoted(model, url):
    with pytest.raises(InputError, match=r"(--model|--base-url) holds the key that OPENAI_API_KEY holds") as caught:
        Client(ModelSettings(model, "http://127.0.0.1:9" + url), "sk-a&b-0123")
    assert "0123" not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "café-0123456", "line\nbreak-0123", "back\\slash-01"])
def test_a_key_that_no_header_holds_is_refused_and_not_quoted(key):
    with pytest.raises(InputError, match="OPENAI_API_KEY") as caught:
        Client(ModelSettings("a-model", "http://127.0.0.1:9/v1"), key)
    assert key not in str(caught.value)


def test_the_hosted_api_needs_a_key():
    with pytest.raises(InputError, match="set OPENAI_API_KEY"):
        Client(ModelSettings("a-model", HOSTED), None)


def test_the_check_learns_the_dialect_or_says_what_is_wrong():
    async def checked(settings):
        async with Client(settings, KEY, BRISK) as model:
            await model.check()
            return model.dialect

    def answer(request):
        return Behaviour(400, {"error": {"message": "response_format?"}}) if "response_format" in request else "ready"

    with ModelServer(answer) as server:
        settings = ModelSettings("a-model", server.base_url)
        assert asyncio.run(checked(settings)).answer_format == "none"
        for behaviour in (Behaviour(500, "down"), Behaviour(429, "busy"), Behaviour(409, "no"), Behaviour(body="{}")):
            server.answer = always(behaviour)
            with pytest.raises(InputError, match=f"no answer from a-model at {server.base_url}"):
                asyncio.run(checked(settings))
        server.answer = always(Behaviour(body=body("", "length", reasoning_content="Hm")))
        asyncio.run(checked(settings))
        server.answer = always(Behaviour(429, "busy"))
        with pytest.raises(
            InputError, match="429: busy; see whether the account has quota left, or give --requests-per"
        ):
            asyncio.run(checked(settings))
    with pytest.raises(InputError, match=r"the connection failed.*; try compass doctor"):
        asyncio.run(checked(settings))


def test_a_call_that_is_cancelled_frees_its_slot():
    with ModelServer(in_turn(Behaviour(hang=True), "kite")) as server:

        async def asked():
            async with client(server, concurrency=1) as model:
                first = asyncio.create_task(model.ask(call()))
                while not server.requests:
                    await asyncio.sleep(0.01)
                first.cancel()
                return await model.ask(call())

        assert asyncio.run(asked()).text == "kite"


def test_a_turn_of_every_role_reaches_the_server():
    turns = (Turn("system", "a"), Turn("user", "b"), Turn("assistant", "c"), Turn("user", "d\u2028é"))
    with ModelServer(always("kite")) as server:
        ask(server, Call("repair", turns, {}, 10))
    assert [(each["role"], each["content"]) for each in server.requests[0].body["messages"]] == [
        (turn.role, turn.text) for turn in turns
    ]
