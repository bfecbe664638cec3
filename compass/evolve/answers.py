"""What a model answers when a library grows."""

from __future__ import annotations

from pydantic import Field

from compass.bootstrap.answers import WrittenSkill


class WrittenCandidate(WrittenSkill):
    """A skill, and what is new in it."""

    change: str = Field(description="what is new in it and why it should win more battles, in one sentence")
