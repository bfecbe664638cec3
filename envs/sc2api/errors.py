"""The one error that means "the client asked for what cannot be done", and a check that many requests need."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be answered; its text goes into the response's `error`."""


def text(value: str | bytes) -> str:
    """A text field of a message. Protobuf gives bytes where the client has sent what is no UTF-8.

    Raises:
        RequestError: it is no text.
    """
    if isinstance(value, bytes):
        raise RequestError("a text in the request is not UTF-8")
    return value
