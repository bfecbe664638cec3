"""The one error that means "the client asked for what cannot be done"."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be answered; its text goes into the response's `error`."""
