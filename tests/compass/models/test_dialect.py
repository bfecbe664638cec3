"""How the client learns what a server accepts."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from compass.models.base import FaultKind
from compass.models.dialect import Dialect, is_strict
from tests.compass.models.asking import SCHEMA, always, ask, ask_all, body, call, client, in_turn, picture
from tests.model_server import Behaviour, ModelServer


def format_of(request):
    """The kind of answer a request demands."""
    return request.get("response_format", {"type": "none"})["type"]


def server_that_accepts(formats, limit="max_tokens", status=400, words=True):
    """A server for these response formats and this token limit; with `words` it says what it does not like."""

    def answer(request):
        if format_of(request) not in formats:
            message = f"{format_of(request)} is not supported as response_format" if words else "Bad Request"
            return Behaviour(status, {"error": {"message": message}})
        if limit not in request:
            message = f"Unsupported parameter: 'max_tokens'. Use '{limit}'." if words else "Bad Request"
            return Behaviour(status, {"error": {"message": message}})
        return "kite"

    return ModelServer(answer)


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("status", [400, 422, 501])
@pytest.mark.parametrize("formats", [("json_schema",), ("json_object", "none"), ("none",)])
def test_the_format_steps_down_once_and_is_remembered(formats, status, words):
    with server_that_accepts(formats, status=status, words=words) as server:
        replies = ask_all(server, call(), call())
    assert [(reply.text, reply.failures) for reply in replies] == [("kite", ())] * 2
    asked = [format_of(request.body) for request in server.requests]
    order = ["json_schema", "json_object", "none"]
    assert asked == [*order[: order.index(formats[0]) + 1], formats[0]]


@pytest.mark.parametrize(("words", "kept"), [(True, "json_schema"), (False, "none")])
def test_the_token_limit_finds_its_name(words, kept):
    with server_that_accepts(("json_schema", "json_object", "none"), "max_completion_tokens", words=words) as server:
        replies = ask_all(server, call(), call())
    assert [reply.text for reply in replies] == ["kite"] * 2
    last = server.requests[-1].body
    assert last["max_completion_tokens"] == 64 and "max_tokens" not in last and format_of(last) == kept


def test_calls_that_learn_together_do_not_disturb_each_other():
    with server_that_accepts(("none",)) as server:

        async def asked():
            async with client(server) as model:
                return await asyncio.gather(*[model.ask(call()) for _ in range(20)]), model.dialect

        replies, dialect = asyncio.run(asked())
    assert all(reply.text == "kite" and not reply.failures for reply in replies)
    assert dialect == Dialect("none", "max_tokens")


def refusing(*refused):
    """A server that refuses these requests for their response_format, counted from one."""
    asked = []

    def answer(request):
        asked.append(request)
        return Behaviour(400, {"error": {"message": "json_schema?"}}) if len(asked) in refused else "kite"

    return ModelServer(answer)


def test_a_known_dialect_survives_a_whim_which_is_told():
    with refusing(2, 5) as server:
        replies = ask_all(server, *[call()] * 4)
    assert [reply.text for reply in replies] == ["kite"] * 4
    failures = [[tuple(failure) for failure in reply.failures] for reply in replies]
    assert failures == [
        [],
        [(FaultKind.REJECTED, "400: json_schema?")],
        [],
        [(FaultKind.REJECTED, "400: json_schema?")],
    ]
    asked = [format_of(request.body) for request in server.requests]
    assert asked == ["json_schema", "json_schema", "json_object", "json_schema", "json_schema", "json_object"]


@pytest.mark.parametrize(
    ("refused", "kept"), [((2, 4, 6), "json_object"), ((2, 4, 7, 9), "json_schema"), ((2, 4, 7, 9, 11), "json_object")]
)
def test_a_known_dialect_gives_way_after_three_calls_in_a_row(refused, kept):
    with refusing(*refused) as server:
        *_, last = ask_all(server, *[call()] * (8 if len(refused) > 3 else 5))
    assert last.failures == () and format_of(server.requests[-1].body) == kept


def test_a_refusal_of_every_dialect_once_one_is_known_is_one_rejection_each():
    with ModelServer(in_turn("kite", *[Behaviour(400, {"error": {"message": "json"}})] * 3)) as server:
        _, lost = ask_all(server, call(), call())
    assert lost.text is None and [failure.kind for failure in lost.failures] == [FaultKind.REJECTED] * 3


def test_a_call_rejected_for_another_reason_teaches_nothing():
    def answer(request):
        return Behaviour(400, {"error": {"message": "no"}}) if "bad" in request["messages"][1]["content"] else "kite"

    with ModelServer(answer) as server:
        rejected, good, again = ask_all(server, call("bad"), call("good"), call("bad"))
    assert [failure.kind for failure in rejected.failures] == [FaultKind.REJECTED] and good.text == "kite"
    assert format_of(server.requests[-2].body) == "json_schema"
    assert len(again.failures) == 1 and len(server.requests) == 4 + 1 + 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "At most 0 image(s) may be provided in one request."),
        (422, "messages[1]: unknown variant `image_url`, expected `text`"),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    ],
)
def test_pictures_that_are_not_supported_are_told_in_clear_words(status, words):
    def answer(request):
        has_picture = isinstance(request["messages"][1]["content"], list)
        return Behaviour(status, {"error": {"message": words}}) if has_picture else "kite"

    with ModelServer(answer) as server:
        blind, text = ask_all(server, call(pictures=(picture(),)), call())
    ((kind, detail),) = blind.failures
    assert kind is FaultKind.REJECTED and "a-model takes no pictures" in detail and "--no-image" in detail
    assert words[:40] in detail and len(blind.pictures) == 1 and text.text == "kite" and len(server.requests) == 2


def test_a_fault_around_a_picture_is_still_tried_again():
    with ModelServer(in_turn(Behaviour(500, "cannot load image"), "kite")) as server:
        reply = ask(server, call(pictures=(picture(),)))
    assert (reply.text, [failure.kind for failure in reply.failures]) == ("kite", [FaultKind.SERVER])


def test_a_server_that_ignores_the_format_is_none_the_worse():
    with ModelServer(always(Behaviour(body=body("Kite, I would say.")))) as server:
        assert ask(server).text == "Kite, I would say."


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (SCHEMA, True),
        ({}, True),
        ({**SCHEMA, "required": []}, False),
        ({**SCHEMA, "additionalProperties": True}, False),
        ({"type": "object"}, False),
        ({"type": "object", "additionalProperties": {"type": "number"}}, False),
        ({"type": "array", "items": SCHEMA}, True),
        ({"anyOf": [SCHEMA, {"type": "object", "properties": {}}]}, False),
        ({**SCHEMA, "properties": {"skill": {"type": "object"}}}, False),
        ({**SCHEMA, "$defs": {"inner": {"type": "object"}}}, False),
    ],
)
def test_strict_is_only_what_may_be(schema, strict):
    assert is_strict(schema) is strict
    described = Dialect().options(call(schema=schema))["response_format"]["json_schema"]
    assert described["strict"] is strict


def test_the_name_of_a_schema_is_one_that_servers_take():
    options = Dialect().options(dataclasses.replace(call(), module="reason: " + "x" * 80))
    assert options["response_format"]["json_schema"]["name"] == "reason__" + "x" * 56
