"""Takes the key out of every text that leaves the client: servers, proxies and models echo what they were sent."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

_SHORTEST = (
    8  # anything shorter is a word that local servers are given in the place of a key ("none", "EMPTY"), and no secret
)


class Redactor:
    """Replaces a key, as it is or percent- or JSON-escaped, by `[key]`; one instance per key."""

    def __init__(self, key: str | None) -> None:
        forms: set[str] = set()
        if key and len(key) >= _SHORTEST:
            escaped = json.dumps(key)[1:-1]
            forms = {key, quote(key), quote(key, safe=""), escaped, escaped.replace("/", "\\/")}
        longest_first = sorted(forms, key=len, reverse=True)
        self._forms = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None

    def __call__(self, text: str) -> str:
        """The text without the key."""
        return self._forms.sub("[key]", text) if self._forms else text

    def line(self, text: str, most: int = 300) -> str:
        """The beginning of a text without the key, on one line of at most `most` characters, all of them printable."""
        beginning = self(text)[: 8 * most]
        words = " ".join("".join(sign if sign.isprintable() else " " for sign in beginning).split())
        return words if len(words) <= most else words[: most - 3] + "..."
