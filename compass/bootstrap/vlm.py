"""A first library by a vision-language model: it analyses each unit type from sampled moments, then writes its skills."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from compass.bootstrap.analysis import analyse
from compass.bootstrap.answers import TacticAnalysis
from compass.bootstrap.evidence import collect
from compass.bootstrap.harvest import Harvest, LeftOut
from compass.bootstrap.interview import Given, Interview
from compass.bootstrap.moments import sample
from compass.bootstrap.prompts import load_bootstrap_prompts
from compass.bootstrap.study import LONGEST, Study
from compass.demos.file import Demonstrations
from compass.evaluate.modelled import connect
from compass.models.budget import Budget, Limits, Meter, Spent
from compass.models.cassette import Cassette
from compass.models.lines import one_line
from compass.models.prices import tariff_of
from compass.models.settings import ModelSettings
from compass.planner.vlm.prompts import load_prompts
from compass.planner.vlm.settings import VlmSettings

TAPE = 0
"""The tape's number in the folder `cassette`, where a run has a battle's seed."""

_Found = tuple[Given[TacticAnalysis], dict[str, Given[str]]]


@dataclass(frozen=True)
class Asker:
    """Which model makes a library, how it is asked, and where that ends; of `vlm` the pictures, prompts and answers' length count.

    prices: a file of prices, None for the shipped one.
    """

    model: ModelSettings
    vlm: VlmSettings
    limits: Limits
    prices: Path | None


def by_model(asker: Asker, files: Sequence[Demonstrations], cassette: Path) -> Harvest:
    """Let a model analyse and write skills; every call is recorded in the folder `cassette`.

    Raises:
        InputError: no server answers, a limit makes no sense, a file is damaged, or skills cannot be confined here.
    """
    prompts, regimes = load_bootstrap_prompts(asker.vlm.prompts), load_prompts(asker.vlm.prompts)
    counted = analyse(collect(files))
    tariff = tariff_of(asker.model.model, asker.prices)
    budget = Budget(asker.limits, tariff, Spent(), Spent(), ())
    with connect(asker.model) as connection, closing(Cassette(cassette).open(TAPE, resume=False)) as tape:
        assert connection.model is not None  # there is one wherever there are settings
        meter = Meter(connection.model, budget, tariff)
        interview = Interview(meter, tape, budget, prompts, asker.vlm.answer_tokens)
        studies = [
            Study(
                topic=topic,
                kind=kind,
                constants=next(demos.constants for demos in files if kind in demos.constants.unit_types),
                moments=sample(files, kind, asker.vlm.frames if asker.vlm.image else 1),
                findings=counted[kind]["findings"],
                image_size=asker.vlm.image_size if asker.vlm.image else None,
                interview=interview,
                regimes=regimes,
            )
            for topic, kind in enumerate(sorted(counted))
        ]
        found = dict(zip(sorted(counted), connection.loop.run(_all(studies)), strict=True))
    spent = budget.total
    about = {
        "model": asker.model.model,
        "prompts": prompts.digest,
        "calls": spent.calls,
        "tokens": spent.tokens,
        "dollars": spent.dollars(tariff.price),
    }
    skills = {name: given for _, written in found.values() for name, given in written.items()}
    return Harvest(
        how=f"Made by the model {asker.model.model}, which also saw what rules count.",
        analysis={kind: _told(given) | {"evidence": counted[kind]["evidence"]} for kind, (given, _) in found.items()},
        sources={name: given.value for name, given in skills.items() if given.value is not None},
        left_out=[LeftOut(name, each.text, each.reasons) for name, each in skills.items() if each.value is None],
        about=about,
    )


async def _all(studies: Sequence[Study]) -> list[_Found]:
    return list(await asyncio.gather(*(_study(study) for study in studies)))


async def _study(study: Study) -> _Found:
    given = await study.analysis()
    return given, await study.skills(given.value)


def _told(given: Given[TacticAnalysis]) -> dict[str, list[str]]:
    """The analysis as findings."""
    if given.value is None:
        return {"findings": [f"The model gave no usable analysis: {'; '.join(given.reasons)}"]}
    return {
        "findings": [f"{name}: {one_line(text, LONGEST)}" for name, text in given.value.model_dump().items() if text]
    }
