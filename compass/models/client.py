"""Asks any OpenAI-compatible server, retries what is worth retrying, and learns how that server wants to be asked.

The SDK sends; the body is read here, because its models take any JSON for a chat completion. Importing this takes a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, NoReturn, cast

import httpx2
import openai

from compass.errors import InputError
from compass.models.base import Call, Failure, FaultKind, Reply, Turn
from compass.models.completion import LONGEST_BODY, Completion, read_completion
from compass.models.dialect import Dialect, refuses_pictures
from compass.models.embeddings import MOST_TEXTS, Vector, read_embeddings
from compass.models.images import LOW_DETAIL, Encoded, Encoder
from compass.models.json_text import strict_object
from compass.models.rate import Pacer
from compass.models.redact import Redactor
from compass.models.retries import AttemptFailed, Backoff, retry_after
from compass.models.settings import KEY_NAME, ModelSettings
from compass.models.transport import Refused, http_client, whither

_NO_KEY = "none"  # the SDK wants one, local servers do not
_CONNECT = 15.0  # seconds at most, whatever an answer may take
_CONVINCED = 3  # calls in a row that a known dialect failed, and another did not
Send = Callable[[], AbstractAsyncContextManager[openai.AsyncAPIResponse[Any]]]
"""Makes a request, which is sent on entering."""
PROBE = Call(
    "check",
    (Turn("user", 'Answer with the JSON object {"ready": true} and nothing else.'),),
    strict_object(ready={"type": "boolean"}),
    256,  # a model that reasons first is refused or says nothing with less
)
"""The least that a server can be asked."""


class Client:
    """A model behind an OpenAI-compatible server; an async context manager, for one event loop.

    Raises:
        InputError: the hosted API without a key, a key that no header can hold, one that is also part of the model's name or of
            the address, an address that is none, or a variable of the environment that no client can be made with.
    """

    def __init__(self, settings: ModelSettings, key: str | None, backoff: Backoff | None = None) -> None:
        if not key and settings.hosted:
            raise InputError(
                f"{settings.base_url} answers nobody without a key: set {KEY_NAME}, or give --base-url URL"
            )
        if key and not (key.isascii() and key.isprintable() and not {" ", "\\"} & {*key}):
            raise InputError(f"{KEY_NAME} holds a blank or another character that no key has: set it again")
        self._redact = Redactor(key)
        for option, value in (("--model", settings.model), ("--base-url", settings.base_url)):
            if self._redact(value) != value:
                raise InputError(
                    f"{option} holds the key that {KEY_NAME} holds: take it out there, or set {KEY_NAME}=none where none is needed"
                )
        self.settings = settings
        self.dialect = Dialect()
        self._dialect_known, self._strays = False, 0
        self._backoff = backoff or Backoff()
        self._open = ExitStack()
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._pacer = Pacer(settings.requests_per_minute)
        self._encoder = Encoder()
        # A proxy cannot know this machine's loopback, and would read what is sent there.
        http = http_client(proxies=not settings.loopback)
        try:
            self._openai = openai.AsyncOpenAI(
                api_key=key or _NO_KEY,
                base_url=settings.base_url,
                timeout=openai.Timeout(settings.timeout, connect=min(_CONNECT, settings.timeout)),
                max_retries=0,
                http_client=http,
                default_headers={"Accept-Encoding": "identity"},  # so that what is read is no longer than what is sent
            )
        except httpx2.InvalidURL as error:
            raise InputError(self._redact.line(f"--base-url {settings.base_url} is no address: {error}")) from None

    async def __aenter__(self) -> Client:
        self._open.enter_context(self._redact.logs())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._encoder.close()
        try:
            await self._openai.close()
        finally:
            self._open.close()

    async def check(self) -> None:
        """Make sure, with one small call, that the server answers, and learn how it wants to be asked.

        Raises:
            InputError: nothing answers, or no answer comes; the key or the model's name is wrong.
        """
        reply = await self.ask(PROBE)
        if reply.text is None and reply.failures[-1].kind not in (FaultKind.EMPTY, FaultKind.TOO_LONG):
            model, url = self.settings.model, self.settings.base_url
            kind, detail = reply.failures[-1]
            said = self._redact.line(f"no answer from {model} at {url}: {detail}", most=600)
            slower = "see whether the account has quota left, or give --requests-per-minute"
            raise InputError(f"{said}; {slower if kind is FaultKind.RATE_LIMIT else 'try compass doctor'}")

    async def ask(self, call: Call) -> Reply:
        """The reply; without a text when it was given up, and `failures` tells why.

        Raises:
            InputError: the key, the model's name or the address is wrong, or the account is empty: no call can succeed.
        """
        began = time.monotonic()
        pictures = await self._encoder.encode([one for turn in call.turns for one in turn.pictures])
        completion, failures = await self._persist(call, _messages(call, pictures))
        return Reply(
            text=None if completion.text is None else self._redact(completion.text),
            model=self._redact.line(completion.model),
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            seconds=time.monotonic() - began,
            failures=tuple(failures),
            pictures=tuple(one.sha256 for one in pictures),
        )

    async def embed(self, model: str, texts: Sequence[str]) -> list[Vector]:
        """One vector a text, all of one length, by the model of this name on the same server.

        Raises:
            InputError: there are none to be had, after all that is worth trying.
        """
        vectors: list[Vector] = []
        for at in range(0, len(texts), MOST_TEXTS):
            vectors += await self._embedded(model, texts[at : at + MOST_TEXTS])
        return vectors

    async def _embedded(self, model: str, texts: Sequence[str]) -> list[Vector]:
        sending = self._openai.embeddings.with_streaming_response
        send = partial(sending.create, model=model, input=list(texts), encoding_format="float")
        for attempt in count(1):
            try:
                return read_embeddings(await self._attempt(send, model, "embeddings"), len(texts))
            except AttemptFailed as failed:
                if not failed.again or attempt >= self._backoff.attempts:
                    said = f"no embeddings from {model} at {self.settings.base_url}: {failed.detail}"
                    raise InputError(self._redact.line(said, most=600)) from None
                await asyncio.sleep(self._backoff.wait(attempt, failed.wait))
        raise AssertionError("attempts have an end")

    async def _persist(self, call: Call, messages: list[dict[str, Any]]) -> tuple[Completion, list[Failure]]:
        """Attempts until one succeeds or no other is worth it. What is refused while no dialect is known is no failure."""
        failures: list[Failure] = []
        dialect, tried, known = self.dialect, {self.dialect}, self._dialect_known
        while True:
            try:
                send = partial(
                    self._openai.chat.completions.with_streaming_response.create,
                    model=self.settings.model,
                    messages=cast(Any, messages),
                    extra_body=dialect.options(call),
                )
                completion = read_completion(await self._attempt(send, self.settings.model, "chat completions"))
            except AttemptFailed as failed:
                other = dialect.other(failed.detail, tried, known) if failed.wording else None
                if other is not None:
                    if known:
                        failures.append(Failure(FaultKind.REJECTED, self._redact.line(failed.detail)))
                    dialect = other
                    tried.add(other)
                    continue
                failures.append(self._told(call, failed.failure))
                if (
                    failures[-1].kind is FaultKind.REJECTED
                    or not failed.again
                    or len(failures) >= self._backoff.attempts
                ):
                    return Completion(None, "", None, None), failures
                await asyncio.sleep(self._backoff.wait(len(failures), failed.wait))
            else:
                self._learn(dialect)
                return completion, failures + ([self._told(call, completion.failure)] if completion.failure else [])

    def _learn(self, dialect: Dialect) -> None:
        """This dialect has worked. One that is known gives way only to another that it takes again and again, not to a whim."""
        self._strays = self._strays + 1 if self._dialect_known and dialect != self.dialect else 0
        if not self._dialect_known or self._strays >= _CONVINCED:
            self.dialect, self._dialect_known, self._strays = dialect, True, 0

    def _told(self, call: Call, failure: Failure) -> Failure:
        """A failure as it leaves the client; some servers take a picture that they do not understand for a fault of their own."""
        kind, detail = failure
        refusal = kind in (FaultKind.REJECTED, FaultKind.SERVER) and refuses_pictures(detail)
        if refusal and any(turn.pictures for turn in call.turns):
            kind = FaultKind.REJECTED
            detail = f"{self.settings.model} takes no pictures there, take another model or --no-image: {detail}"
        return Failure(kind, self._redact.line(detail))

    async def _attempt(self, send: Send, model: str, what: str) -> bytes:
        """The body of a successful response to one request to a model for what it has.

        The slot is held no longer than that: those who wait before the next hold up nobody.
        """
        async with self._slots:
            await self._pacer.turn()
            try:
                async with asyncio.timeout(self.settings.timeout):  # the SDK's own begins anew with every byte
                    return await _body(send)
            except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException):
                detail = f"no answer within {self.settings.timeout:g} s"
                raise AttemptFailed(FaultKind.TIMEOUT, detail) from None
            except Refused as refusal:
                self._judge(refusal, model, what)
            except (openai.APIConnectionError, httpx2.RequestError, httpx2.InvalidURL) as error:
                cause = error.__cause__ or error
                detail = f"the connection failed: {type(cause).__name__} {cause}"
                raise AttemptFailed(FaultKind.CONNECTION, detail) from None

    def _judge(self, refusal: Refused, model: str, wanted: str) -> NoReturn:
        """What a response that is no success means. Nothing is quoted of those that speak of the key."""
        status, settings = refusal.status, self.settings
        if status == 401 or (status == 403 and not self._dialect_known):
            given = self._openai.api_key != _NO_KEY
            what = f"{KEY_NAME} is wrong, or may not use {model}" if given else f"set {KEY_NAME}"
            raise InputError(self._redact.line(f"{settings.base_url} refuses the key ({status}): {what}")) from None
        told = self._redact.line(refusal.message)
        if 300 <= status < 400 and "location" in refusal.headers:
            advice = "no redirection is followed, give the address itself with --base-url"
            told = (
                f"the server sends its callers on to {self._redact.line(whither(refusal.headers), most=100)}; {advice}"
            )
        if status == 404 and not self._dialect_known:
            said = f"{settings.base_url} knows no model {model}, or no {wanted} (404: {told}): "
            advice = "see --model and --base-url, which mostly ends in /v1"
            raise InputError(self._redact.line(said + advice, most=600)) from None
        if status == 402 or (status == 429 and refusal.code == "insufficient_quota"):
            raise InputError(f"the account behind {KEY_NAME} has no quota left: {told}") from None
        raise AttemptFailed(
            FaultKind.RATE_LIMIT if status == 429 else FaultKind.SERVER if status >= 500 else FaultKind.REJECTED,
            f"{status}: {told}",
            again=status == 429 or (status >= 500 and status != 501),
            wait=retry_after(refusal.headers) if status in (429, 503) else None,
            wording=status in (400, 422, 501),
        ) from None


async def _body(send: Send) -> bytes:
    async with send() as response:
        body = bytearray()
        async for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LONGEST_BODY:
                detail = f"a body of more than {LONGEST_BODY} bytes"
                raise AttemptFailed(FaultKind.TOO_LONG, detail, again=False)
        return bytes(body)


def _messages(call: Call, pictures: Sequence[Encoded]) -> list[dict[str, Any]]:
    """The turns as the protocol writes them; a turn's pictures follow its text."""
    urls = iter(pictures)
    messages = []
    for turn in call.turns:
        content: str | list[dict[str, Any]] = turn.text
        if turn.pictures:
            images = [_image(next(urls).url, one.size) for one in turn.pictures]
            content = [{"type": "text", "text": turn.text}, *images]
        messages.append({"role": turn.role, "content": content})
    return messages


def _image(url: str, size: int) -> dict[str, Any]:
    """A picture as the protocol writes it; of a small one the hosted API's view of low detail shows all, for fewer tokens."""
    detail = {"detail": "low"} if size <= LOW_DETAIL else {}
    return {"type": "image_url", "image_url": {"url": url, **detail}}
