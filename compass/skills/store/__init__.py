"""What is kept beside a library's skill files, in its hidden folder `.library`: every version, every candidate, every verdict.

The skill files alone say what is played; deleting `.library` loses the past and nothing else.
"""

from compass.skills.store.ledger import Kept, SkillStatistics, Version
from compass.skills.store.log import Event
from compass.skills.store.records import Candidate, Judgement
from compass.skills.store.store import Store

__all__ = ["Candidate", "Event", "Judgement", "Kept", "SkillStatistics", "Store", "Version"]
