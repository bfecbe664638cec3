"""The HTTP side of the client: what the environment says of it, and what reads a refusal before the SDK does.

The SDK would read a refusal whole, trust its charset, and follow a redirection with prompts and pictures to wherever it leads.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2
import openai
import orjson

from compass.errors import InputError

_LONGEST = 64 * 1024  # bytes read of a refusal
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_HEADERS = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")  # the SDK makes headers of them


class Refused(openai.OpenAIError):
    """A response that is no success. The SDK lets its own kind of error through as it is.

    message: what the server says of it; code: the name that it gives the error, "" for none. headers: by lower-case name.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status, self.headers = status, headers
        self.message, self.code = _told(body)


def http_client(proxies: bool) -> httpx2.AsyncClient:
    """A client with the SDK's own defaults that follows no redirection and raises Refused for every response that is no success.

    proxies: whether it goes through those that the environment names.

    Raises:
        InputError: a variable of the environment holds what cannot be used; its value is not told.
    """
    _check_headers()
    context = _certificates()
    if proxies:
        _check_proxies(context)
    return openai.DefaultAsyncHttpxClient(
        event_hooks={"response": [_refuse]}, follow_redirects=False, verify=context, trust_env=proxies
    )


def whither(headers: Mapping[str, str]) -> str:
    """Where a Location header leads to, without the path, which may carry a secret."""
    try:
        parts = urlsplit(headers.get("location", ""))
        host = parts.hostname
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{host}".removeprefix("://") if host else "another path"


def _check_headers() -> None:
    for name in _HEADERS:
        value = os.environ.get(name, "")
        if name == "OPENAI_CUSTOM_HEADERS":  # one a line
            value = value.replace("\n", "").strip()
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise InputError(f"{name} holds a character that no header can hold: set it again")


def _certificates() -> ssl.SSLContext:
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        if not os.environ.get("SSL_CERT_FILE"):
            raise
        raise InputError(f"SSL_CERT_FILE names no certificates that can be read: {error.strerror}") from None


def _check_proxies(context: ssl.SSLContext) -> None:
    for name in sorted(os.environ):
        value = os.environ[name]
        if name.lower() in _PROXIES and value and not _usable(value if "://" in value else f"http://{value}", context):
            raise InputError(f"{name} names no proxy that can be used: write http://HOST:PORT, or unset it")


def _usable(proxy: str, context: ssl.SSLContext) -> bool:
    try:
        port = urlsplit(proxy).port  # the client takes any number for one
        httpx2.AsyncClient(proxy=proxy, verify=context, trust_env=False)
    except (ValueError, ImportError, httpx2.InvalidURL):  # of a scheme, of SOCKS without its package, of an address
        return False
    return port != 0


async def _refuse(response: httpx2.Response) -> None:
    if response.is_success:
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
