"""What a model answers when a first library is made."""

from __future__ import annotations

from pydantic import Field

from compass.planner.vlm.answers import Answer


class TacticAnalysis(Answer):
    """The first step: what one unit type does in the demonstrations, and what is worth imitating."""

    targets: str = Field(description="whom it attacks or heals first, and by which rule")
    positioning: str = Field(
        description="at which distance it stands from enemies and allies, in map units, and how it approaches"
    )
    retreat: str = Field(description="when and from whom it steps back, at which health, and for how long")
    movement: str = Field("", description="what it does while it knows no enemy, or reaches none")
    evidence: str = Field("", description="the moments and numbers that show this, by step and agent")
    advice: str = Field("", description="what a skill for it should do better; empty for nothing")


class WrittenSkill(Answer):
    """The second step: a skill."""

    source: str = Field(description="the complete text of the Python file")
