"""Which model is asked, where, and how hard; never the key, which stays in the environment."""

from __future__ import annotations

import ipaddress
import math
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from compass.errors import InputError

HOSTED = "https://api.openai.com/v1"
KEY_NAME = "OPENAI_API_KEY"
MOST_CONCURRENT = 1000  # the SDK's connections
_SLOWEST = 0.1  # requests per minute
_EXAMPLE = "write for example http://localhost:8000/v1"


def key_from_environment() -> str | None:
    """The key in OPENAI_API_KEY, or None."""
    return os.environ.get(KEY_NAME, "").strip() or None


def default_base_url() -> str:
    """OPENAI_BASE_URL, or the hosted API's address."""
    return os.environ.get("OPENAI_BASE_URL", "").strip() or HOSTED


@dataclass(frozen=True)
class ModelSettings:
    """A model and how it is asked.

    model: its name, as the server knows it. base_url: the address under which `chat/completions` lies. timeout: seconds for one
    attempt. concurrency: calls in flight at most. requests_per_minute: requests are begun no faster than that, evenly spaced.

    Raises:
        InputError: a value makes no sense, or the address carries a secret.
    """

    model: str
    base_url: str
    timeout: float = 120.0
    concurrency: int = 40
    requests_per_minute: float | None = None

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise InputError("the model's name is empty: give --model NAME, as the server lists it")
        _check_address(self.base_url)
        if not (math.isfinite(self.timeout) and self.timeout > 0.0):
            raise InputError(f"--timeout {self.timeout}: give a positive number of seconds")
        if not 1 <= self.concurrency <= MOST_CONCURRENT:
            raise InputError(f"--concurrency {self.concurrency}: give 1 to {MOST_CONCURRENT} calls")
        rate = self.requests_per_minute
        if rate is not None and not (math.isfinite(rate) and rate >= _SLOWEST):
            raise InputError(f"--requests-per-minute {rate}: give {_SLOWEST} or more")

    @property
    def hosted(self) -> bool:
        """Whether this is the hosted API, which answers nobody without a key."""
        return urlsplit(self.base_url).hostname == urlsplit(HOSTED).hostname

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        host = (urlsplit(self.base_url).hostname or "").rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")
        return address.is_loopback or address.is_unspecified


def _check_address(base_url: str) -> None:
    """Raises InputError, which does not quote an address that may carry a secret."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InputError(f"--base-url is no address: {_EXAMPLE}") from None
    if "api-version=" in parts.query.lower():
        raise InputError(
            "--base-url with ?api-version= is not supported: give Azure's address that ends in /openai/v1, which needs no query"
        )
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in base_url:
        raise InputError(
            f"--base-url holds a user name, a password or a query: a key is taken from {KEY_NAME} only, give the bare address"
        )
    if not base_url.isascii():
        raise InputError(f"--base-url {base_url!a} is not in ASCII: write a host as xn--..., a path with %XX")
    if not usable or any(sign <= " " or sign == "\x7f" for sign in base_url):
        raise InputError(f"--base-url {base_url!r} is no address: {_EXAMPLE}")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise InputError("--base-url ends in /chat/completions: leave that off")
