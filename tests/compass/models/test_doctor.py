"""The doctor against servers of different ability, one of which really looks at the picture."""

from __future__ import annotations

import asyncio
import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from compass.bench.scripted_model import prompt_text
from compass.errors import InputError
from compass.models.doctor import examine
from compass.models.settings import HOSTED, ModelSettings
from compass.observation.picture import ROLES, core_colour
from envs.units import UNIT_NAMES
from tests.compass.models.asking import BRISK, KEY, always, body
from tests.model_server import MODEL, Behaviour, ModelServer, image_urls


def seen(request):
    """What the cores of the request's picture say, as the question wants it answered."""
    data = base64.b64decode(image_urls(request)[0].partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    counts = {
        role: {kind: int((pixels == core_colour(role, kind)).all(axis=2).sum()) for kind in UNIT_NAMES}
        for role in ROLES
    }
    (own,) = [(kind, count) for kind, count in counts["own"].items() if count]
    enemies, allies = (sum(counts[role].values()) // own[1] for role in ("enemy", "ally"))
    return {"enemies": enemies, "allies": allies, "unit_type": own[0]}


def answered(request, sees=True):
    """What a model writes that does as it is told."""
    if image_urls(request):
        return json.dumps(seen(request) if sees else {"enemies": 4, "allies": 9, "unit_type": "marine"})
    return "Good morning to you." if "plain text" in prompt_text(request) else 'Gladly:\n```json\n{"ready": true}\n```'


def held_to_the_schema(request):
    """A server with structured output."""
    asked = request.get("response_format", {"type": "text"})
    if asked["type"] == "json_schema" and "greeting" in asked["json_schema"]["schema"]["properties"]:
        return '{"greeting": "Good morning."}'
    return answered(request)


def only_json_object(request):
    """A server that knows JSON mode and no schema, and names the token limit in the new way."""
    if "max_tokens" in request:
        return Behaviour(400, {"error": {"message": "use max_completion_tokens"}})
    if request["response_format"]["type"] != "json_object":
        return Behaviour(400, {"error": {"message": "json_schema: unknown response_format"}})
    return answered(request) if image_urls(request) else '{"good": "morning"}'


def ignorant(request):
    """A server that ignores response_format and drops pictures, without usage."""
    return Behaviour(body=body(answered(request, sees=False)) | {"usage": None})


def blind(request):
    """A model that takes no pictures and never writes JSON."""
    if image_urls(request):
        return Behaviour(400, {"error": {"message": "image_url: not a multimodal model"}})
    return "<think>{about}</think>Good morning."


def report_of(server, key=KEY):
    """What the doctor says of a server."""
    return asyncio.run(examine(ModelSettings("a-model", server.base_url), key, BRISK))


@pytest.mark.parametrize(
    ("answer", "images", "found", "response_format", "token_limit", "usage"),
    [
        (held_to_the_schema, "yes", "json_schema", "json_schema", "max_tokens", True),
        (only_json_object, "yes", "json_object", "json_object", "max_completion_tokens", True),
        (answered, "yes", "in text", "json_schema", "max_tokens", True),
        (ignorant, "partly", "in text", "json_schema", "max_tokens", False),
        (blind, "refused", "no", "json_schema", "max_tokens", True),
        (always("Good morning."), "no", "no", "json_schema", "max_tokens", True),
    ],
)
def test_what_a_server_can_do_is_found_out(answer, images, found, response_format, token_limit, usage):
    with ModelServer(answer) as server:
        report = report_of(server)
    assert report.answers and report.error == "" and report.served == MODEL
    assert (report.images, report.json, report.response_format) == (images, found, response_format)
    assert (report.token_limit, report.usage) == (token_limit, usage)
    assert report.text_seconds > 0 and (report.picture_seconds is None) == (images == "refused")
    assert len(report.failures) == (images == "refused")
    assert json.loads(json.dumps(report.summary()))["images"] == images


def test_a_server_that_cannot_be_used_is_told():
    with ModelServer(always(Behaviour(401, "no"))) as server:
        refused = report_of(server)
        server.answer = always(Behaviour(500, "down"))
        broken = report_of(server)
    gone = report_of(server)
    assert not refused.answers and "refuses the key (401)" in refused.error
    assert not broken.answers and broken.error == "500: down" and len(broken.failures) == 4
    assert not gone.answers and "connection failed" in gone.error


def test_a_model_that_only_thinks_answers_all_the_same():
    with ModelServer(always(Behaviour(body=body("", "length", reasoning_content="Hm")))) as server:
        report = report_of(server)
    assert report.answers and (report.images, report.json) == ("no answer", "no")
    assert {failure.kind for failure in report.failures} == {"empty"}


def test_the_hosted_api_without_a_key_is_not_asked():
    with pytest.raises(InputError, match="set OPENAI_API_KEY"):
        asyncio.run(examine(ModelSettings("a-model", HOSTED), None))
