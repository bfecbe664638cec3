"""The HTTP side of the client: what reads a refusal before the SDK does, which would read it whole and trust its charset."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2
import openai
import orjson

_LONGEST = 64 * 1024  # bytes read of a refusal


class Refused(openai.OpenAIError):
    """A response that is no success. The SDK lets its own kind of error through as it is.

    message: what the server says of it; code: the name that it gives the error, "" for none.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status, self.headers = status, headers
        self.message, self.code = _told(body)


def http_client() -> httpx2.AsyncClient:
    """A client with the SDK's own defaults that raises Refused for every response that is neither a success nor a redirection."""
    return openai.DefaultAsyncHttpxClient(event_hooks={"response": [_refuse]})


async def _refuse(response: httpx2.Response) -> None:
    if response.is_success or response.has_redirect_location:
        return
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= _LONGEST:
            break
    raise Refused(response.status_code, response.headers, bytes(body[:_LONGEST]))


def _told(body: bytes) -> tuple[str, str]:
    """Message and code of an error, in the forms that servers give it."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    error = content.get("error", content) if isinstance(content, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    code = error.get("code") if isinstance(error, dict) else None
    whole = body.decode("utf-8", "replace")
    return (message if isinstance(message, str) and message else whole), (code if isinstance(code, str) else "")
