"""Which skills a model may choose from once it has named a sub-task."""

from __future__ import annotations

from compass.models.cassette import MissingCall, Tape
from compass.skills.library import Skill
from compass.skills.retrieval import Shelf
from compass.skills.similarity import Similarity


class Offer:
    """The skills for one agent's plan, asked for at `step`: found by their words, or by embeddings where the settings name a model
    for these. Then the tape keeps what was found, so that a replay asks nobody.

    similarity: None where nobody may be asked.
    """

    def __init__(self, tape: Tape, agent: int, step: int, by_embeddings: bool, similarity: Similarity | None) -> None:
        self._tape = tape
        self._agent, self._step = agent, step
        self._by_embeddings = by_embeddings
        self._similarity = similarity

    async def find(self, shelf: Shelf, task: str) -> tuple[Skill, ...]:
        """At most `top_k` skills of the shelf for a sub-task, best first.

        Raises:
            MissingCall: nobody may be asked, and the tape does not tell.
        """
        if not self._by_embeddings or shelf.all_offered:
            return shelf.find(task)
        names = self._tape.offered(self._agent, self._step)
        if names is not None:
            known = {skill.name: skill for skill in shelf}
            if not known.keys() >= set(names):
                raise self._missing("other skills were offered then")
            return tuple(known[name] for name in names)
        if self._similarity is None:
            raise self._missing("the skills that were offered are not on the tape")
        scores = await self._similarity.scores(shelf, task)
        found = shelf.find(task) if scores is None else shelf.find_by(task, scores)
        self._tape.offer(self._agent, self._step, tuple(skill.name for skill in found))
        return found

    def _missing(self, what: str) -> MissingCall:
        return MissingCall(f"agent {self._agent} at step {self._step}: {what}; no call was made")
