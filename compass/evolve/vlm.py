"""Candidates by a vision-language model: it sees the skill, what planners want of it, how the library fares, and what was tried."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compass.bootstrap.interview import Given, Interview, Question, Refused
from compass.bootstrap.study import judged, skill_format
from compass.bootstrap.vlm import TAPE, Asker
from compass.evaluate.manifest import MODEL_PACKAGES, asked
from compass.evaluate.modelled import Asking, connect
from compass.evaluate.wants import Want
from compass.evolve.aims import Aim, Aims
from compass.evolve.answers import WrittenCandidate
from compass.evolve.base import Situation
from compass.evolve.prompts import load_evolve_prompts
from compass.models.base import Picture, Turn
from compass.models.budget import Budget, Meter, Spent
from compass.models.cassette import Cassette
from compass.models.lines import one_line
from compass.models.prices import tariff_of
from compass.observation.decode import constants_of
from compass.observation.text import parse
from compass.planner.scripted import TASKS
from compass.planner.vlm.answers import told
from compass.planner.vlm.extract import Unusable, answer_in
from compass.planner.vlm.prompts import load_prompts
from compass.planner.vlm.render import battle_words
from compass.planner.vlm.settings import USUAL
from compass.skills.store.records import Candidate
from compass.trial.ring import Episode
from compass.types import Outcome
from compass.wire import units_of

VLM = "vlm"
"""The author of such candidates, as a store names it."""
LONGEST = 400  # characters of a candidate's reason
_TRIED = 20  # earlier attempts that are told, the latest


@contextmanager
def open_model(asker: Asker, cassette: Path) -> Iterator[Asking]:
    """The way to a model for one evolution, whose calls are recorded in the folder `cassette`.

    Raises:
        InputError: no server answers, a limit makes no sense, or prompts are missing.
    """
    tariff = tariff_of(asker.model.model, asker.prices)
    budget = Budget(asker.limits, tariff, Spent(), Spent(), ())
    prompts = load_prompts(asker.vlm.prompts)
    with connect(asker.model) as connection:
        yield Asking(asker.vlm, prompts, USUAL, connection, Cassette(cassette), tariff, budget)


class VlmSynthesizer:
    """Asks a model for candidates; a context manager, for one evolution.

    A reply that is no skill is sent back once with every complaint, then is a candidate all the same, for the gate to reject; so is
    a question without a reply, with an empty source. Nothing is asked beyond the limits.

    Raises:
        InputError: prompts are missing.
    """

    name = VLM
    packages: tuple[str, ...] = MODEL_PACKAGES

    def __init__(self, asker: Asker, asking: Asking) -> None:
        self._asking = asking
        self._prompts = load_evolve_prompts(asking.vlm.prompts)
        how = asked(asker.model, asker.vlm, asker.limits, asking.tariff.price, asking.prompts.digest)
        self.about: Mapping[str, Any] = {**how, "evolve_prompts": self._prompts.digest}
        self._aims = Aims()
        self._rounds = 0
        self._tape = asking.cassette.open(TAPE, resume=False)

    def __enter__(self) -> VlmSynthesizer:
        return self

    def __exit__(self, *ended: object) -> None:
        self._tape.close()

    def stopped(self) -> str | None:
        """The limit that forbids another question, None if there is room."""
        return self._asking.stopped()

    def propose(self, situation: Situation, count: int) -> tuple[Candidate, ...]:
        """At most `count` candidates: for the wants that were answered least often, then for the skills most often chosen.

        Raises:
            InputError: no call can succeed, or the tape cannot be written.
        """
        asking = self._asking
        assert asking.connection.model is not None  # there is one wherever there are settings
        meter = Meter(asking.connection.model, asking.budget, asking.tariff)
        interview = Interview(meter, self._tape, asking.budget, self._prompts, asking.vlm.answer_tokens)
        aims = self._aims.choose(situation, count)
        self._rounds += 1
        given = asking.connection.loop.run(self._all(interview, situation, aims))
        asking.budget.finish(meter, None)
        return tuple(self._candidate(situation, *pair) for pair in zip(aims, given, strict=True) if pair[1].turns)

    async def _all(
        self, interview: Interview, situation: Situation, aims: Sequence[Aim]
    ) -> list[Given[WrittenCandidate]]:
        return await asyncio.gather(*(self._put(interview, situation, number, aim) for number, aim in enumerate(aims)))

    async def _put(self, interview: Interview, situation: Situation, number: int, aim: Aim) -> Given[WrittenCandidate]:
        pictures = (self._picture(situation, aim.want),) if aim.want and self._asking.vlm.image else ()
        question = Question(
            (self._rounds, number),
            "evolve",
            self._system(situation),
            self._text(situation, aim),
            WrittenCandidate,
            pictures,
        )
        return await interview.put(question, lambda answer: _judged(aim, answer))

    def _picture(self, situation: Situation, want: Want) -> Picture:
        """The moment of a want, drawn from its text."""
        constants = constants_of(situation.scenario)
        units = units_of(constants.unit_types, constants.unit_rows)
        return Picture(
            parse(want.observation)._replace(units=units, arena=constants.arena), self._asking.vlm.image_size
        )

    def _system(self, situation: Situation) -> str:
        constants = constants_of(situation.scenario)
        setting = self._asking.prompts.fill(f"setting_{constants.setting}")
        return self._prompts.fill("bootstrap_system", setting=setting, **battle_words(constants))

    def _text(self, situation: Situation, aim: Aim) -> str:
        tried = situation.tried[-_TRIED:]
        known = {
            "file": f"{aim.name}.py",
            "wanted": _wanted(aim),
            "battles": "\n".join(_fares(situation.battles)),
            "tried": "\n".join(f"- {one_line(each, LONGEST)}" for each in tried) or "- (none so far)",
            "format": skill_format(self._prompts, aim.unit_types, aim.tasks),
            "answer": told(WrittenCandidate),
        }
        if aim.parent is not None:
            return self._prompts.fill("evolve_improve", skill=aim.name, parent=aim.parent.source.strip(), **known)
        (unit_type,), (task,) = aim.unit_types, aim.tasks
        return self._prompts.fill(
            "evolve_new", unit_type=unit_type, task=task, when=TASKS[task], nearest=aim.played.source.strip(), **known
        )

    def _candidate(self, situation: Situation, aim: Aim, given: Given[WrittenCandidate]) -> Candidate:
        written = given.value or _in(given.text)
        evidence = {
            "want": asdict(aim.want) if aim.want else None,
            "battles": _figures(situation.battles),
            "complaints": list(given.reasons),
            "model": given.model or None,
        }
        return Candidate(
            name=aim.name,
            source=written.source if written else given.text,
            by=self.name,
            parent=aim.parent.sha256 if aim.parent else None,
            reason=one_line(written.change if written else f"no usable answer: {'; '.join(given.reasons)}", LONGEST),
            prompt=_conversation(given.turns),
            reply=given.text or None,
            evidence=evidence,
        )


def _judged(aim: Aim, answer: WrittenCandidate) -> WrittenCandidate:
    if aim.parent is not None and _lines(answer.source) == _lines(aim.parent.source):
        raise Refused([f"{aim.name}.py is the skill as it was: change something"])
    judged(aim.name, answer.source, aim.unit_types, aim.tasks)
    return answer


def _lines(source: str) -> list[str]:
    """Without blank lines, of which prompts close up some."""
    return [line for line in source.splitlines() if line.strip()]


def _in(text: str) -> WrittenCandidate | None:
    """What a reply holds that was not taken, if it has the form at all."""
    try:
        return answer_in(text, WrittenCandidate)
    except Unusable:
        return None


def _wanted(aim: Aim) -> str:
    if aim.want is None:
        return "Nobody asked for anything particular: of all skills this is among those chosen most often, so it matters most."
    want, times = aim.want, f"{aim.want.count} times" if aim.want.count > 1 else "once"
    lines = [
        f'A planner said {times} of a {want.unit_type} that played {want.skill} for the task "{want.task}": {want.words}',
        f"Why it had chosen that task: {want.reasoning}" if want.reasoning else "",
        f"All that the unit knew then:\n<observation>\n{want.observation}\n</observation>",
    ]
    return "\n".join(line for line in lines if line)


def _figures(battles: Sequence[Episode]) -> dict[str, Any]:
    """What the library's battles come to: how many, won, how often which skill was chosen, its mistakes, the first in words."""
    chosen: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    first: dict[str, str] = {}
    for battle in battles:
        chosen.update(battle.chosen)
        faults.update({skill: sum(kinds.values()) for skill, kinds in battle.faults.items()})
        first = dict(battle.first_faults) | first
    won = sum(battle.result.outcome is Outcome.WIN for battle in battles)
    return {"battles": len(battles), "won": won, "chosen": dict(chosen), "faults": dict(faults), "first_faults": first}


def _fares(battles: Sequence[Episode]) -> Iterator[str]:
    if not battles:
        yield "- No battle was watched yet."
        return
    found = _figures(battles)
    yield f"- It won {found['won']} of the last {found['battles']} battles."
    chosen = sorted(found["chosen"].items(), key=lambda item: (-item[1], item[0]))
    yield f"- Chosen by planners: {', '.join(f'{name} {count} times' for name, count in chosen) or 'nothing'}."
    for skill, count in sorted(found["faults"].items()):
        yield f"- {skill} made {count} mistakes, the first: {found['first_faults'][skill]}"


def _conversation(turns: Sequence[Turn]) -> str:
    return "\n\n".join(f"[{turn.role}]\n{turn.text}" for turn in turns)
