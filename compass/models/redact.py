"""Takes the key out of every text that leaves the client: servers, proxies and models echo what they were sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.entities import html5

from compass.models.lines import one_line

_SHORTEST = 4  # anything shorter stands in any text
_LONGEST_FORM = 40  # characters that stand for one
# What local servers are given in the place of a key: no secrets, and words that answers may need.
_PLACEHOLDER = re.compile(
    r"none|null|empty|dummy|fake|test|local|localhost|unused|anything|placeholder|(sk-)?no-key(-required)?|not-needed|"
    r"ollama|vllm|lm-studio|llama|sglang",
    re.IGNORECASE,
)
_LOGGERS = ("openai", "httpx2", "httpcore2")


class Redactor:
    """Replaces a key, which holds no backslash, by `[key]`: as it is or escaped for a URL, HTML, JSON or a Python literal.

    A key of fewer than four characters, or a word that is commonly given where none is needed ("none", "EMPTY"), is no secret.
    """

    def __init__(self, key: str | None) -> None:
        secret = key if key and len(key) >= _SHORTEST and not _PLACEHOLDER.fullmatch(key) else ""
        self._forms = re.compile("".join(map(_forms, secret)), re.IGNORECASE) if secret else None
        self._longest = _LONGEST_FORM * len(secret)

    def __call__(self, text: str) -> str:
        """The text without the key."""
        return self._forms.sub("[key]", text) if self._forms else text

    def line(self, text: str, most: int = 300) -> str:
        """The beginning of a text without the key, see `compass.models.lines.one_line`."""
        head = self._beginning(text, 8 * most)
        shown, rest = self(head), text[len(head) :]
        return one_line(shown.ljust(8 * most) + "." if rest and not rest.isspace() else shown, most)

    def _beginning(self, text: str, most: int) -> str:
        """The first `most` characters, or fewer where a key would be cut in two: megabytes would take long to search."""
        if self._forms is None or len(text) <= most:
            return text[:most]
        spans = (found.span() for found in self._forms.finditer(text[: most + self._longest]))
        return text[: next((start for start, end in spans if start < most < end), most)]

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
    names = [name for name, meant in html5.items() if meant == sign and name.endswith(";")]
    entity = "|".join([*names, rf"\#0{{0,4}}{code};", rf"\#x0{{0,4}}{code:x};"])
    return rf"(?:\\{{0,8}}{re.escape(sign)}|%{code:02x}|\\{{1,8}}u{code:04x}|&(?:amp;){{0,2}}(?:{entity}))"
