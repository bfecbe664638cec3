"""Looking into a plan: what the agent had is what was sent, and what followed is what was played."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import orjson
import pytest

from compass.errors import InputError
from compass.evaluate.records import read_record
from compass.inspect import InspectedEpisode
from compass.models import Call, Reply, Turn
from compass.models.budget import Spent
from compass.models.cassette import Cassette
from compass.observation.text import rounded
from compass.planner.vlm.render import read_observation
from tests.compass.planned_run import SEED, make_run, play


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def episode(run: Path) -> InspectedEpisode:
    return InspectedEpisode(run, SEED)


def test_the_episode_is_played_back_from_its_cassette_to_the_byte(run: Path) -> None:
    _, record = play(Cassette(run / "cassette"), None)
    assert record == (run / "records" / f"{SEED}.npz").read_bytes()


def test_every_decision_is_a_plan_with_its_calls(episode: InspectedEpisode) -> None:
    plans = episode.plans()
    assert [plan.decision["step"] for plan in plans] == [line["step"] for line in episode.record.decisions]
    for plan in plans:
        repaired = ["reason"] if plan.agent == 1 else []
        assert [call.module for call in plan.calls] == ["perceive", "reason", *repaired, "act"]
        assert plan.effect == plan.step
        assert plan.spent == Spent(len(plan.calls), 1000 * len(plan.calls), 150 + 9 * len(repaired), 1)
        assert plan.seconds == 0.75 + 0.5 * len(repaired)
    assert episode.plans(2) == [plan for plan in plans if plan.agent == 2]


def test_what_an_agent_knew_is_what_was_sent(episode: InspectedEpisode) -> None:
    for plan in episode.plans():
        found = episode.inspect(plan)
        sent = read_observation(plan.calls[0].turns[0].text + "\n" + plan.calls[0].turns[1].text)
        assert sent._replace(units={}) == rounded(found.known)._replace(units={}, arena=sent.arena)
        assert found.as_sent is True
        assert [frame.step for frame in found.frames] == [plan.step - 1, plan.step][-plan.step - 1 :]
        assert found.size == 256


def test_pictures_that_cannot_be_redrawn_as_sent_are_told(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    manifest = orjson.loads((copy / "manifest.json").read_bytes()) | {"image_size": 300}
    (copy / "manifest.json").write_bytes(orjson.dumps(manifest))
    episode = InspectedEpisode(copy, SEED)
    assert episode.inspect(episode.plan_at(0, 0)).as_sent is False


def test_what_followed_adds_up_to_the_episode(episode: InspectedEpisode) -> None:
    record = episode.record
    for agent in range(5):
        played: list[int] = []
        for plan in episode.plans(agent):
            followed = episode.inspect(plan).followed
            assert followed is not None and followed.start == plan.effect == len(played)
            played += followed.actions
            assert followed.end == len(played)
        lived = played + [0] * (len(record.actions) - len(played))
        assert lived == record.actions[:, agent].tolist()
        assert (followed.after is None) == (
            len(played) < len(record.actions) or not record.available[-1, agent, 1:].any()
        )


def test_the_last_plan_before_a_step_is_found(episode: InspectedEpisode) -> None:
    steps = [plan.step for plan in episode.plans(0)]
    assert episode.plan_at(0, steps[1]).step == steps[1]
    assert episode.plan_at(0, steps[1] - 1).step == steps[0] == 0
    assert episode.plan_at(0, len(episode.record.actions) - 1).step == steps[-1]


def test_a_plan_that_never_took_effect_is_not_forgotten(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    tape = Cassette(copy / "cassette").open(SEED, resume=True)

    class Hanging:
        async def ask(self, call: Call) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tape.ask(Hanging(), 0, 1, Call("perceive", (Turn("user", "?"),), {}, 9)), 0.01)

    asyncio.run(give_up())
    tape.close()
    episode = InspectedEpisode(copy, SEED)
    plan = episode.plan_at(0, 1)
    assert (plan.step, plan.decision, plan.effect, plan.spent) == (1, None, None, Spent(1, 0, 0, 1))
    found = episode.inspect(plan)
    assert found.followed is None and found.as_sent is None
    before = episode.inspect(episode.plan_at(0, 0)).followed
    assert before is not None and before.end > 1


@pytest.mark.parametrize(
    ("agent", "step", "said"),
    [
        (5, 0, "there is no agent 5: choose 0 to 4"),
        (-1, 0, "there is no agent -1"),
        (0, 500, "episode 3 has no step 500: choose 0 to "),
        (0, -1, "episode 3 has no step -1"),
    ],
)
def test_what_is_not_there_is_bad_input(episode: InspectedEpisode, agent: int, step: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        episode.plan_at(agent, step)


def test_an_episode_that_is_not_there_is_bad_input(run: Path) -> None:
    with pytest.raises(InputError, match="has no episode 4; it has 1: 3"):
        InspectedEpisode(run, 4)


def test_the_record_is_the_one_of_the_run(run: Path, episode: InspectedEpisode) -> None:
    assert len(read_record(run / "records" / f"{SEED}.npz").actions) == len(episode.record.actions)
