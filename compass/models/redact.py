"""Takes the key out of every text that leaves the client: servers, proxies and models echo what they were sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from compass.models.lines import one_line

_SHORTEST = (
    8  # anything shorter is a word that local servers are given in the place of a key ("none", "EMPTY"), and no secret
)
_LOGGERS = ("openai", "httpx2", "httpcore2")


class Redactor:
    """Replaces a key, which holds no backslash, by `[key]`: as it is or escaped for a URL, JSON or a Python literal."""

    def __init__(self, key: str | None) -> None:
        secret = key if key and len(key) >= _SHORTEST else ""
        self._forms = re.compile("".join(map(_forms, secret)), re.IGNORECASE) if secret else None

    def __call__(self, text: str) -> str:
        """The text without the key."""
        return self._forms.sub("[key]", text) if self._forms else text

    def line(self, text: str, most: int = 300) -> str:
        """The beginning of a text without the key, see `compass.models.lines.one_line`."""
        return one_line(self(text), most)

    @contextmanager
    def logs(self) -> Iterator[None]:
        """Meanwhile the logs of the SDK and of what it stands on do not hold the key: they quote what servers send."""
        names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _LOGGERS]
        for name in names:
            logging.getLogger(name).addFilter(self._redacted)
        try:
            yield
        finally:
            for name in names:
                logging.getLogger(name).removeFilter(self._redacted)

    def _redacted(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self(record.getMessage()), ()
        return True


def _forms(sign: str) -> str:
    """A pattern of one character, escaped or not; the bounds keep texts of nothing but backslashes from taking long."""
    code = ord(sign)
    return rf"(?:\\{{0,8}}{re.escape(sign)}|%{code:02x}|\\{{1,8}}u{code:04x})"
